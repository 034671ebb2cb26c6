import type { Ran } from "../local/run.ts";

/** What a test runner's output says: how many tests passed and failed, and what failed. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

const ansi = new RegExp(String.fromCharCode(27) + "\\[[0-9;]*m", "g");
const plain = ({ output }: Pick<Ran, "output">): string => output.replace(ansi, "");

const sum = (text: string, pattern: RegExp): number =>
  [...text.matchAll(pattern)].reduce((total, match) => total + Number(match[1]), 0);

/** `node --test` with the spec reporter. */
export function countNode(ran: Pick<Ran, "output">): Counts {
  const text = plain(ran);
  return { passed: sum(text, /^ℹ pass (\d+)$/gm), failed: sum(text, /^ℹ (?:fail|cancelled) (\d+)$/gm) };
}

/** `hardhat test`: each kind of test counts its own, in from the margin; the sum of both stands at the margin. */
export function countHardhat(ran: Pick<Ran, "output">): Counts {
  const text = plain(ran);
  return { passed: sum(text, /^(\d+) passing/gm), failed: sum(text, /^(\d+) failing/gm) };
}

export const FAILURE_LINES_MAX = 80;

/**
 * The part in which a runner of either kind names its failures; the end of the output where it died before it could.
 * For printing once more after everything else: a long run is read from its end.
 */
export function failuresOf(ran: Pick<Ran, "output">): string {
  const text = plain(ran);
  const at = text.search(/^(?:✖ failing tests:|\d+ failing)/m);
  const lines = (at === -1 ? text.trimEnd() : text.slice(at)).split("\n");
  return (at === -1 ? lines.slice(-FAILURE_LINES_MAX) : lines.slice(0, FAILURE_LINES_MAX)).join("\n").trimEnd();
}
