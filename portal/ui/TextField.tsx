import type { ReactNode } from "react";
import { Field } from "./parts.tsx";

interface TextFieldProps {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly value: string;
  readonly onChange: (text: string) => void;
  readonly long?: boolean;
  /** What is typed are numbers. */
  readonly decimal?: boolean;
  readonly wrong?: boolean;
  readonly placeholder?: string;
  readonly maxLength?: number;
  /** Words of a language; everything else is no business of a spelling checker. */
  readonly prose?: boolean;
}

/** Something that people type. Browsers are not asked to remember it. */
export function TextField(props: TextFieldProps): ReactNode {
  const { label, hint, value, onChange, long, decimal, wrong, placeholder, maxLength, prose } = props;
  const typing = {
    value,
    autoComplete: "off",
    spellCheck: prose === true,
    "aria-invalid": wrong,
    placeholder,
    maxLength,
    onChange: (event: { readonly currentTarget: { readonly value: string } }) => {
      onChange(event.currentTarget.value);
    },
  };
  return (
    <Field label={label} hint={hint}>
      {(ids) =>
        long === true ? (
          <textarea {...ids} {...typing} />
        ) : (
          <input {...ids} {...typing} inputMode={decimal === true ? "decimal" : undefined} />
        )
      }
    </Field>
  );
}
