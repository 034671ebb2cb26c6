import { Suspense, useEffect, type ReactNode } from "react";
import { useConnectionState } from "./net/connection.ts";
import { useNetwork } from "./net/NetworkContext.ts";
import { pages } from "./pages.ts";
import { follow, PAGES, usePage } from "./route.ts";
import { timeOf } from "./ui/format.ts";
import { Skeleton } from "./ui/parts.tsx";
import { chooseTheme, useTheme, type Theme } from "./ui/theme.ts";
import { ActionProvider } from "./wallet/ActionProvider.tsx";
import { WalletMenu, WrongNetwork } from "./wallet/WalletMenu.tsx";

export function App(): ReactNode {
  const page = usePage();
  const Shown = pages[page];
  useEffect(() => {
    document.title = `${PAGES[page]} · Midchain`;
  }, [page]);
  return (
    <ActionProvider>
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <header>
        <div className="bar">
          <a className="brand" href="/" onClick={follow}>
            <img src="/icon.svg" alt="" />
            <span className="name">Midchain</span>
          </a>
          <nav className="tabs" aria-label="Pages">
            {Object.entries(PAGES).map(([path, name]) => (
              <a key={path} href={path} onClick={follow} aria-current={path === page ? "page" : undefined}>
                {name}
              </a>
            ))}
          </nav>
          <div className="end">
            <ThemeChoice />
            <WalletMenu />
          </div>
        </div>
        <ConnectionBanner />
        <WrongNetwork />
      </header>
      <main id="main" tabIndex={-1}>
        <Suspense fallback={<Skeleton lines={6} />}>
          <Shown />
        </Suspense>
      </main>
      <Foot />
    </ActionProvider>
  );
}

const NEXT: Readonly<Record<Theme, Theme>> = { system: "light", light: "dark", dark: "system" };
const SIGN: Readonly<Record<Theme, string>> = { system: "◐", light: "☀", dark: "☾" };

function ThemeChoice(): ReactNode {
  const theme = useTheme();
  return (
    <button
      type="button"
      className="button small plain"
      aria-label={`Colours: ${theme}. Change to ${NEXT[theme]}`}
      onClick={() => {
        chooseTheme(NEXT[theme]);
      }}
    >
      <span aria-hidden="true">{SIGN[theme]}</span>
    </button>
  );
}

/** With the relayer gone, the page says so and from when its figures are. */
function ConnectionBanner(): ReactNode {
  const { state, heardAt } = useConnectionState();
  return (
    <div role="status">
      {state === "lost" ? (
        <div className="banner bad-banner">
          <strong>The relayer does not answer.</strong>
          <span>What you see is from {timeOf(new Date(heardAt))}. Trying again every second.</span>
        </div>
      ) : null}
    </div>
  );
}

function Foot(): ReactNode {
  const network = useNetwork();
  return (
    <footer className="foot">
      <span>
        Network <b>{network.network}</b>, chain {network.chainId}
      </span>
      <a href="/docs">API docs</a>
      <a href="/v1/openapi.json">OpenAPI</a>
      <span>Everything on this page is served by this relayer; nothing is fetched from elsewhere.</span>
    </footer>
  );
}
