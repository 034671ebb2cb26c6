import { equalBytes } from "../protocol/bytes.ts";
import type { SlotDraft } from "../protocol/keychain.ts";
import { passkeyPrfInput } from "../protocol/slots.ts";
import { vaultIdOf } from "../protocol/vault.ts";
import { failure } from "./errors.ts";
import { random } from "./hex.ts";
import { rootOfSlots, type Vault, type WayIn } from "./vault.ts";

/** A passkey's answer: which one it is, and the 32 bytes that its PRF extension gives for an input. */
export interface PasskeySecret {
  readonly credentialId: Uint8Array;
  readonly secret: Uint8Array;
}

/** Whatever holds passkeys: a browser (`browserPasskeys`), or something else with WebAuthn's PRF extension. */
export interface Passkeys {
  /** Makes a passkey for a person and asks it. */
  readonly create: (input: { readonly prfInput: Uint8Array; readonly name: string }) => Promise<PasskeySecret>;
  /** Asks one of these passkeys. */
  readonly read: (input: {
    readonly prfInput: Uint8Array;
    readonly credentialIds: readonly Uint8Array[];
  }) => Promise<PasskeySecret>;
}

/** A slot that a new passkey opens. */
export async function passkeySlot(passkeys: Passkeys, { chainId }: Vault, name: string): Promise<SlotDraft> {
  const { credentialId, secret } = await passkeys.create({ prfInput: passkeyPrfInput(vaultIdOf(chainId)), name });
  return { kind: "passkey", secret, hint: credentialId };
}

/** The vault by one of its passkeys. */
export const byPasskey =
  (passkeys: Passkeys): WayIn =>
  async (started) => {
    const credentialIds = started.slots.slots.filter(({ kind }) => kind === "passkey").map(({ hint }) => hint);
    if (credentialIds.length === 0) throw failure("NO_SUCH_SLOT");
    const prfInput = passkeyPrfInput(vaultIdOf(started.chainId));
    const { credentialId, secret } = await passkeys.read({ prfInput, credentialIds });
    const root = await rootOfSlots(started, "passkey", ({ hint }) =>
      equalBytes(hint, credentialId) ? secret : undefined,
    );
    if (root === undefined) throw failure("WRONG_PASSKEY");
    return root;
  };

/** Passkeys belong to a domain; a bare IP address has none. */
const IP_ADDRESS = /^(?:\d+\.){3}\d+$|:/;

/** Whether this page can ask for passkeys at all; whether one has the PRF extension is known once it is asked. */
export const hasPasskeys = (): boolean =>
  typeof globalThis.PublicKeyCredential === "function" && !IP_ADDRESS.test(location.hostname);

const ES256 = -7;
const EDDSA = -8;
const RS256 = -257;
const ASK_MS_MAX = 120_000;

/**
 * Passkeys of this browser, bound to its site (`rpId`: the host). The person is always verified: a passkey's PRF gives
 * other bytes without.
 */
export function browserPasskeys(site: { readonly rpName: string } = { rpName: "Midchain" }): Passkeys {
  const read: Passkeys["read"] = async ({ prfInput, credentialIds }) => {
    const question = navigator.credentials.get({
      publicKey: {
        challenge: owned(random(32)),
        allowCredentials: credentialIds.map((id) => ({ type: "public-key", id: owned(id) })),
        userVerification: "required",
        timeout: ASK_MS_MAX,
        extensions: { prf: { eval: { first: owned(prfInput) } } },
      },
    });
    return secretOf(await asked(question)) ?? raiseNoPrf();
  };
  return {
    read,
    async create({ prfInput, name }) {
      const question = navigator.credentials.create({
        publicKey: {
          challenge: owned(random(32)),
          rp: { name: site.rpName },
          user: { id: owned(random(16)), name, displayName: name },
          pubKeyCredParams: [ES256, EDDSA, RS256].map((alg) => ({ type: "public-key" as const, alg })),
          authenticatorSelection: { residentKey: "preferred", userVerification: "required" },
          timeout: ASK_MS_MAX,
          extensions: { prf: { eval: { first: owned(prfInput) } } },
        },
      });
      // Many authenticators evaluate only when they are asked the second time.
      const credential = await asked(question);
      const { rawId } = credential as PublicKeyCredential;
      return secretOf(credential) ?? read({ prfInput, credentialIds: [new Uint8Array(rawId)] });
    },
  };
}

/** WebCrypto and WebAuthn take views of buffers of their own only. */
const owned = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);

function raiseNoPrf(): never {
  throw failure("NO_PRF");
}

/** Whatever the browser says is that no passkey has answered: the person declined, or has none here. */
async function asked(credential: Promise<Credential | null>): Promise<Credential | null> {
  try {
    return await credential;
  } catch (error) {
    throw failure("NO_PASSKEY", error instanceof Error ? error.message : String(error));
  }
}

function secretOf(credential: Credential | null): PasskeySecret | undefined {
  if (!(credential instanceof PublicKeyCredential)) throw failure("NO_PRF");
  const first = credential.getClientExtensionResults().prf?.results?.first;
  if (first === undefined) return undefined;
  const secret =
    first instanceof ArrayBuffer
      ? new Uint8Array(first)
      : new Uint8Array(first.buffer, first.byteOffset, first.byteLength);
  return { credentialId: new Uint8Array(credential.rawId), secret };
}
