import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { hasPasskeys, type KeySlotInfo, type KeySlots } from "../../sdk/index.ts";
import { Skeleton } from "../ui/parts.tsx";
import { shortHash } from "../ui/format.ts";
import { signedAction } from "../wallet/action.ts";
import { ActionButton } from "../wallet/ActionButton.tsx";
import { TroubleNotice } from "../wallet/TroubleNotice.tsx";
import { inWords } from "../wallet/words.ts";
import type { OwnChain } from "./session.ts";

/** The ways to the own chain: what opens it, one more, one less, and other keys altogether. */
export function Keys({ chain }: { readonly chain: OwnChain }): ReactNode {
  const { data, error } = useQuery({
    queryKey: ["chain", chain.account, "slots"],
    queryFn: () => chain.client.keySlots(),
    retry: false,
  });
  return (
    <section className="card" aria-labelledby="keys">
      <h2 id="keys">Keys</h2>
      {error === null ? null : <TroubleNotice trouble={inWords(error)} />}
      {data === undefined ? error === null ? <Skeleton /> : null : <Ways chain={chain} ways={data} />}
    </section>
  );
}

const names = {
  wallet: "Another wallet",
  passkey: "Passkey",
  recoveryCode: "Recovery words",
  guardians: "Guardians",
} as const satisfies Record<KeySlotInfo["kind"], string>;

const wayText = ({ kind, guardians }: KeySlotInfo): string =>
  guardians === undefined
    ? names[kind]
    : `${guardians.threshold} of ${guardians.accounts.length} guardians: ${guardians.accounts.map(shortHash).join(", ")}`;

function Ways({ chain, ways }: { readonly chain: OwnChain; readonly ways: KeySlots }): ReactNode {
  const { client } = chain;
  return (
    <>
      <p className="muted">
        Each of these opens your chain. New keys leave everything readable that was sealed before; what is taken away
        opens nothing new.
      </p>
      <ul className="stack tight" aria-label="Ways to your chain">
        {ways.wallet ? <li className="small">Your wallet&apos;s signature</li> : null}
        {ways.slots.map((slot) => (
          <li key={slot.slotId} className="row apart small">
            <span>{wayText(slot)}</span>
            {ways.slots.length === 1 ? null : (
              <ActionButton
                look="small"
                action={() =>
                  signedAction("Take a way in away", "Your keys are new ones, and it does not open them.", () =>
                    client.removeSlot(slot.slotId),
                  )
                }
              >
                Remove
              </ActionButton>
            )}
          </li>
        ))}
      </ul>
      <Changes chain={chain} />
      <p className="muted small">
        Keys number {ways.epoch + 1}. Guardians are named and asked with the client library.
      </p>
    </>
  );
}

function Changes({ chain }: { readonly chain: OwnChain }): ReactNode {
  const { client } = chain;
  return (
    <div className="row">
      {hasPasskeys() ? (
        <ActionButton
          look="small"
          action={() =>
            signedAction("Add a passkey", "It opens your chain on this site, without the wallet's key signature.", () =>
              client.addPasskey(`Midchain ${shortHash(chain.account)}`),
            )
          }
        >
          Add a passkey
        </ActionButton>
      ) : null}
      <ActionButton
        look="small"
        action={() =>
          signedAction("Make new recovery words", "The words of before open nothing new.", async () => {
            const { recoveryWords } = await client.renewRecovery();
            chain.showWords(recoveryWords);
          })
        }
      >
        New recovery words
      </ActionButton>
      <ActionButton
        look="small"
        action={() =>
          signedAction("Make new keys", "Everybody seals to your new key from now on.", () => client.rotate())
        }
      >
        New keys
      </ActionButton>
    </div>
  );
}
