import { createRequire } from "node:module";
import { expect } from "chai";
import { Interface, type JsonFragment } from "ethers";

import { branchPoints } from "../../scripts/build/branches/branchPoints.ts";
import { branchesOf, judgeBranches, type Branch } from "../../scripts/build/branches/branchVerdict.ts";
import { MARK_LIBRARY, markBranches } from "../../scripts/build/branches/markBranches.ts";
import { connect, type Connection } from "../support/contracts/notary.ts";

/** Far from those of the contracts, because this test runs among theirs when they are counted. */
const FIRST_ID = 1_000_000;
const COLLECTOR = 0xc0bec0bec0bec0bec0bec0bec0bec0bec0bec0ben;

// The ü is two bytes: the compiler counts bytes.
const SOURCE = `// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

contract Tiny {
    error Seven(string word, uint256 a);

    function pick(uint256 a) public pure returns (uint256 r) {
        require(a != 7, Seven(unicode"ü", a));
        if (a > 1 && !(a == 3 || a == 4)) r = 1;
        for (uint256 i = 2; i < a; ++i) ++r;
        while (r > 4) --r;
        assembly ("memory-safe") {
            if gt(a, 5) {
                r := 9
            }
        }
        r += a == 0 ? 1 : 2;
    }

    function answer(uint256 a) external view returns (bool success, bytes memory data) {
        (success, ) = address(this).staticcall(abi.encodeCall(this.pick, (a)));
        if (!success) {
            uint256 size;
            assembly ("memory-safe") {
                size := returndatasize()
            }
            data = new bytes(size);
            assembly ("memory-safe") {
                returndatacopy(add(data, 0x20), 0, size)
            }
        }
    }

    function attempt(uint256 a) external view returns (bool) {
        try this.pick(a) returns (uint256) {
            return true;
        } catch {
            return false;
        }
    }
}
`;

interface Compiled {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[];
  readonly contracts?: Record<
    string,
    Record<string, { readonly abi: readonly JsonFragment[]; readonly evm: { readonly bytecode: { object: string } } }>
  >;
}

function compileTiny(source: string): { abi: readonly JsonFragment[]; bytecode: string } {
  const solc = createRequire(import.meta.url)("solc") as { compile: (input: string) => string };
  const input = {
    language: "Solidity",
    sources: { "a/Tiny.sol": { content: source }, "BranchMark.sol": { content: MARK_LIBRARY } },
    settings: { evmVersion: "prague", outputSelection: { "a/Tiny.sol": { Tiny: ["abi", "evm.bytecode.object"] } } },
  };
  const { errors = [], contracts } = JSON.parse(solc.compile(JSON.stringify(input))) as Compiled;
  expect(errors.filter(({ severity }) => severity === "error").map((one) => one.formattedMessage)).to.deep.equal([]);
  const tiny = contracts?.["a/Tiny.sol"]?.["Tiny"];
  if (tiny === undefined) throw new Error("nothing was compiled");
  return { abi: tiny.abi, bytecode: `0x${tiny.evm.bytecode.object}` };
}

describe("counting the branches of a contract", () => {
  const points = branchPoints(SOURCE);
  let connection: Connection;

  before(async () => {
    connection = await connect();
  });

  it("finds each place that has two ways, and no condition that is made of others", () => {
    expect(points.map(({ kind, within, line, text }) => [kind, within, line, text])).to.deep.equal([
      ["require", "pick", 8, "a != 7"],
      ["operand", "pick", 9, "a > 1"],
      ["operand", "pick", 9, "a == 3"],
      ["operand", "pick", 9, "a == 4"],
      ["loop", "pick", 10, "i < a"],
      ["loop", "pick", 11, "r > 4"],
      ["if", "pick", 13, "gt(a, 5)"],
      ["choice", "pick", 17, "a == 0"],
      ["if", "answer", 22, "!success"],
      ["try", "attempt", 35, "this.pick(a)"],
    ]);
  });

  it("marks the ways a call goes, and changes nothing else about it", async () => {
    const { ethers, provider } = connection;
    const marked = compileTiny(markBranches(SOURCE, points, { firstId: FIRST_ID, library: "../BranchMark.sol" }));
    const plain = compileTiny(SOURCE);
    const signer = await ethers.provider.getSigner();
    const [with_, without] = await Promise.all(
      [marked, plain].map(async ({ abi, bytecode }) => {
        const contract = await new ethers.ContractFactory([...abi], bytecode, signer).deploy();
        return contract.getAddress();
      }),
    );
    const tiny = new Interface(plain.abi);
    const ask = (to: string, name: string, a: number): Promise<unknown> =>
      provider.request({ method: "eth_call", params: [{ to, data: tiny.encodeFunctionData(name, [a]) }] });
    for (const a of [0, 1, 2, 3, 4, 5, 6, 7, 9]) {
      for (const name of ["answer", "attempt"]) {
        expect(await ask(with_!, name, a), `${name} ${a}`).to.equal(await ask(without!, name, a));
      }
    }
    const traced = async (name: string, a: number) => {
      const call = { to: with_, data: tiny.encodeFunctionData(name, [a]) };
      const trace = (await provider.request({
        method: "debug_traceCall",
        params: [call, "latest", { enableMemory: true }],
      })) as {
        structLogs: { op: string; stack: string[]; memory: string[] }[];
      };
      const marks = trace.structLogs
        .filter(({ op, stack }) => op === "STATICCALL" && BigInt(`0x${stack.at(-2)!.replace("0x", "")}`) === COLLECTOR)
        .map(({ memory }) => Number(BigInt(`0x${memory[0]!.replace("0x", "")}`)));
      const branches = branchesOf({ file: "Tiny.sol", points, firstId: FIRST_ID }, new Set(marks));
      return branches.filter(({ hit }) => hit).map(({ text, way }) => `${text} ${way}`);
    };
    expect(await traced("pick", 0)).to.deep.equal([
      "a != 7 passes",
      "a > 1 false",
      "i < a ends",
      "r > 4 ends",
      "gt(a, 5) not taken",
      "a == 0 first",
    ]);
    expect(await traced("attempt", 9)).to.deep.equal([
      "a != 7 passes",
      "a > 1 true",
      "a == 3 false",
      "a == 4 false",
      "i < a runs",
      "i < a ends",
      "r > 4 runs",
      "r > 4 ends",
      "gt(a, 5) taken",
      "a == 0 second",
      "this.pick(a) succeeds",
    ]);
    expect(await traced("attempt", 7)).to.deep.equal(["a != 7 refuses", "this.pick(a) fails"]);
  });

  it("refuses what no reason explains, and a reason for what is hit or not there", () => {
    const branch = { file: "A.sol", line: 1, within: "f", text: "a > b" };
    const branches: Branch[] = [
      { ...branch, way: "taken", hit: true },
      { ...branch, way: "not taken", hit: false },
      { ...branch, within: "g", way: "not taken", hit: false },
    ];
    const reason = { file: "A.sol", within: "f", text: "a > b", why: "b is the largest number there is" };
    const excepted = ["not taken", "taken", "runs"].map((way) => ({ ...reason, way }));
    const { unexplained, explained, wrong } = judgeBranches(branches, excepted);
    expect(unexplained.map(({ within, way }) => [within, way])).to.deep.equal([["g", "not taken"]]);
    expect(explained.map(({ within, way, why }) => [within, way, why])).to.deep.equal([["f", "not taken", reason.why]]);
    expect(wrong.map(({ way, fault }) => [way, fault])).to.deep.equal([
      ["taken", "is hit"],
      ["runs", "is not there"],
    ]);
  });
});
