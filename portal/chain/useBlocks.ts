import { useQuery } from "@tanstack/react-query";
import type { ChainBlock, OpenedBlock } from "../../sdk/index.ts";
import { useRefreshOnEvents } from "../net/connection.ts";
import type { OwnChain } from "./session.ts";

const LOOK_MS = 700;
const FALLBACK_MS = 10_000;

export interface OwnBlock {
  readonly block: ChainBlock;
  /** Undefined where this browser cannot open it. */
  readonly opened: OpenedBlock | undefined;
}

/** Opening costs a decapsulation each, and a block never changes: once is enough. */
const opened = new Map<string, OpenedBlock>();

export const forgetOpened = (): void => {
  opened.clear();
};

async function readBlocks({ client }: OwnChain): Promise<readonly OwnBlock[]> {
  const { blocks } = await client.myChain();
  return Promise.all(
    blocks.map(async (block) => {
      const name = `${block.hash}${block.body === undefined ? "" : "+"}`;
      const known = opened.get(name) ?? (await client.open(block).catch(() => undefined));
      if (known !== undefined) opened.set(name, known);
      return { block, opened: known };
    }),
  );
}

/** The verified chain, newest block last; undefined until it has been read. */
export function useBlocks(chain: OwnChain): readonly OwnBlock[] | undefined {
  const key = ["chain", chain.account, "blocks"];
  const { data } = useQuery({ queryKey: key, queryFn: () => readBlocks(chain), refetchInterval: FALLBACK_MS });
  useRefreshOnEvents("chain", LOOK_MS);
  return data;
}
