import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { startBrowser } from "../../../scripts/local/browser.ts";
import { freePort } from "../../../scripts/local/ports.ts";
import { root } from "../../../scripts/local/run.ts";
import { startStack, type SoloStack } from "../../../scripts/local/stack.ts";

export interface Portal {
  readonly stack: SoloStack;
  readonly browser: Browser;
  /** A page in a context of its own: nothing is stored in it yet. */
  readonly open: (options?: Opening) => Promise<Page>;
  /** Requests that any page made to somewhere else than the relayer and the chain, and errors that it told. */
  readonly strays: readonly string[];
  readonly complaints: readonly string[];
  readonly stop: () => Promise<void>;
}

export interface Opening {
  readonly path?: string;
  /** By its name instead of its address: passkeys belong to a domain. */
  readonly byName?: boolean;
  readonly width?: number;
  readonly colours?: "light" | "dark";
  /** Runs before the page's own scripts. */
  readonly prepare?: (page: Page) => Promise<void>;
}

/** Only ever linked to. */
export const EXPLORER = "https://explorer.example";
const WAIT_MS_MAX = 30_000;

/** A whole system with the portal, and a real browser to look at it with. */
export async function startPortal(name: string, names: readonly string[] = []): Promise<Portal> {
  const ports = { rpc: await freePort(), http: await freePort(), metrics: await freePort() };
  const [stack, browser] = await Promise.all([
    startStack({
      dataDir: join(root, ".data", `portal-${name}`),
      names,
      portal: true,
      ports,
      env: { MIDCHAIN_EXPLORER_URL: EXPLORER },
    }),
    startBrowser(),
  ]);
  const strays: string[] = [];
  const complaints: string[] = [];
  const byName = stack.url.replace("127.0.0.1", "localhost");
  const allowed = new Set([stack.url, byName, stack.rpcUrl].map((url) => new URL(url).origin));
  const open = async (options: Opening = {}): Promise<Page> => {
    const context = await browser.newContext({
      viewport: { width: options.width ?? 1280, height: 900 },
      colorScheme: options.colours ?? "light",
      reducedMotion: "reduce",
    });
    const page = await context.newPage();
    page.setDefaultTimeout(WAIT_MS_MAX);
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (url.protocol !== "data:" && url.protocol !== "blob:" && !allowed.has(url.origin)) strays.push(request.url());
    });
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      if (/content security policy/i.test(message.text())) complaints.push(message.text());
    });
    await options.prepare?.(page);
    await page.goto(`${options.byName === true ? byName : stack.url}${options.path ?? "/"}`);
    return page;
  };
  return {
    stack,
    browser,
    open,
    strays,
    complaints,
    async stop() {
      await browser.close();
      await stack.stop();
    },
  };
}
