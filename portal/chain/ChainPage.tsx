import type { ReactNode } from "react";

export function ChainPage(): ReactNode {
  return <h1>ChainPage</h1>;
}
