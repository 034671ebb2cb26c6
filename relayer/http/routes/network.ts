import { z } from "zod";
import { toHex } from "../../../protocol/bytes.ts";
import type { HttpNode, HttpOptions } from "../door.ts";
import { json } from "../reply.ts";
import { route, type Route } from "../route.ts";
import { hexText } from "../schemas.ts";

const domainSchema = z.object({
  name: z.string(),
  version: z.string(),
  chainId: z.int(),
  verifyingContract: hexText,
});

const networkSchema = z
  .object({
    chainId: z.int(),
    network: z.string(),
    ledger: hexText,
    engine: hexText,
    tokens: z.array(hexText),
    market: hexText.optional(),
    fromBlock: z.int(),
    partitions: z.int(),
    nodePublicKey: hexText,
    publicUrl: z.string(),
    rpcUrl: z.string().optional(),
    explorerUrl: z.string().optional(),
    contracts: z.record(z.string(), hexText).meta({ description: "By name: token, staking, governor, timelock, …" }),
    requestDomain: domainSchema,
    dealDomain: domainSchema,
  })
  .meta({ id: "Network" });

const partitionSchema = z.object({
  partition: z.int(),
  applied: z.int(),
  unbatched: z.int(),
  openBatches: z.array(z.int()),
  executor: hexText.nullable().meta({ description: "Node id; null while none is known." }),
});

export function networkRoutes(node: HttpNode, options: HttpOptions): readonly Route[] {
  const { network, keyring, replica } = node;
  const [ledger, engine, nodePublicKey] = [network.ledger, network.engine, keyring.nodePublicKey].map(toHex);
  const domain = (name: string, verifyingContract: string | undefined) => ({
    name,
    version: "1",
    chainId: network.chain,
    verifyingContract,
  });
  return [
    route({
      method: "get",
      path: "/network",
      tag: "network",
      summary: "Chain, contracts, tokens, and what a wallet's signatures are bound to",
      session: false,
      answers: { 200: { what: "the network", schema: networkSchema } },
      handle: () =>
        json({
          chainId: network.chain,
          network: options.networkName,
          ledger,
          engine,
          tokens: [...network.tokens],
          ...(options.market === undefined ? {} : { market: options.market }),
          fromBlock: options.fromBlock ?? 0,
          partitions: replica.partitions,
          nodePublicKey,
          publicUrl: options.publicUrl(),
          ...(options.browserRpcUrl === undefined ? {} : { rpcUrl: options.browserRpcUrl }),
          ...(options.explorerUrl === undefined ? {} : { explorerUrl: options.explorerUrl }),
          contracts: { ...options.contracts },
          requestDomain: domain("Midchain Request", ledger),
          dealDomain: domain("SettlementEngine", engine),
        }),
    }),
    route({
      method: "get",
      path: "/partitions",
      tag: "network",
      summary: "How far each partition is, and what waits in it",
      session: false,
      answers: { 200: { what: "one row per partition", schema: z.object({ partitions: z.array(partitionSchema) }) } },
      handle() {
        const rows = node.cluster?.view().partitions;
        return json({
          partitions: node.executor.notaries.map((notary, partition) => ({
            partition,
            applied: replica.applied(partition),
            unbatched: notary.backlog.unbatched,
            openBatches: notary.backlog.openBatches,
            executor: rows === undefined ? toHex(keyring.nodeId) : (rows[partition]?.executor ?? null),
          })),
        });
      },
    }),
  ];
}
