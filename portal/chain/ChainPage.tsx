import type { ReactNode } from "react";

export function ChainPage(): ReactNode {
  return <h1>My chain</h1>;
}
