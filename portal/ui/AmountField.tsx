import type { ReactNode } from "react";
import { Field } from "./parts.tsx";

/** An amount of tokens as people type it. */
export function AmountField(props: {
  readonly label: string;
  readonly hint: string;
  readonly wrong: boolean;
  readonly value: string;
  readonly onChange: (text: string) => void;
}): ReactNode {
  return (
    <Field label={props.label} hint={props.hint}>
      {(ids) => (
        <input
          {...ids}
          inputMode="decimal"
          autoComplete="off"
          aria-invalid={props.wrong}
          value={props.value}
          onChange={(event) => {
            props.onChange(event.currentTarget.value);
          }}
        />
      )}
    </Field>
  );
}
