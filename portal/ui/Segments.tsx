import { useId, type ReactNode } from "react";

/** One of a few ways to look at the same thing. */
export function Segments<Value extends string>(props: {
  readonly legend: string;
  readonly value: Value;
  readonly options: readonly (readonly [Value, string])[];
  readonly onChange: (value: Value) => void;
}): ReactNode {
  const name = useId();
  return (
    <fieldset>
      <legend className="hidden">{props.legend}</legend>
      <div className="segments">
        {props.options.map(([value, label]) => (
          <label key={value}>
            <input
              type="radio"
              name={name}
              checked={value === props.value}
              onChange={() => {
                props.onChange(value);
              }}
            />
            {label}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
