import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, it } from "node:test";
import { root } from "../../scripts/local/run.ts";
import { until } from "../support/until.ts";

/**
 * The real wrapper in folders of its own, with a `node` and an `npm` on PATH that only write down that they were
 * called: nothing is fetched, nothing heavy runs.
 */

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

interface House {
  readonly root: string;
  readonly bin: string;
  /** What the fakes wrote, one call a line. */
  readonly calls: () => readonly string[];
}

/** A `node` of that version: answers the wrapper's question about itself, and runs a verb by saying so. */
const fakeNode = (version: string, calls: string): string => `#!/bin/sh
if [ "$1" = -p ]; then exec '${process.execPath}' -p "Object.defineProperty(process.versions, 'node', { value: '${version}' }); $2"; fi
echo "node ${version}" >> '${calls}'
shift
echo "ran $*"
`;

/** An `npm` that waits, then installs what it was asked for as empty folders, or fails as without a network. */
const fakeNpm = (calls: string, fails: boolean): string => `#!/bin/sh
echo "npm $1" >> '${calls}'
mkdir -p node_modules/half
sleep 0.3
${fails ? 'echo "npm error network request to the registry failed, reason: getaddrinfo ENOTFOUND" >&2; exit 1' : ""}
if [ "$1" = install ]; then
  for last; do :; done
  folder="node_modules/\${last%@*}/bin"
  mkdir -p "$folder" && cp '${dirname(calls)}/node24' "$folder/node"
fi
`;

function script(path: string, text: string): void {
  writeFileSync(path, text);
  chmodSync(path, 0o755);
}

function house(options: {
  readonly node?: string;
  readonly npmFails?: boolean;
  readonly verbs?: readonly string[];
}): House {
  const folder = mkdtempSync(join(tmpdir(), "midchain wrapper "));
  folders.push(folder);
  const [home, bin, calls] = [join(folder, "a house"), join(folder, "bin"), join(folder, "calls")];
  mkdirSync(join(home, "scripts"), { recursive: true });
  mkdirSync(bin);
  cpSync(join(root, "midchain"), join(home, "midchain"));
  writeFileSync(join(home, "package-lock.json"), "{}");
  for (const verb of options.verbs ?? ["up", "check"]) {
    writeFileSync(join(home, `scripts/${verb}.ts`), `// what ${verb} is for\n`);
  }
  script(join(folder, "node24"), fakeNode("24.21.0", calls));
  script(join(bin, "node"), fakeNode(options.node ?? "24.21.0", calls));
  script(join(bin, "npm"), fakeNpm(calls, options.npmFails === true));
  const read = (): string[] => (existsSync(calls) ? readFileSync(calls, "utf8").trim().split("\n") : []);
  return { root: home, bin, calls: read };
}

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

const start = (at: House, args: readonly string[]): ChildProcess =>
  spawn(join(at.root, "midchain"), args, { env: { PATH: `${at.bin}:/usr/bin:/bin` } });

function ended(child: ChildProcess): Promise<Ended> {
  const said = { out: "", err: "" };
  child.stdout?.on("data", (chunk: Buffer) => (said.out += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (said.err += chunk.toString()));
  return new Promise((resolve) =>
    child.once("close", (code) => {
      resolve({ code, ...said });
    }),
  );
}

const call = (at: House, ...args: readonly string[]): Promise<Ended> => ended(start(at, args));
const count = (at: House, what: string): number => at.calls().filter((line) => line === what).length;
const leftLocks = (at: House): readonly string[] =>
  readdirSync(join(at.root, ".cache")).filter((name) => name.includes(".lock"));

describe("./midchain, the wrapper", () => {
  it("lists the verbs that are there, and no other", async () => {
    const at = house({ verbs: ["up", "verify"] });
    for (const args of [[], ["--help"]]) {
      const { code, out } = await call(at, ...args);
      assert.equal(code, 0);
      assert.match(out, /^ {2}up +what up is for$/m);
      assert.match(out, /^ {2}verify +what verify is for$/m);
      assert.doesNotMatch(out, /demo|cluster|restore/);
    }
    assert.deepEqual(at.calls(), []);
  });

  it("answers an unknown verb with the list, on stderr, and 2", async () => {
    const at = house({});
    for (const verb of ["fly", "demo", "../up", "up check", "U", "*"]) {
      const { code, out, err } = await call(at, verb);
      assert.equal(code, 2, verb);
      assert.equal(out, "");
      assert.ok(err.includes(`there is no verb "${verb}"`) && err.includes("what up is for"), err);
    }
    assert.deepEqual(at.calls(), []);
  });

  it("installs once, in a folder whose path has spaces, and then only runs the verb", async () => {
    const at = house({});
    const first = await call(at, "up", "--json", "two words");
    assert.equal(first.code, 0, first.err);
    assert.match(first.out, /^ran .*scripts\/up\.ts --json two words$/m);
    const second = await call(at, "check");
    assert.equal(second.err, "");
    assert.deepEqual(at.calls(), ["npm ci", "node 24.21.0", "node 24.21.0"]);
    assert.deepEqual(leftLocks(at), []);
  });

  it("installs again when the lock file changed, and when an install was cut off", async () => {
    const at = house({});
    await call(at, "up");
    writeFileSync(join(at.root, "package-lock.json"), '{"changed":true}');
    await call(at, "up");
    assert.equal(count(at, "npm ci"), 2);
    rmSync(join(at.root, "node_modules/.midchain-installed"));
    await call(at, "up");
    assert.equal(count(at, "npm ci"), 3);
  });

  it("brings no second Node where the right one is on PATH", async () => {
    const at = house({ node: "24.9.0" });
    await call(at, "up");
    assert.deepEqual(at.calls(), ["npm ci", "node 24.9.0"]);
  });

  for (const version of ["20.20.0", "24.8.0", "25.1.0"]) {
    it(`brings the pinned Node once where PATH has ${version}`, async () => {
      const at = house({ node: version });
      const { code, err } = await call(at, "up");
      assert.equal(code, 0, err);
      await call(at, "up");
      assert.deepEqual(at.calls(), ["npm install", "npm ci", "node 24.21.0", "node 24.21.0"]);
    });
  }

  it("says what could not be fetched and how to go on, and starts over the next time", async () => {
    const without = house({ node: "20.20.0", npmFails: true });
    for (let i = 0; i < 2; i += 1) {
      const { code, out, err } = await call(without, "up");
      assert.equal(code, 1);
      assert.equal(out, "");
      assert.match(err, /ENOTFOUND/);
      assert.match(err, /^midchain: could not fetch the npm package node-\S+@24\.21\.0$/m);
      assert.match(err, /^ {2}fix: connect to the npm registry once, or put Node 24 on PATH/m);
    }
    assert.deepEqual(without.calls(), ["npm install", "npm install"]);
    assert.deepEqual(readdirSync(join(without.root, ".cache")), []);

    const locked = house({ npmFails: true });
    for (let i = 0; i < 2; i += 1) {
      const { code, err } = await call(locked, "up");
      assert.equal(code, 1);
      assert.match(err, /^midchain: the locked dependencies could not be installed/m);
      assert.match(err, /^ {2}fix: connect to the npm registry and run this again/m);
    }
    assert.deepEqual(locked.calls(), ["npm ci", "npm ci"]);
    assert.deepEqual(leftLocks(locked), []);
  });

  it("names npm when that is what is missing", async () => {
    const at = house({});
    rmSync(join(at.bin, "npm"));
    const env = { PATH: `${at.bin}:${toolsWithoutNpm(at)}` };
    const { code, err } = await ended(spawn(join(at.root, "midchain"), ["up"], { env }));
    assert.equal(code, 1);
    assert.match(err, /npm is not on PATH[^]*fix: install npm/);
  });

  it("installs once when several calls race", async () => {
    const at = house({ node: "20.20.0" });
    const all = await Promise.all([1, 2, 3].map(() => call(at, "up")));
    assert.deepEqual(
      all.map(({ code }) => code),
      [0, 0, 0],
    );
    assert.equal(count(at, "npm install"), 1);
    assert.equal(count(at, "npm ci"), 1);
    assert.equal(count(at, "node 24.21.0"), 3);
  });

  it("takes over the lock of a process that is gone, once, however many wait", async () => {
    const at = house({});
    const gone = spawn("true");
    await ended(gone);
    mkdirSync(join(at.root, ".cache"));
    symlinkSync(String(gone.pid), join(at.root, ".cache/install.lock"));
    const all = await Promise.all([1, 2, 3].map(() => call(at, "up")));
    assert.deepEqual(
      all.map(({ code }) => code),
      [0, 0, 0],
    );
    assert.equal(count(at, "npm ci"), 1);
    assert.deepEqual(leftLocks(at), []);
  });

  it("waits for a process that lives, and says for which", async () => {
    const at = house({});
    mkdirSync(join(at.root, ".cache"));
    symlinkSync(String(process.pid), join(at.root, ".cache/install.lock"));
    const child = start(at, ["up"]);
    let err = "";
    child.stderr?.on("data", (chunk: Buffer) => (err += chunk.toString()));
    await until(
      "the message",
      () => err,
      (seen) => seen.includes(`(pid ${process.pid}); waiting`),
    );
    assert.deepEqual(at.calls(), []);
    rmSync(join(at.root, ".cache/install.lock"));
    assert.equal((await ended(child)).code, 0);
    assert.equal(count(at, "npm ci"), 1);
  });

  it("leaves no lock and no stamp when it is stopped while installing", async () => {
    const at = house({});
    const child = spawn(join(at.root, "midchain"), ["up"], {
      env: { PATH: `${at.bin}:/usr/bin:/bin` },
      detached: true,
    });
    await until(
      "the install",
      () => count(at, "npm ci"),
      (calls) => calls === 1,
    );
    // As a terminal does on Ctrl-C: the whole group hears it.
    process.kill(-child.pid!, "SIGINT");
    await ended(child);
    assert.deepEqual(leftLocks(at), []);
    assert.equal(existsSync(join(at.root, "node_modules/.midchain-installed")), false);
    assert.equal((await call(at, "up")).code, 0);
    assert.equal(count(at, "npm ci"), 2);
  });

  it("becomes the verb's process: an interrupt reaches it and its children, and nothing stays", async () => {
    const at = house({});
    mkdirSync(join(at.root, "scripts/local"));
    cpSync(join(root, "scripts/local/run.ts"), join(at.root, "scripts/local/run.ts"));
    writeFileSync(join(at.root, "package.json"), '{"type":"module"}');
    writeFileSync(
      join(at.root, "scripts/up.ts"),
      `import { run } from "./local/run.ts";\nvoid run(["sh", "-c", "echo $$; sleep 600 & wait"], { show: true });\n`,
    );
    rmSync(join(at.bin, "node"));
    symlinkSync(process.execPath, join(at.bin, "node"));
    const child = start(at, ["up"]);
    let out = "";
    child.stdout?.on("data", (chunk: Buffer) => (out += chunk.toString()));
    const group = Number(
      await until(
        "the child's pid",
        () => out,
        (seen) => /^\d+\n/.test(seen),
      ),
    );
    const closed = ended(child);
    child.kill("SIGINT");
    await closed;
    assert.equal(child.exitCode, 130);
    // The group holds the shell and its sleep: it is gone when nobody in it can be signalled any more.
    await until(
      "the end of the group",
      () => isThere(-group),
      (there) => !there,
      5_000,
    );
  });
});

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The tools that the wrapper uses, without whatever else the machine has beside them. */
function toolsWithoutNpm(at: House): string {
  const folder = join(dirname(at.bin), "tools");
  mkdirSync(folder);
  for (const tool of ["sh", "dirname", "cat", "cksum", "tr", "mkdir", "rm", "ln", "readlink", "sed", "sleep"]) {
    const path = ["/bin", "/usr/bin"].map((bin) => join(bin, tool)).find((file) => existsSync(file));
    if (path !== undefined) symlinkSync(path, join(folder, tool));
  }
  return folder;
}
