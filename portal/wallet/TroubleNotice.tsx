import type { ReactNode } from "react";
import type { Trouble } from "./words.ts";

/** What went wrong and what to do now, told at once to everybody; nothing while there is no trouble. */
export function TroubleNotice(props: {
  readonly trouble: Trouble | undefined;
  readonly children?: ReactNode;
}): ReactNode {
  const { trouble } = props;
  if (trouble === undefined) return null;
  return (
    <div className="notice bad-notice" role="alert">
      <strong>{trouble.what}</strong>
      <span>{trouble.next}</span>
      {props.children}
    </div>
  );
}
