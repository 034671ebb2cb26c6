export type SealReason =
  | "tooLarge"
  | "badLength"
  | "badPublicKey"
  | "badEncapsulation"
  | "unknownSuite"
  | "duplicateReader"
  | "noReader"
  | "notForReader"
  | "ciphertextHash"
  | "keyCommitment"
  | "ciphertext"
  | "padding"
  | "badSignature"
  | "badRecoveryCode";

/** Sealing or opening was refused. `reason` is stable and quotes no input. */
export class SealRefused extends Error {
  readonly reason: SealReason;
  constructor(reason: SealReason) {
    super(`seal refused: ${reason}`);
    this.name = "SealRefused";
    this.reason = reason;
  }
}

/** Throws SealRefused("badLength") unless `bytes` has exactly `length` bytes. */
export function requireLength(bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) throw new SealRefused("badLength");
}
