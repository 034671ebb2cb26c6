import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { checks, passes } from "../../scripts/local/checks.ts";
import { root, run } from "../../scripts/local/run.ts";

/**
 * Each check, exactly as `./midchain check` runs it and with our configuration, on a tiny house: it lets the clean one
 * through and catches the breach it is there for.
 */

const CONFIGURATIONS = [
  ".dependency-cruiser.cjs",
  ".prettierignore",
  ".prettierrc.json",
  ".solhint.json",
  "eslint.config.js",
  "knip.json",
  "tsconfig.json",
];

const CLEAN: Readonly<Record<string, string>> = {
  "package.json": `{\n  "name": "tiny",\n  "private": true,\n  "type": "module"\n}\n`,
  "contracts/Tiny.sol": `// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Tiny
/// @notice Holds nothing.
contract Tiny {
    /// @notice Always one.
    function one() external pure returns (uint256) {
        return 1;
    }
}
`,
  "protocol/one.ts": "export const one = 1;\n",
  "relayer/main.ts": `import { one } from "../protocol/one.ts";\n\nexport const two = one + one;\n`,
  "sdk/index.ts": `export { one } from "../protocol/one.ts";\n`,
  "portal/main.tsx": `import { one } from "../sdk/index.ts";\n\nconsole.log(one);\n`,
  "scripts/up.ts": "console.log(1);\n",
  "bench/gas.ts": "console.log(1);\n",
  // The cruise must see more than a handful of modules to count.
  ...Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`test/t${i}.test.ts`, "export {};\n"])),
};

const FLOATING = `const later = (): Promise<void> => Promise.resolve();\nlater();\n`;
const LONG = `export function long(): number {\n  let sum = 0;\n${"  sum += 1;\n".repeat(60)}  return sum;\n}\n`;

const breaches: readonly {
  readonly check: string;
  readonly what: string;
  readonly files: Readonly<Record<string, string>>;
  readonly says: readonly RegExp[];
}[] = [
  {
    check: "lint",
    what: "a floating promise, and a function that is too long",
    files: { "scripts/up.ts": FLOATING, "protocol/long.ts": LONG },
    says: [/no-floating-promises/, /max-lines-per-function/],
  },
  {
    check: "doors",
    what: "an import through a wall, and a portal that reaches past the client library",
    files: {
      "protocol/one.ts": `import { two } from "../relayer/main.ts";\n\nexport const one = two;\n`,
      "portal/main.tsx": `import { two } from "../relayer/main.ts";\n\nconsole.log(two);\n`,
    },
    says: [/protocol-is-the-floor/, /no-cycles/, /portal-stands-on-sdk/],
  },
  {
    check: "dead code",
    what: "an export that nobody uses, and a file that nobody reads",
    files: {
      "protocol/one.ts": "export const one = 1;\nexport const nobody = 2;\n",
      "protocol/lonely.ts": "export const alone = 1;\n",
    },
    says: [/nobody {2}protocol\/one\.ts/, /protocol\/lonely\.ts/],
  },
  {
    check: "format",
    what: "lines out of shape, in Solidity and in TypeScript",
    files: {
      "contracts/Tiny.sol": (CLEAN["contracts/Tiny.sol"] ?? "").replace("        return 1;", "  return  1 ;"),
      "protocol/one.ts": "export const one = 1\n",
    },
    says: [/contracts\/Tiny\.sol/, /protocol\/one\.ts/],
  },
  {
    check: "solidity lint",
    what: "a contract without words, and an import of everything",
    files: {
      "contracts/Tiny.sol": `// SPDX-License-Identifier: Apache-2.0\npragma solidity 0.8.37;\nimport "./Other.sol";\n\ncontract Tiny {}\n`,
    },
    says: [/no-global-import/, /use-natspec/],
  },
  {
    check: "types",
    what: "a word where a number is due",
    files: { "protocol/one.ts": `export const one: number = "one";\n` },
    says: [/protocol\/one\.ts\(1,14\): error TS2322/],
  },
];

describe("./midchain check, each of its tools", () => {
  let house: string;
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(house, path)), { recursive: true });
    writeFileSync(join(house, path), text);
  };
  const build = (): void => {
    for (const folder of ["contracts", "protocol", "relayer", "sdk", "scripts", "test", "bench"]) {
      rmSync(join(house, folder), { recursive: true, force: true });
    }
    for (const [path, text] of Object.entries(CLEAN)) write(path, text);
  };
  const check = (name: string) => {
    const found = checks.find((one) => one.name === name);
    assert.ok(found !== undefined, name);
    return found;
  };
  const look = async (name: string): Promise<{ readonly ok: boolean; readonly output: string }> => {
    const ran = await run(check(name).command, { cwd: house });
    return { ok: passes(check(name), ran), output: ran.output };
  };

  before(() => {
    house = mkdtempSync(join(tmpdir(), "midchain-checks-"));
    for (const file of CONFIGURATIONS) cpSync(join(root, file), join(house, file));
    symlinkSync(join(root, "node_modules"), join(house, "node_modules"));
  });
  after(() => {
    rmSync(house, { recursive: true, force: true });
  });

  it("has a breach for every check", () => {
    assert.deepEqual(breaches.map((breach) => breach.check).toSorted(), checks.map(({ name }) => name).toSorted());
  });

  for (const { check: name, what, files, says } of breaches) {
    it(`${name} lets a clean house through, and catches ${what}`, async () => {
      build();
      const clean = await look(name);
      assert.ok(clean.ok, clean.output);
      for (const [path, text] of Object.entries(files)) write(path, text);
      const broken = await look(name);
      assert.equal(broken.ok, false, broken.output);
      for (const word of says) assert.match(broken.output, word);
    });
  }

  it("does not take a cruise that saw nothing for a clean one", () => {
    const green = (modules: number) => ({
      code: 0,
      output: `✔ no dependency violations found (${modules} modules, 0 dependencies cruised)`,
      elapsedMs: 1,
    });
    assert.equal(passes(check("doors"), green(0)), false);
    assert.equal(passes(check("doors"), { ...green(0), output: "" }), false);
    assert.equal(passes(check("doors"), green(300)), true);
  });
});
