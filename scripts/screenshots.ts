// pictures of every page of the portal: light and dark, at 360 and 1280 pixels
import { mkdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { Command } from "commander";
import type { Browser, Page } from "playwright-core";
import { startBrowser } from "./local/browser.ts";
import { playPortalScene } from "./local/portalScene.ts";
import { root } from "./local/run.ts";
import { runSample, SAMPLE_NAMES } from "./local/scenario.ts";
import { startStack } from "./local/stack.ts";
import { refuse } from "./terminal/refuse.ts";

const WIDTHS = [360, 1280] as const;
const COLOURS = ["light", "dark"] as const;
const HEIGHT = 900;
const WAIT_MS_MAX = 20_000;

/** Goes to a page as a person would, and waits until what matters is there. */
type Visit = (page: Page) => Promise<void>;

const visits: Readonly<Record<string, Visit>> = {
  async live(page) {
    await page.getByRole("link", { name: "Live" }).click();
    await page.getByRole("img", { name: /Gas each/ }).waitFor();
  },
  async transaction(page) {
    await page
      .getByRole("button", { name: /completed$/ })
      .first()
      .click();
    await page.getByRole("button", { name: "Verify in this browser" }).click();
    await page.getByText("Verified against the chain").waitFor();
  },
  async enrol(page) {
    await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
    await page.getByRole("link", { name: "My chain" }).click();
    await page.getByRole("button", { name: "Open my chain" }).waitFor();
  },
  async chain(page) {
    await page.getByRole("button", { name: "Open my chain" }).click();
    await page.getByRole("article", { name: /^Block 2$/ }).waitFor();
    await page.getByRole("article", { name: /that waits/ }).waitFor();
  },
  async relayer(page) {
    await page.getByText("As the relayer").click();
    await page
      .getByText(/sealed bytes/)
      .first()
      .waitFor();
  },
  async stake(page) {
    await page.getByRole("link", { name: "Stake" }).click();
    await page
      .getByRole("row", { name: /seated/ })
      .first()
      .waitFor();
    await page.getByRole("button", { name: "Claim rewards" }).waitFor();
  },
  async govern(page) {
    await page.getByRole("link", { name: "Govern" }).click();
    await page.getByRole("article").getByText("active").waitFor();
    await page.getByRole("form", { name: "Vote" }).waitFor();
  },
};

async function takeAll(browser: Browser, url: string, folder: string): Promise<number> {
  let count = 0;
  for (const colorScheme of COLOURS) {
    for (const width of WIDTHS) {
      const viewport = { width, height: HEIGHT };
      const context = await browser.newContext({ viewport, colorScheme, reducedMotion: "reduce" });
      const page = await context.newPage();
      page.setDefaultTimeout(WAIT_MS_MAX);
      await page.goto(url);
      await page.getByRole("banner").getByRole("button", { name: "Connect wallet" }).click();
      await page.getByRole("button", { name: /Demo wallet/ }).click();
      for (const [name, visit] of Object.entries(visits)) {
        await visit(page);
        const path = join(folder, `${name}-${colorScheme}-${width}.png`);
        await page.screenshot({ path, fullPage: name !== "transaction" });
        count += 1;
      }
      await context.close();
    }
  }
  return count;
}

async function screenshots(options: { readonly into: string }): Promise<void> {
  const folder = resolve(root, options.into);
  mkdirSync(folder, { recursive: true });
  const stack = await startStack({ dataDir: join(root, ".data/screenshots-stack"), names: SAMPLE_NAMES, portal: true });
  const browser = await startBrowser();
  try {
    await runSample(stack, () => undefined);
    await playPortalScene(stack);
    const count = await takeAll(browser, stack.url, folder);
    console.log(`${count} pictures in ${relative(root, folder)}`);
  } finally {
    await browser.close();
    await stack.stop();
  }
}

const program = new Command("./midchain screenshots")
  .description("starts a whole system, fills it, and takes pictures of every page of the portal")
  .option("--into <folder>", "where they go", ".data/screenshots")
  .action(screenshots);
try {
  await program.parseAsync();
  process.exit(0);
} catch (error) {
  refuse(
    `no pictures: ${error instanceof Error ? error.message.split("\n").slice(0, 3).join(" ") : String(error)}`,
    "set CHROMIUM_PATH to a Chromium of this machine, or try again",
  );
}
