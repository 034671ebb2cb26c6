import type { ReactNode } from "react";

export function GovernPage(): ReactNode {
  return <h1>Govern</h1>;
}
