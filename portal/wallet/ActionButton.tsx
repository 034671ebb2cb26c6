import type { ReactNode } from "react";
import { useConfig, type Config } from "wagmi";
import type { Action } from "./action.ts";
import { useActions } from "./ActionProvider.tsx";

/** Starts an action when it is pressed; resting while another one is under way. */
export function ActionButton(props: {
  readonly action: (config: Config) => Action;
  readonly look?: string;
  readonly disabled?: boolean;
  readonly children: ReactNode;
}): ReactNode {
  const config = useConfig();
  const { start, busy } = useActions();
  return (
    <button
      type="button"
      className={`button ${props.look ?? ""}`}
      disabled={busy || props.disabled === true}
      onClick={() => {
        start(props.action(config));
      }}
    >
      {props.children}
    </button>
  );
}
