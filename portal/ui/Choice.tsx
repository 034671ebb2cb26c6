import type { ReactNode } from "react";
import { Field } from "./parts.tsx";

/** One of a list. */
export function Choice<Value extends string>(props: {
  readonly label: string;
  readonly value: Value;
  readonly options: readonly (readonly [Value, string])[];
  readonly onChange: (value: Value) => void;
}): ReactNode {
  return (
    <Field label={props.label}>
      {(ids) => (
        <select
          {...ids}
          value={props.value}
          onChange={(event) => {
            props.onChange(event.currentTarget.value as Value);
          }}
        >
          {props.options.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
