import { useSyncExternalStore, type MouseEvent } from "react";
import { createListeners } from "./listeners.ts";

/** The address bar is the only router: four pages, and one open transaction. */
export const PAGES = { "/": "Live", "/chain": "My chain", "/stake": "Stake", "/govern": "Govern" } as const;
export type Page = keyof typeof PAGES;

const { tell, subscribe } = createListeners();
addEventListener("popstate", tell);

export function navigate(to: string): void {
  history.pushState(undefined, "", to);
  tell();
}

const useAddress = (): string => useSyncExternalStore(subscribe, () => `${location.pathname}${location.search}`);

export function usePage(): Page {
  const [path = "/"] = useAddress().split("?");
  return path in PAGES ? (path as Page) : "/";
}

/** A parameter of the address, e.g. the transaction that is open. */
export const useParameter = (name: string): string | undefined =>
  new URLSearchParams(useAddress().split("?")[1]).get(name) ?? undefined;

/** Follows a link within the page; with a modifier key the browser does what it always does. */
export function follow(event: MouseEvent<HTMLAnchorElement>): void {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  navigate(event.currentTarget.pathname);
}
