import { useSyncExternalStore } from "react";
import { createListeners } from "../listeners.ts";

export type Theme = "system" | "light" | "dark";
const KEY = "midchain.theme";
const { tell, subscribe } = createListeners();

const stored = (): Theme => {
  const value = localStorage.getItem(KEY);
  return value === "light" || value === "dark" ? value : "system";
};

/** Puts the chosen theme on the page; without a choice the system decides. */
export function applyTheme(): void {
  const theme = stored();
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}

export function chooseTheme(theme: Theme): void {
  localStorage.setItem(KEY, theme);
  applyTheme();
  tell();
}

export const useTheme = (): Theme => useSyncExternalStore(subscribe, stored);
