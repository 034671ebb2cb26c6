import { equalBytes, toHex } from "../../protocol/bytes.ts";
import type { Domain } from "../../protocol/typedData.ts";
import { dealDigest, domainSeparator, requestDigest, type Keccak } from "../../protocol/typedData.ts";
import type { NetworkRules } from "../guard/breach.ts";
import { breachOfPurchase } from "../guard/purchase.ts";
import { breachOfReference } from "../guard/reference.ts";
import { breachOf } from "../guard/rules.ts";
import type { Signatures } from "../guard/signatures.ts";
import { keys } from "../midc/keys.ts";
import { decodeHead } from "../midc/rows.ts";
import type { Clock, Keyring, OfferOf, StateView } from "../ports.ts";
import type { Vault } from "../privacy/vault.ts";
import type { Parsed } from "./request.ts";
import { refuse, type Refusal } from "./verdict.ts";

export interface Network {
  readonly chain: number;
  readonly ledger: Uint8Array;
  readonly engine: Uint8Array;
  /** Allow-listed tokens, lower-case hex. */
  readonly tokens: ReadonlySet<string>;
}

export interface GuardPorts {
  readonly view: StateView;
  readonly vault: Pick<Vault, "row">;
  readonly keyring: Pick<Keyring, "ownerTag">;
  readonly clock: Pick<Clock, "now">;
  readonly signatures: Pick<Signatures, "recover">;
  /** Asks the chain whether a contract account accepts a signature (ERC-1271); false for an account without code. */
  readonly acceptedByContract: (account: Uint8Array, digest: Uint8Array, signature: Uint8Array) => Promise<boolean>;
  /** What the market asks for a service; absent where purchases are not taken. */
  readonly offerOf?: OfferOf | undefined;
  readonly keccak: Keccak;
}

/**
 * `known`: the same request was admitted before; it is answered as it was then. `weight` is what its deal may cost on
 * chain at the worst, in legs: a payer that is a contract may burn its whole allowance for checking a signature.
 */
export type Admission = Refusal | { readonly kind: "known" } | { readonly kind: "admitted"; readonly weight: number };

/** The engine's gas for one contract wallet's check (100,000), in legs of about 70,000. */
const CONTRACT_PAYER_WEIGHT = 2;

export type Guard = (parsed: Parsed) => Promise<Admission>;

/** Stage two: Request -> admitted / refused. Reads only; what it lets through, apply never has to judge again. */
export function createGuard(network: Network, ports: GuardPorts): Guard {
  const separator = (name: Domain["name"], contract: Uint8Array): Uint8Array =>
    domainSeparator({ name, chain: network.chain, contract });
  const separators = {
    request: separator("Midchain Request", network.ledger),
    deal: separator("SettlementEngine", network.engine),
  };
  return async (parsed) => {
    if (ports.view.get(keys.tx(parsed.id)) !== undefined) return { kind: "known" };
    const rules: NetworkRules = { ...network, nowS: Math.floor(ports.clock.now() / 1000) };
    const broken = breachOf(parsed.submission, rules) ?? breachOfReference(parsed.submission.body.reference);
    if (broken !== undefined) return refuse(broken.rule, broken.reason, broken.fix);
    const foreign = refusalOfChains(parsed, ports);
    if (foreign !== undefined) return foreign;
    const signed = await checkSignatures(parsed, separators, ports);
    if ("kind" in signed) return signed;
    // Last, because it may ask the chain: only people whose signatures hold can make it do so.
    const unfair = await breachOfPurchase(parsed.submission.body, ports.offerOf);
    const weight = (parsed.submission.body.deal?.legs.length ?? 0) + CONTRACT_PAYER_WEIGHT * signed.contractPayers;
    return unfair === undefined ? { kind: "admitted", weight } : refuse(unfair.rule, unfair.reason, unfair.fix);
  };
}

/** Every party owns the chain it names, and can open what lands on it. */
function refusalOfChains({ submission }: Parsed, ports: GuardPorts): Refusal | undefined {
  const { body, parts } = submission;
  for (const party of body.parties) {
    const head = ports.view.get(keys.head(party.chainId));
    const vault = ports.vault.row(party.chainId);
    if (
      head === undefined ||
      vault === undefined ||
      !equalBytes(decodeHead(head).ownerTag, ports.keyring.ownerTag(party.account))
    ) {
      return refuse(
        "AP-031",
        "a party does not own the chain it names",
        "enrol the party, and read its chain id again",
      );
    }
    const part = party.content === undefined ? undefined : parts[party.content];
    if (part !== undefined && !part.envelopes.some((envelope) => equalBytes(envelope.readerKeyId, vault.readerKeyId))) {
      return refuse(
        "AP-032",
        "a party could not open the content on its own chain",
        "seal it for every party's current key",
      );
    }
  }
  return undefined;
}

async function checkSignatures(
  { id, submission }: Parsed,
  separators: { readonly request: Uint8Array; readonly deal: Uint8Array },
  ports: GuardPorts,
): Promise<Refusal | { readonly contractPayers: number }> {
  const { body } = submission;
  const digest = requestDigest({ id, body }, separators.request, ports.keccak);
  const claims = body.parties.map((party, i) => ({
    account: party.account,
    digest,
    signature: submission.signatures[i],
  }));
  if (body.deal !== undefined) {
    const dealId = dealDigest({ id, terms: body.deal }, separators.deal, ports.keccak);
    for (const [i, account] of payersOf(body.deal.legs).entries()) {
      claims.push({ account, digest: dealId, signature: submission.dealSignatures[i] });
    }
  }
  const signers = await Promise.all(claims.map((claim) => signerOf(claim, ports)));
  if (signers.includes("nobody")) {
    return refuse(
      "AP-030",
      "a signature is not its party's",
      "let every party sign exactly these bytes with its own wallet",
    );
  }
  return { contractPayers: signers.slice(body.parties.length).filter((signer) => signer === "contract").length };
}

/** Distinct payers, in order of first appearance: the order of the deal's signatures. */
export function payersOf(legs: readonly { readonly from: Uint8Array }[]): readonly Uint8Array[] {
  return [...new Map(legs.map((leg) => [toHex(leg.from), leg.from])).values()];
}

interface Claim {
  readonly account: Uint8Array;
  readonly digest: Uint8Array;
  readonly signature: Uint8Array | undefined;
}

/** A key's own signature first; only then the costly question to the account's contract. */
async function signerOf(
  { account, digest, signature }: Claim,
  ports: GuardPorts,
): Promise<"key" | "contract" | "nobody"> {
  if (signature === undefined) return "nobody";
  const signer = await ports.signatures.recover(digest, signature);
  if (signer !== undefined && equalBytes(signer, account)) return "key";
  return (await ports.acceptedByContract(account, digest, signature)) ? "contract" : "nobody";
}
