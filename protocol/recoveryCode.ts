import { entropyToMnemonic, mnemonicToEntropy } from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { SLOT_SECRET_BYTES } from "./slots.ts";
import { SealRefused } from "./sealRefused.ts";

/** 24 BIP-39 words written down by the user; they carry 256 random bits and a checksum. */

/** A fresh code: the words to show once, and the secret they stand for. */
export function newRecoveryCode(): { words: string; secret: Uint8Array } {
  const secret = crypto.getRandomValues(new Uint8Array(SLOT_SECRET_BYTES));
  return { words: entropyToMnemonic(secret, wordlist), secret };
}

/** The secret of 24 words, however they were spaced and capitalised. Throws SealRefused("badRecoveryCode"). */
export function recoverySecret(words: string): Uint8Array {
  const normalized = words.normalize("NFKD").trim().toLowerCase().split(/\s+/u).join(" ");
  let secret: Uint8Array;
  try {
    secret = mnemonicToEntropy(normalized, wordlist);
  } catch {
    throw new SealRefused("badRecoveryCode");
  }
  // Twelve words are a valid BIP-39 phrase too, with half the entropy a slot asks for.
  if (secret.length !== SLOT_SECRET_BYTES) throw new SealRefused("badRecoveryCode");
  return secret;
}
