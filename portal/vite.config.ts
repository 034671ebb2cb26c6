import { defineConfig } from "vite";

/** Everything the page needs lies in the bundle, as files of its own: the relayer's policy allows nothing inline. */
export default defineConfig({
  root: import.meta.dirname,
  appType: "spa",
  logLevel: "error",
  build: {
    target: "es2024",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
    emptyOutDir: true,
    // Our own modules do nothing when they are loaded, so a page takes from the client library only what it uses.
    rolldownOptions: { treeshake: { moduleSideEffects: (id) => !/\/(sdk|protocol)\/[^?]*\.ts$/.test(id) } },
  },
});
