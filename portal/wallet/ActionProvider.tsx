import { createContext, useCallback, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import type { Hex, PublicClient } from "viem";
import { usePublicClient } from "wagmi";
import { useNetwork } from "../net/NetworkContext.ts";
import { queries } from "../net/relayer.ts";
import { remember, remembered, type Action, type Progress } from "./action.ts";
import { ActionDialog } from "./ActionDialog.tsx";
import { followTransaction } from "./followTransaction.ts";
import { inWords } from "./words.ts";

interface Actions {
  readonly start: (action: Action) => void;
  /** Whether something is under way; one at a time, so that nobody has to guess what a wallet asks for. */
  readonly busy: boolean;
}

const Context = createContext<Actions | undefined>(undefined);

export function useActions(): Actions {
  const actions = useContext(Context);
  if (actions === undefined) throw new Error("used outside of ActionProvider");
  return actions;
}

export function ActionProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const { progress, start, retry, clear } = useProgress();
  const [shown, setShown] = useState(true);
  const busy = progress !== undefined && progress.stage !== "failed" && !isOver(progress);
  const actions = useMemo(
    () => ({
      start: (action: Action) => {
        setShown(true);
        start(action);
      },
      busy,
    }),
    [start, busy],
  );
  return (
    <Context.Provider value={actions}>
      {children}
      {progress === undefined ? null : shown ? (
        <ActionDialog
          progress={progress}
          onRetry={progress.resumed ? undefined : retry}
          onClose={() => {
            if (busy) setShown(false);
            else clear();
          }}
        />
      ) : (
        <div className="banner" role="status">
          <span>“{progress.title}” is under way.</span>
          <button
            type="button"
            className="button small"
            onClick={() => {
              setShown(true);
            }}
          >
            Show
          </button>
        </div>
      )}
    </Context.Provider>
  );
}

const isOver = (progress: Progress): boolean =>
  progress.stage === "final" && (progress.at === progress.steps.length - 1 || progress.resumed);

type Show = (progress: Progress) => void;

/** Goes with a sent transaction until it is final, and remembers it meanwhile; false when it was undone. */
async function followTo(
  base: Progress,
  hash: Hex,
  at: { readonly client: PublicClient; readonly chainId: number; readonly show: Show },
): Promise<boolean> {
  const { title, done, steps } = base;
  remember({ title, done, steps, at: base.at, hash, chainId: at.chainId });
  at.show({ ...base, stage: "sent", hash });
  const end = await followTransaction(at.client, hash, (seen) => {
    at.show({ ...base, hash, ...seen });
    void queries.invalidateQueries();
  });
  remember(undefined);
  return end === "final";
}

async function runFrom(
  action: Action,
  from: number,
  at: { readonly client: PublicClient; readonly chainId: number; readonly show: Show },
): Promise<void> {
  const { title, done } = action;
  const steps = action.steps.map(({ label, kind }) => ({ label, kind }));
  for (const [index, step] of action.steps.entries()) {
    if (index < from) continue;
    const base: Progress = { title, done, steps, at: index, stage: "wallet", resumed: false };
    at.show(base);
    try {
      const hash = await step.run();
      if (hash === undefined) at.show({ ...base, stage: "final" });
      else if (!(await followTo(base, hash, at))) return;
    } catch (error) {
      at.show({ ...base, stage: "failed", trouble: inWords(error) });
      return;
    }
  }
  await queries.invalidateQueries();
}

function useProgress() {
  const { chainId } = useNetwork();
  const client = usePublicClient();
  const [progress, setProgress] = useState<Progress>();
  const running = useRef<Action>(undefined);
  const at = useMemo(
    () => (client === undefined ? undefined : { client, chainId, show: setProgress }),
    [client, chainId],
  );

  useEffect(() => {
    const left = remembered(chainId);
    if (left === undefined || at === undefined) return;
    void followTo({ ...left, stage: "sent", resumed: true }, left.hash, at);
  }, [chainId, at]);

  return {
    progress,
    start: useCallback(
      (action: Action) => {
        running.current = action;
        if (at !== undefined) void runFrom(action, 0, at);
      },
      [at],
    ),
    retry: useCallback(() => {
      if (running.current !== undefined && at !== undefined) void runFrom(running.current, progress?.at ?? 0, at);
    }, [at, progress]),
    clear: useCallback(() => {
      setProgress(undefined);
    }, []),
  };
}
