import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { freePort } from "../../scripts/local/ports.ts";

const LENT = "/proc/sys/net/ipv4/ip_local_port_range";

describe("ports for processes of a local stack", () => {
  it("are never those that the system lends to outgoing connections", { skip: !existsSync(LENT) }, async () => {
    const [lowest = 0, highest = 0] = readFileSync(LENT, "utf8").trim().split(/\s+/).map(Number);
    for (const port of await Promise.all(Array.from({ length: 50 }, freePort)))
      assert.ok(port < lowest || port > highest, `${port} is lent`);
  });

  it("are handed out once", async () => {
    const ports = await Promise.all(Array.from({ length: 500 }, freePort));
    assert.equal(new Set(ports).size, ports.length);
  });
});
