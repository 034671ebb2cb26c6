import type { ReactNode } from "react";

const MARKS = { holds: "✓", broken: "✗", open: "?" } as const;
const TONES = { holds: "good", broken: "bad", open: "warn" } as const;

/** The end of a check: whether all of it holds, and what was found, one line each. */
export function Verdict(props: {
  readonly ok: boolean;
  readonly title: string;
  readonly findings: readonly { readonly what: string; readonly verdict: keyof typeof MARKS }[];
}): ReactNode {
  return (
    <div className={props.ok ? "notice good-notice" : "notice bad-notice"}>
      <strong>{props.title}</strong>
      <ul className="checklist">
        {props.findings.map(({ what, verdict }) => (
          <li key={what}>
            <span className={TONES[verdict]} role="img" aria-label={verdict}>
              {MARKS[verdict]}
            </span>
            <span>{what}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
