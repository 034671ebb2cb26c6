import { defineConfig } from "vite";

/** Everything the page needs lies in the bundle, as files of its own: the relayer's policy allows nothing inline. */
export default defineConfig({
  root: import.meta.dirname,
  appType: "spa",
  logLevel: "error",
  build: {
    target: "es2024",
    // light-dark() as it is written: what it would be translated to does not follow a chosen theme.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
    emptyOutDir: true,
    // Our own modules do nothing when they are loaded, so a page takes from the client library only what it uses.
    rolldownOptions: { treeshake: { moduleSideEffects: (id) => !/\/(sdk|protocol)\/[^?]*\.ts$/.test(id) } },
  },
});
