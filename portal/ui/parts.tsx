import { Fragment, useId, useState, type ReactNode } from "react";
import { shortHash } from "./format.ts";

/** A hash that can be copied whole, and followed where there is somewhere to go. */
export function Hash(props: { readonly value: string; readonly href?: string | undefined; readonly label?: string }) {
  const [copied, setCopied] = useState(false);
  const text = <code title={props.value}>{shortHash(props.value)}</code>;
  return (
    <span>
      {props.href === undefined ? (
        text
      ) : (
        <a href={props.href} target="_blank" rel="noreferrer">
          {text}
        </a>
      )}
      <button
        type="button"
        className="copy"
        aria-label={`Copy ${props.label ?? "hash"} ${shortHash(props.value)}`}
        onClick={() => {
          void navigator.clipboard.writeText(props.value).then(() => {
            setCopied(true);
          });
        }}
      >
        {copied ? "copied" : "copy"}
      </button>
    </span>
  );
}

export function Field(props: {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly children: (ids: { readonly id: string; readonly "aria-describedby"?: string }) => ReactNode;
}): ReactNode {
  const id = useId();
  const hintId = `${id}-hint`;
  return (
    <div className="field">
      <label htmlFor={id}>{props.label}</label>
      {props.children({ id, ...(props.hint === undefined ? {} : { "aria-describedby": hintId }) })}
      {props.hint === undefined ? null : (
        <span className="hint" id={hintId}>
          {props.hint}
        </span>
      )}
    </div>
  );
}

/** Names and what they are; a row without a value is left out. */
export function Facts(props: { readonly rows: readonly (readonly [string, ReactNode])[] }): ReactNode {
  return (
    <dl className="facts">
      {props.rows.map(([name, value]) =>
        value === undefined ? null : (
          <Fragment key={name}>
            <dt>{name}</dt>
            <dd className="number">{value}</dd>
          </Fragment>
        ),
      )}
    </dl>
  );
}

export function Figure(props: { readonly label: string; readonly children: ReactNode }): ReactNode {
  return (
    <div className="figure">
      <b>{props.children}</b>
      <span>{props.label}</span>
    </div>
  );
}

export function Empty(props: { readonly title: string; readonly children?: ReactNode }): ReactNode {
  return (
    <div className="empty">
      <strong>{props.title}</strong>
      {props.children}
    </div>
  );
}

/** A grey stand-in of the height that the real thing will have. */
export function Skeleton(props: { readonly lines?: number }): ReactNode {
  return (
    <div className="stack tight" role="status">
      <span className="hidden">Loading</span>
      {Array.from({ length: props.lines ?? 3 }, (_, line) => (
        <div className="skeleton" key={line} />
      ))}
    </div>
  );
}
