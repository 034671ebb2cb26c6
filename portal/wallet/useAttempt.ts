import { useState } from "react";
import { inWords, type Trouble } from "./words.ts";

export interface Attempt<Result> {
  readonly result: Result | undefined;
  readonly trouble: Trouble | undefined;
  /** Runs it; what the last run has left is gone at once. */
  readonly run: (work: () => Promise<Result>) => void;
}

/** Something that a person asks for and that may fail: its result or, in words, why there is none. */
export function useAttempt<Result = void>(): Attempt<Result> {
  const [end, setEnd] = useState<{ readonly result?: Result; readonly trouble?: Trouble }>({});
  return {
    result: end.result,
    trouble: end.trouble,
    run(work) {
      setEnd({});
      work().then(
        (result) => {
          setEnd({ result });
        },
        (error: unknown) => {
          setEnd({ trouble: inWords(error) });
        },
      );
    },
  };
}
