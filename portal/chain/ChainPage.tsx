import type { ReactNode } from "react";
import { Empty } from "../ui/parts.tsx";
import { ConnectButton } from "../wallet/WalletMenu.tsx";
import { Blocks } from "./Blocks.tsx";
import { Erase } from "./Erase.tsx";
import { Gate } from "./Gate.tsx";
import { Keys } from "./Keys.tsx";
import { SendForm } from "./SendForm.tsx";
import { useOwnChain, type OwnChain } from "./session.ts";
import { Sharing } from "./Sharing.tsx";
import { useBlocks } from "./useBlocks.ts";
import { Waiting } from "./Waiting.tsx";

/** A person's own chain, opened in the browser with keys that only the wallet can make again. */
export function ChainPage(): ReactNode {
  const chain = useOwnChain();
  return (
    <>
      <div className="stack tight">
        <h1>My chain</h1>
        <p className="lead">
          Everything that you have agreed to, as a chain of blocks that only you can read. The relayer keeps it sealed;
          your browser opens it.
        </p>
      </div>
      {chain === undefined ? (
        <Empty title="Connect a wallet to see your chain">
          <p>Your keys are made from its signature, so nothing has to be stored.</p>
          <ConnectButton />
        </Empty>
      ) : chain.state === "open" ? (
        <Opened key={chain.account} chain={chain} />
      ) : (
        <Gate key={chain.account} chain={chain} />
      )}
    </>
  );
}

function Opened({ chain }: { readonly chain: OwnChain }): ReactNode {
  const blocks = useBlocks(chain);
  return (
    <>
      <Waiting chain={chain} />
      <div className="grid">
        <SendForm chain={chain} />
        <Sharing chain={chain} blocks={blocks} />
      </div>
      <Keys chain={chain} />
      <Blocks chain={chain} blocks={blocks} />
      <Erase chain={chain} />
    </>
  );
}
