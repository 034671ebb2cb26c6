import type { ReactNode } from "react";
import { bytesToHex } from "viem";
import type { OpenedBlock, Verified } from "../../sdk/index.ts";
import { useExplorer, useNetwork } from "../net/NetworkContext.ts";
import { dateOf, kindText } from "../ui/format.ts";
import { Hash } from "../ui/parts.tsx";
import { Verdict } from "../ui/Verdict.tsx";
import { TroubleNotice } from "../wallet/TroubleNotice.tsx";
import { useAttempt } from "../wallet/useAttempt.ts";
import { Content, saveFile } from "./Content.tsx";
import { movementsOf, movementText, personOf } from "./describe.ts";
import type { OwnChain } from "./session.ts";
import type { OwnBlock } from "./useBlocks.ts";

/** A block as its owner sees it. */
export function AsMe({ chain, own }: { readonly chain: OwnChain; readonly own: OwnBlock }): ReactNode {
  const { opened, block } = own;
  if (opened === undefined) return <p className="warn">This browser could not open it.</p>;
  switch (opened.kind) {
    case "genesis":
      return <p>Your chain begins here, with the public key that your wallet has signed.</p>;
    case "pending":
      return <Pending chain={chain} opened={opened} />;
    case "completed":
    case "failed":
      return <Outcome chain={chain} own={own} opened={opened} />;
    case "grant":
      return (
        <p>
          You let {personOf(bytesToHex(opened.grant.reader), chain.account)} read {opened.grant.txIds.length} of your
          contents for {opened.grant.purpose}, until {dateOf(opened.grant.notAfter)}.
        </p>
      );
    case "revocation":
      return <p>You ended the access of {personOf(bytesToHex(opened.grant.reader), chain.account)}.</p>;
    case "keys":
      return opened.binding === undefined ? (
        <p>The ways to your chain were changed.</p>
      ) : (
        <p>You have new keys, number {opened.binding.epoch + 1}. Your wallet has signed them.</p>
      );
    case "personal":
    case "tombstone":
      return <p>{opened.bytes.length} bytes of your own.</p>;
    case "erased":
      return (
        <p className="muted">Erased. The {block.kind} block&apos;s header still links the chain; its body is gone.</p>
      );
  }
}

type PendingBlock = Extract<OpenedBlock, { readonly kind: "pending" }>;
type OutcomeBlock = Extract<OpenedBlock, { readonly kind: "completed" | "failed" }>;

function Pending({ chain, opened }: { readonly chain: OwnChain; readonly opened: PendingBlock }): ReactNode {
  const { request, role, content } = opened;
  const movements = movementsOf(request);
  return (
    <>
      <dl className="facts">
        <dt>What</dt>
        <dd>
          {kindText(request)}
          {request.reference === "" ? "" : `, “${request.reference}”`}; you are {role}
        </dd>
        <dt>Who</dt>
        <dd>
          {request.parties
            .map((party) => `${personOf(bytesToHex(party.account), chain.account)} (${party.role})`)
            .join(", ")}
        </dd>
        {movements.length === 0 ? null : (
          <>
            <dt>Moves</dt>
            <dd className="number">{movements.map((movement) => movementText(movement, chain.account)).join("; ")}</dd>
          </>
        )}
      </dl>
      {content === undefined ? null : <Content bytes={content} />}
    </>
  );
}

function Outcome(props: {
  readonly chain: OwnChain;
  readonly own: OwnBlock;
  readonly opened: OutcomeBlock;
}): ReactNode {
  const { chain, own, opened } = props;
  const explorer = useExplorer();
  const txHash = bytesToHex(opened.outcome.txHash);
  const { seq, count } = opened.outcome.batch;
  return (
    <>
      <p>
        {opened.kind === "completed" ? "Completed" : "Failed; nothing was moved"}. Notarized in batch {seq.toString()}
        {count === 1 ? "" : ` with ${count - 1} others`}, chain transaction{" "}
        <Hash value={txHash} label="chain transaction" href={explorer("tx", txHash)} />.
      </p>
      <Proof chain={chain} own={own} />
    </>
  );
}

function Proof({ chain, own }: { readonly chain: OwnChain; readonly own: OwnBlock }): ReactNode {
  const { rpcUrl } = useNetwork();
  const { result, trouble, run } = useAttempt<Verified & { readonly text: string }>();
  const check = async () => {
    const text = await chain.client.proof(own.block.txId);
    return { ...(await chain.client.verify(text, rpcUrl === undefined ? {} : { rpcUrl })), text };
  };
  return (
    <>
      <div className="row">
        <button
          type="button"
          className="button small"
          onClick={() => {
            run(check);
          }}
        >
          Check its proof
        </button>
        {result === undefined ? null : (
          <button
            type="button"
            className="button small"
            onClick={() => {
              saveFile(`proof-${own.block.txId.slice(2, 10)}.json`, new Blob([result.text]));
            }}
          >
            Save the proof file
          </button>
        )}
      </div>
      <div role="status">
        {result === undefined ? null : (
          <Verdict
            ok={result.ok}
            title={result.ok ? "The proof holds" : "The proof is broken"}
            findings={result.findings}
          />
        )}
      </div>
      <TroubleNotice trouble={trouble} />
    </>
  );
}
