import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium, type Browser } from "playwright-core";
import { root } from "./run.ts";

/** Not the package's own, which switch web security off: that would hide what a policy forbids. */
const ARGS = ["--no-sandbox", "--no-zygote", "--disable-gpu", "--font-render-hinting=none"] as const;

/** A real headless Chromium: the one at CHROMIUM_PATH, or the one that npm has brought, unpacked once into .cache. */
export async function startBrowser(): Promise<Browser> {
  const given = process.env["CHROMIUM_PATH"];
  if (given !== undefined) return chromium.launch({ executablePath: given, args: [...ARGS] });
  const folder = join(root, ".cache/chromium");
  mkdirSync(folder, { recursive: true });
  // The package unpacks itself into the machine's folder for temporary files, and asks for it as it is loaded.
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = folder;
  const { default: packed } = await import("@sparticuz/chromium");
  const executablePath = await packed.executablePath();
  if (before === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = before;
  return chromium.launch({ executablePath, args: [...ARGS] });
}
