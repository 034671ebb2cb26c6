import { QueryClientProvider, useQuery } from "@tanstack/react-query";
import { StrictMode, useMemo, type ReactNode } from "react";
import { createRoot } from "react-dom/client";
import { WagmiProvider } from "wagmi";
import type { NetworkInfo } from "../sdk/index.ts";
import { App } from "./App.tsx";
import { startListening } from "./net/connection.ts";
import { LOCAL_CHAIN, NetworkProvider } from "./net/NetworkContext.ts";
import { networkQuery, queries } from "./net/relayer.ts";
import { preloadPages } from "./pages.ts";
import { Skeleton } from "./ui/parts.tsx";
import { applyTheme } from "./ui/theme.ts";
import { walletConfig } from "./wallet/config.ts";
import { announceDemoWallet } from "./wallet/demoWallet.ts";

applyTheme();
void startListening();
preloadPages();

/** Nothing can be shown before the relayer has said which network this is. */
function Start(): ReactNode {
  const { data, failureCount } = useQuery(networkQuery);
  if (data !== undefined) return <Wired network={data} />;
  return (
    <main>
      <h1>Midchain</h1>
      {failureCount === 0 ? (
        <Skeleton lines={6} />
      ) : (
        <div className="notice bad-notice" role="alert">
          <strong>The relayer does not answer.</strong>
          <p>Trying again every second.</p>
        </div>
      )}
    </main>
  );
}

function Wired({ network }: { readonly network: NetworkInfo }): ReactNode {
  const config = useMemo(() => {
    if (network.chainId === LOCAL_CHAIN && network.rpcUrl !== undefined) announceDemoWallet(network.rpcUrl);
    return walletConfig(network);
  }, [network]);
  return (
    <NetworkProvider value={network}>
      <WagmiProvider config={config}>
        <App />
      </WagmiProvider>
    </NetworkProvider>
  );
}

const root = document.getElementById("portal");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <Start />
      </QueryClientProvider>
    </StrictMode>,
  );
}
