import { lazy, type ComponentType } from "react";
import { LivePage } from "./live/LivePage.tsx";
import type { Page } from "./route.ts";

/** Each page is a file of its own; only the first is part of the first load. */

const RETRY_MS = 1_000;
const PRELOAD_AFTER_MS = 2_500;

type Load = () => Promise<ComponentType>;

const loads: Readonly<Record<Exclude<Page, "/">, Load>> = {
  "/chain": async () => (await import("./chain/ChainPage.tsx")).ChainPage,
  "/stake": async () => (await import("./stake/StakePage.tsx")).StakePage,
  "/govern": async () => (await import("./govern/GovernPage.tsx")).GovernPage,
};

/** The relayer serves the files too: while it is away, a page that is not here yet is asked for again and again. */
async function patiently(load: Load): Promise<{ readonly default: ComponentType }> {
  for (;;) {
    try {
      return { default: await load() };
    } catch {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

export const pages: Readonly<Record<Page, ComponentType>> = {
  "/": LivePage,
  "/chain": lazy(() => patiently(loads["/chain"])),
  "/stake": lazy(() => patiently(loads["/stake"])),
  "/govern": lazy(() => patiently(loads["/govern"])),
};

/** Brings the other pages once the first has come to rest, so that they are here even if the relayer then is not. */
export function preloadPages(): void {
  setTimeout(() => {
    for (const load of Object.values(loads)) void load().catch(() => undefined);
  }, PRELOAD_AFTER_MS);
}
