import type { ReactNode } from "react";
import { bytesToHex } from "viem";
import { relayerView, type ChainBlock, type RelayerView } from "../../sdk/index.ts";
import { shortHash, tokens } from "../ui/format.ts";
import { Facts } from "../ui/parts.tsx";
import { movementsOf } from "./describe.ts";

type Request = NonNullable<RelayerView["request"]>;
type Labels = NonNullable<NonNullable<RelayerView["sealed"]>["header"]>;

const termsOf = ({ kind, reference }: Request): string =>
  reference === "" ? kind : `${kind}, reference “${reference}”`;
const labelsOf = ({ category, jurisdiction, retentionClass }: Labels): string =>
  `${category}, ${jurisdiction}, retention ${retentionClass}`;

const SHOWN_BYTES = 96;
const DAY_S = 86_400;

/** The same block from the relayer's side: decoded here from the very bytes that it served, without any key. */
export function AsRelayer({ block }: { readonly block: ChainBlock }): ReactNode {
  const { header, request, sealed, body } = relayerView(block);
  const movements = request === undefined ? [] : movementsOf(request);
  return (
    <>
      <Facts
        rows={[
          ["Chain", <code key="chain">{shortHash(bytesToHex(header.chainId))}</code>],
          ["Day", new Date(header.day * DAY_S * 1000).toLocaleDateString()],
          ["Terms", request === undefined ? undefined : termsOf(request)],
          [
            "Accounts",
            request?.parties.map(({ account, role }) => `${shortHash(bytesToHex(account))} (${role})`).join(", "),
          ],
          [
            "Moves",
            movements.length === 0
              ? undefined
              : movements
                  .map(({ from, to, amount }) => `${tokens(amount)} from ${shortHash(from)} to ${shortHash(to)}`)
                  .join("; "),
          ],
          ["Labels", sealed?.header === undefined ? undefined : labelsOf(sealed.header)],
          ["Readers", sealed === undefined ? undefined : `${sealed.readers.length} envelopes, addressed to keys`],
        ]}
      />
      {sealed === undefined ? null : (
        <>
          <p className="small">
            Content: {sealed.ciphertext.length.toLocaleString("en-US")} sealed bytes (padded). They begin like this, and
            no key of the relayer opens them:
          </p>
          <code className="raw">{bytesToHex(sealed.ciphertext.subarray(0, SHOWN_BYTES))}…</code>
        </>
      )}
      {body === undefined ? null : (
        <p className="small">A body of {body.length} bytes without a content: it can be read.</p>
      )}
      {block.body === undefined ? <p className="muted">Erased: only the header is left.</p> : null}
    </>
  );
}
