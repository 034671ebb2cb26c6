import { useState, type ReactNode } from "react";
import { useConnect, useConnection, useConnectors, useDisconnect, useSwitchChain, type Connector } from "wagmi";
import { useExplorer, useNetwork } from "../net/NetworkContext.ts";
import { Dialog } from "../ui/Dialog.tsx";
import { shortHash } from "../ui/format.ts";
import { Hash } from "../ui/parts.tsx";
import { choosePerson, DEMO_RDNS, demoNameOf, demoNames } from "./demoWallet.ts";
import { TroubleNotice } from "./TroubleNotice.tsx";
import { inWords } from "./words.ts";

/** Who is connected, in the header of every page; the way to connect when nobody is. */
export function WalletMenu(): ReactNode {
  const { address, isConnected, connector } = useConnection();
  const [open, setOpen] = useState(false);
  const close = (): void => {
    setOpen(false);
  };
  const demo = connector?.id === DEMO_RDNS ? demoNameOf(address) : undefined;
  return (
    <>
      <button
        type="button"
        className={isConnected ? "button small" : "button small main"}
        onClick={() => {
          setOpen(true);
        }}
      >
        {address === undefined ? "Connect wallet" : demo === undefined ? shortHash(address) : `${demo} · demo wallet`}
      </button>
      {!open ? null : isConnected ? <Connected onClose={close} /> : <ConnectDialog onClose={close} />}
    </>
  );
}

/** A call to connect, for pages that are empty without a wallet. */
export function ConnectButton(): ReactNode {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button
        type="button"
        className="button main"
        onClick={() => {
          setOpen(true);
        }}
      >
        Choose a wallet
      </button>
      {open ? (
        <ConnectDialog
          onClose={() => {
            setOpen(false);
          }}
        />
      ) : null}
    </>
  );
}

function ConnectDialog({ onClose }: { readonly onClose: () => void }): ReactNode {
  const found = useConnectors();
  const { mutate: connect, error, isPending } = useConnect({ mutation: { onSuccess: onClose } });
  return (
    <Dialog title="Connect a wallet" onClose={onClose}>
      {found.length === 0 ? (
        <p>No wallet was found. Install one as an extension of your browser, then load this page again.</p>
      ) : null}
      <ul className="stack tight">
        {found.map((connector) => (
          <li key={connector.uid}>
            <WalletChoice
              connector={connector}
              busy={isPending}
              onChoose={() => {
                connect({ connector });
              }}
            />
          </li>
        ))}
      </ul>
      <p className="hint">
        Wallets announce themselves to the page (EIP-6963). Connecting shows your address, nothing else.
      </p>
      <TroubleNotice trouble={error === null ? undefined : inWords(error)} />
    </Dialog>
  );
}

function WalletChoice(props: { readonly connector: Connector; readonly busy: boolean; readonly onChoose: () => void }) {
  const { connector } = props;
  const demo = connector.id === DEMO_RDNS;
  return (
    <button type="button" className="button" disabled={props.busy} onClick={props.onChoose}>
      {connector.icon === undefined ? null : <img src={connector.icon} alt="" width={24} height={24} />}
      {connector.name}
      {demo ? <span className="tag warn-tag">local chain only, public keys</span> : null}
    </button>
  );
}

function Connected({ onClose }: { readonly onClose: () => void }): ReactNode {
  const { address, connector } = useConnection();
  const { mutate: disconnect } = useDisconnect();
  const explorer = useExplorer();
  if (address === undefined) return null;
  return (
    <Dialog title="Your wallet" onClose={onClose}>
      <dl className="facts">
        <dt>Wallet</dt>
        <dd>{connector?.name}</dd>
        <dt>Account</dt>
        <dd>
          <Hash value={address} label="account" href={explorer("address", address)} />
        </dd>
      </dl>
      {connector?.id === DEMO_RDNS ? <DemoPeople /> : null}
      <button
        type="button"
        className="button"
        onClick={() => {
          disconnect({});
          onClose();
        }}
      >
        Disconnect
      </button>
    </Dialog>
  );
}

function DemoPeople(): ReactNode {
  const { address } = useConnection();
  return (
    <div className="notice warn-notice">
      <strong>Demo wallet: for this local chain only</strong>
      <p className="small">
        Its keys are public and it signs without asking. Be any of these people, for instance to co-sign what another
        has sent.
      </p>
      <div className="row">
        {demoNames.map((name) => (
          <button
            type="button"
            key={name}
            className="button small"
            aria-pressed={demoNameOf(address) === name}
            onClick={() => {
              choosePerson(name);
            }}
          >
            {demoNameOf(address) === name ? `✓ ${name}` : `Be ${name}`}
          </button>
        ))}
      </div>
    </div>
  );
}

/** Shown on every page while the wallet is on another chain than the relayer. */
export function WrongNetwork(): ReactNode {
  const { chainId, isConnected } = useConnection();
  const network = useNetwork();
  const { mutate: switchChain, isPending, error } = useSwitchChain();
  if (!isConnected || chainId === network.chainId) return null;
  return (
    <div className="banner" role="alert">
      <span>
        Your wallet is on chain {chainId}; this relayer works on chain {network.chainId}.
        {error === null ? "" : ` ${inWords(error).what}`}
      </span>
      <button
        type="button"
        className="button small"
        disabled={isPending}
        onClick={() => {
          switchChain({ chainId: network.chainId });
        }}
      >
        Switch network
      </button>
    </div>
  );
}
