import type { ReactNode } from "react";
import { textOf } from "./describe.ts";

const SHOWN_CHARS_MAX = 4_000;

/** A content as it was sealed: text where it is text, a file to keep otherwise. */
export function Content({ bytes }: { readonly bytes: Uint8Array }): ReactNode {
  const text = textOf(bytes);
  if (text !== undefined)
    return (
      <div className="content" tabIndex={0} role="region" aria-label="Content">
        {text.slice(0, SHOWN_CHARS_MAX)}
        {text.length > SHOWN_CHARS_MAX ? "…" : ""}
      </div>
    );
  return (
    <button
      type="button"
      className="button small"
      onClick={() => {
        saveFile("content.bin", new Blob([bytes.slice()]));
      }}
    >
      Save {bytes.length.toLocaleString("en-US")} bytes
    </button>
  );
}

/** Hands a file to the browser's downloads. */
export function saveFile(name: string, blob: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
