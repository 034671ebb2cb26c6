import type { Address } from "viem";
import { useChainQuery } from "../net/useChainQuery.ts";
import type { Contracts } from "../net/useContracts.ts";
import { readPower, type Power } from "./readGovern.ts";

const LOOK_MS = 2_000;

/** What an account can do in votes now; asked once for all that show it. */
export const usePower = (contracts: Contracts, account: Address | undefined): Power | undefined =>
  useChainQuery({
    key: ["govern", "power", account],
    everyMs: LOOK_MS,
    read: account === undefined ? undefined : (client) => readPower(client, contracts, account),
  }).data;
