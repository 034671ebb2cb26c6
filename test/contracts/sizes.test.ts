import { readdir, readFile } from "node:fs/promises";
import { expect } from "chai";

const RELEASE = new URL("../../contracts/release/", import.meta.url);
/** EIP-170 and EIP-3860. */
const CODE_BYTES_MAX = 24_576;
const INIT_BYTES_MAX = 49_152;

const bytesOf = (hex: string): number => (hex.length - 2) / 2;

describe("the contracts as released", () => {
  it("fit the size limits of every chain", async () => {
    const files = (await readdir(RELEASE)).filter((name) => name.endsWith(".json"));
    expect(files.length).to.be.greaterThan(10);
    for (const file of files) {
      const artifact = JSON.parse(await readFile(new URL(file, RELEASE), "utf8")) as Record<string, string>;
      expect(bytesOf(artifact["deployedBytecode"] ?? ""), file).to.be.lessThan(CODE_BYTES_MAX);
      expect(bytesOf(artifact["bytecode"] ?? ""), file).to.be.lessThan(INIT_BYTES_MAX);
    }
  });
});
