import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, describe, it } from "node:test";
import { balance } from "../../scripts/cluster/balancer.ts";

describe("the way of the load to a cluster", () => {
  let asked = 0;
  const silent = createServer(({ socket }) => {
    asked += 1;
    socket.destroy();
  });
  const well = createServer((_, response) => response.end("here"));
  const listening = async (server: typeof well): Promise<string> => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  after(() => {
    for (const server of [silent, well]) server.close();
  });

  it("asks a node that did not answer last from then on", async () => {
    const urls = [await listening(silent), await listening(well)];
    // Always the first one, where there is a choice.
    const balancer = balance(urls, () => 0);
    for (let call = 0; call < 5; call += 1) {
      assert.equal(await (await balancer.fetch("http://any/v1")).text(), "here");
      assert.equal(balancer.answered(), urls[1]);
    }
    assert.equal(asked, 1);
  });
});
