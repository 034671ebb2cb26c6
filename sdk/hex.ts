import { fromHex, type Hex } from "../protocol/bytes.ts";
import { failure } from "./errors.ts";

/** Bytes of hex text from a wallet, a relayer or a caller. */
export function bytesOf(hex: Hex): Uint8Array {
  const bytes = fromHex(hex);
  if (bytes === undefined) throw failure("WRONG_DRAFT", "a value is not hex");
  return bytes;
}

export const random = (size: number): Uint8Array => crypto.getRandomValues(new Uint8Array(size));
