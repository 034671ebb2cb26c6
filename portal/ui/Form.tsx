import type { ReactNode } from "react";

/** A form that the page handles itself; nothing is sent to where the page came from. */
export function Form(props: {
  readonly label: string;
  readonly look?: string;
  readonly onSubmit: () => void;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <form
      className={props.look ?? "stack tight"}
      aria-label={props.label}
      onSubmit={(event) => {
        event.preventDefault();
        props.onSubmit();
      }}
    >
      {props.children}
    </form>
  );
}
