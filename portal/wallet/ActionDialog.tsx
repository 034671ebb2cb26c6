import type { ReactNode } from "react";
import { useExplorer } from "../net/NetworkContext.ts";
import { Dialog } from "../ui/Dialog.tsx";
import { Hash } from "../ui/parts.tsx";
import type { Progress } from "./action.ts";
import { TroubleNotice } from "./TroubleNotice.tsx";

/** The one window for everything that a wallet is asked for: what it wants now, and what the chain has said so far. */
export function ActionDialog(props: {
  readonly progress: Progress;
  readonly onClose: () => void;
  readonly onRetry: (() => void) | undefined;
}): ReactNode {
  const { progress, onClose, onRetry } = props;
  const last = progress.at === progress.steps.length - 1;
  const over = progress.stage === "final" && last;
  return (
    <Dialog title={progress.title} onClose={onClose}>
      <p role="status" aria-live="polite">
        {sentence(progress)}
      </p>
      <ol className="stages">{progress.steps.flatMap((step, index) => lines(progress, step.kind, index))}</ol>
      <TroubleNotice trouble={progress.trouble}>
        {onRetry === undefined ? null : (
          <div>
            <button type="button" className="button main" onClick={onRetry}>
              Try again
            </button>
          </div>
        )}
      </TroubleNotice>
      {over ? <div className="notice good-notice">{progress.done}</div> : null}
      {progress.stage === "final" && !last && progress.resumed ? (
        <div className="notice warn-notice">
          This step is done. The page was loaded again in between, so start the rest once more; what is done counts.
        </div>
      ) : null}
    </Dialog>
  );
}

function sentence(progress: Progress): string {
  const step = progress.steps[progress.at];
  switch (progress.stage) {
    case "wallet":
      return `${step?.label ?? ""}: confirm in your wallet.`;
    case "sent":
      return "Sent. Waiting for a block; you may close this window or the page, it goes on.";
    case "mined":
      return "In a block. Waiting until it can no longer be taken back.";
    case "final":
      return progress.at === progress.steps.length - 1
        ? "Done and final."
        : "This step is final; the next one follows.";
    case "failed":
      return "It did not work.";
  }
}

const ORDER = ["wallet", "sent", "mined", "final"] as const;

/** Sub-stages of one step: passed, running, or still to come. */
function lines(progress: Progress, kind: "sign" | "send", index: number): ReactNode[] {
  const label = progress.steps[index]?.label ?? "";
  const names = kind === "sign" ? [label] : [label, "Sent to the chain", "In a block", "Final"];
  return names.map((name, place) => (
    <li key={`${index}-${name}`} className={classOf(progress, index, place)}>
      <span>
        {name}
        {index === progress.at ? <Detail progress={progress} place={place} /> : null}
      </span>
    </li>
  ));
}

function classOf(progress: Progress, index: number, place: number): string {
  if (index < progress.at) return "done";
  if (index > progress.at) return "";
  const failed = progress.stage === "failed";
  const reached = failed ? (progress.hash === undefined ? 0 : 2) : ORDER.indexOf(progress.stage);
  if (progress.stage === "final") return "done";
  if (place < reached) return "done";
  // What was sent has passed the second line and waits on the third.
  const waiting = progress.stage === "wallet" ? 0 : progress.stage === "sent" ? 2 : 3;
  if (failed) return place === reached ? "broken" : "";
  return place === waiting ? "now" : place < waiting ? "done" : "";
}

function Detail({ progress, place }: { readonly progress: Progress; readonly place: number }): ReactNode {
  const explorer = useExplorer();
  const { hash, blockNumber } = progress;
  if (place === 1 && hash !== undefined)
    return (
      <>
        {" "}
        <Hash value={hash} label="transaction" href={explorer("tx", hash)} />
      </>
    );
  return place === 2 && blockNumber !== undefined ? (
    <span className="muted number"> {blockNumber.toString()}</span>
  ) : null;
}
