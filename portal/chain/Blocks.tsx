import { useState, type ReactNode } from "react";
import { Segments } from "../ui/Segments.tsx";
import { Empty, Hash, Skeleton } from "../ui/parts.tsx";
import { AsMe } from "./AsMe.tsx";
import { AsPublic } from "./AsPublic.tsx";
import { AsRelayer } from "./AsRelayer.tsx";
import type { OwnChain } from "./session.ts";
import type { OwnBlock } from "./useBlocks.ts";

type Viewer = "me" | "relayer" | "public";
const VIEWERS = [
  ["me", "As me"],
  ["relayer", "As the relayer"],
  ["public", "As the public"],
] as const satisfies readonly (readonly [Viewer, string])[];

const ABOUT: Readonly<Record<Viewer, string>> = {
  me: "Opened in this browser, every link and every body checked.",
  relayer: "What the relayer can read once it has unsealed its own storage: typed terms and labels, never a content.",
  public: "What anybody can ask the relayer and the chain. Nothing names you or your chain.",
};

/** The chain itself, newest block on top, as three different people see it. */
export function Blocks(props: {
  readonly chain: OwnChain;
  readonly blocks: readonly OwnBlock[] | undefined;
}): ReactNode {
  const { chain, blocks } = props;
  const [viewer, setViewer] = useState<Viewer>("me");
  return (
    <section className="stack" aria-labelledby="blocks">
      <div className="row apart">
        <h2 id="blocks">Blocks</h2>
        <Segments legend="Seen by" value={viewer} options={VIEWERS} onChange={setViewer} />
      </div>
      <p className="hint" aria-live="polite">
        {ABOUT[viewer]}
      </p>
      {blocks === undefined ? (
        <Skeleton lines={6} />
      ) : blocks.length === 0 ? (
        <Empty title="No block yet" />
      ) : (
        <ol className="blocks" reversed aria-label="Blocks, newest first">
          {blocks.toReversed().map((own) => (
            <li key={own.block.hash}>
              <BlockCard chain={chain} own={own} viewer={viewer} />
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

const TONES: Readonly<Record<string, string>> = { completed: "good-tag", failed: "bad-tag", pending: "accent-tag" };

function BlockCard(props: { readonly chain: OwnChain; readonly own: OwnBlock; readonly viewer: Viewer }): ReactNode {
  const { chain, own, viewer } = props;
  const { height, kind, hash } = own.block;
  return (
    <article className={`card block ${kind}`} aria-label={`Block ${height}`}>
      <div className="row apart">
        <span className="row">
          <b className="number">{height}</b>
          <span className={`tag ${TONES[kind] ?? ""}`}>{kind}</span>
        </span>
        {viewer === "public" ? null : (
          <span className="small muted">
            <Hash value={hash} label="block hash" />
          </span>
        )}
      </div>
      {viewer === "me" ? <AsMe chain={chain} own={own} /> : null}
      {viewer === "relayer" ? <AsRelayer block={own.block} /> : null}
      {viewer === "public" ? <AsPublic block={own.block} /> : null}
    </article>
  );
}
