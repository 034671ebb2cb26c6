import { decodeErrorResult, encodeAbiParameters, encodeFunctionData, hexToBytes, parseAbi, type Hex } from "viem";
import { notaryLedgerAbi } from "../../../protocol/abi/NotaryLedger.ts";
import { settlementEngineAbi } from "../../../protocol/abi/SettlementEngine.ts";
import { toHex } from "../../../protocol/bytes.ts";
import { dealTerms } from "../../../protocol/request.ts";
import type { SignedDeal, SubmitCall } from "../../ports.ts";

const SIGNED = [
  {
    type: "tuple[]",
    components: [
      {
        name: "deal",
        type: "tuple",
        components: [
          { name: "terms", type: "bytes32" },
          { name: "validAfter", type: "uint48" },
          { name: "validUntil", type: "uint48" },
          { name: "nonce", type: "uint256" },
          {
            name: "legs",
            type: "tuple[]",
            components: [
              { name: "token", type: "address" },
              { name: "from", type: "address" },
              { name: "to", type: "address" },
              { name: "amount", type: "uint256" },
            ],
          },
        ],
      },
      { name: "sigs", type: "bytes[]" },
    ],
  },
] as const;

/** ABI bytes of the engine's `Signed[]`. */
export function encodeItems(deals: readonly SignedDeal[]): Uint8Array {
  const items = deals.map(({ terms, signatures, requestId }) => ({
    deal: {
      terms: toHex(dealTerms(requestId, terms.termsSalt)),
      validAfter: terms.validAfter,
      validUntil: terms.validUntil,
      nonce: terms.nonce,
      legs: terms.legs.map((leg) => ({
        token: toHex(leg.token),
        from: toHex(leg.from),
        to: toHex(leg.to),
        amount: leg.amount,
      })),
    },
    sigs: signatures.map(toHex),
  }));
  return hexToBytes(encodeAbiParameters(SIGNED, [items]));
}

export function encodeSubmit({ batch, items, signatures }: SubmitCall): Hex {
  return encodeFunctionData({
    abi: notaryLedgerAbi,
    functionName: "submit",
    args: [
      {
        partition: toHex(batch.partition),
        seq: batch.seq,
        prev: toHex(batch.prev),
        root: toHex(batch.root),
        count: batch.count,
        itemsHash: toHex(batch.itemsHash),
      },
      toHex(items),
      toHex(signatures),
    ],
  });
}

const GAS_LIMIT_MAX = 2n ** 24n;
const GAS_BASE = 400_000n;
const GAS_PER_BYTE = 40n;
const GAS_PER_DEAL = 90_000n;
/** Room the engine wants to see ahead of each deal: eight legs at their cap. */
const GAS_AHEAD = 2_000_000n;

/** A limit with room, without asking the chain: batches are sent before the ones they follow are mined. */
export function gasLimit({ items, signatures, deals }: SubmitCall): bigint {
  const bytes = BigInt(items.length + signatures.length + 512);
  const wanted = GAS_BASE + bytes * GAS_PER_BYTE + (deals === 0 ? 0n : BigInt(deals) * GAS_PER_DEAL + GAS_AHEAD);
  return wanted < GAS_LIMIT_MAX ? wanted : GAS_LIMIT_MAX;
}

/** Errors a token may give back, by the standards (ERC-6093, OpenZeppelin) and Solidity's own. */
const TOKEN_ERRORS = parseAbi([
  "error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed)",
  "error ERC20InvalidSender(address sender)",
  "error ERC20InvalidReceiver(address receiver)",
  "error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed)",
  "error ERC20InvalidApprover(address approver)",
  "error ERC20InvalidSpender(address spender)",
  "error SafeERC20FailedOperation(address token)",
  "error EnforcedPause()",
]);

/** Name of the error in revert data; "" when there is none, or none that is known. */
export function reasonName(reason: Hex): string {
  if (reason === "0x") return "";
  for (const abi of [TOKEN_ERRORS, settlementEngineAbi]) {
    try {
      return decodeErrorResult({ abi, data: reason }).errorName;
    } catch {
      // Not one of these.
    }
  }
  return "UnknownError";
}
