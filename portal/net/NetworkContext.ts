import { createContext, useContext } from "react";
import type { NetworkInfo } from "../../sdk/index.ts";

export const LOCAL_CHAIN = 31_337;

const Context = createContext<NetworkInfo | undefined>(undefined);
export const NetworkProvider = Context.Provider;

/** The network that the relayer serves; known before anything else is shown. */
export function useNetwork(): NetworkInfo {
  const network = useContext(Context);
  if (network === undefined) throw new Error("used outside of NetworkProvider");
  return network;
}

/** Where a transaction or account can be looked up; undefined without an explorer. */
export function useExplorer(): (kind: "tx" | "address", value: string) => string | undefined {
  const { explorerUrl } = useNetwork();
  return (kind, value) =>
    explorerUrl === undefined ? undefined : `${explorerUrl.replace(/\/$/, "")}/${kind}/${value}`;
}
