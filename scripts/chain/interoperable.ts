import { concatHex, numberToHex, size, toHex, type Address, type Hex } from "viem";

const VERSION_1_EIP155 = "0x00010000";
const ADDRESS_BYTES = "0x14";

/** The canonical binary form of an account on an EVM chain (ERC-7930). */
export function interoperableAddress(chainId: number, address: Address): Hex {
  const reference = toHex(chainId);
  const padded = reference.length % 2 === 0 ? reference : (`0x0${reference.slice(2)}` as const);
  return concatHex([
    VERSION_1_EIP155,
    numberToHex(size(padded), { size: 1 }),
    padded,
    ADDRESS_BYTES,
    address.toLowerCase() as Hex,
  ]);
}
