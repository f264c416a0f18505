import { defineConfig } from "vite";

// `npm run dev` serves the page with what `sitewatch serve --no-browser` answers behind it.
const server = "http://127.0.0.1:8710";

export default defineConfig({
  build: {
    outDir: "../src/sitewatch/web/static",
    emptyOutDir: true,
    target: "es2022",
    // The content-security policy takes neither inline scripts nor data: fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1600,
  },
  server: { proxy: { "/api": server, "/ogc": server } },
});
