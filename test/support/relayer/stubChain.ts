import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A chain endpoint on which nothing happens: no code, no logs, one block. For tests that need no chain. */
export async function startStubChain(): Promise<{ readonly rpcUrl: string; readonly stop: () => Promise<void> }> {
  const hash = `0x${"11".repeat(32)}`;
  const block = { number: "0x1", hash, parentHash: `0x${"00".repeat(32)}`, timestamp: "0x1", transactions: [] };
  const answers: Readonly<Record<string, unknown>> = {
    eth_chainId: "0x7a69",
    eth_blockNumber: "0x1",
    eth_getBlockByNumber: { ...block, gasLimit: "0x1", gasUsed: "0x0", baseFeePerGas: "0x1", difficulty: "0x0" },
    eth_getLogs: [],
    eth_getCode: "0x",
    eth_getTransactionCount: "0x0",
    eth_getBalance: "0x0",
  };
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk.toString()));
    request.on("end", () => {
      const asked = JSON.parse(text) as { id: number; method: string } | { id: number; method: string }[];
      const answer = (one: { id: number; method: string }) => ({
        jsonrpc: "2.0",
        id: one.id,
        result: answers[one.method] ?? null,
      });
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(Array.isArray(asked) ? asked.map(answer) : answer(asked)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    rpcUrl: `http://127.0.0.1:${port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
