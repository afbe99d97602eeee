// One script and one style, for the page (as files) and for the report (inlined): no chunks, no
// hashes in names, no assets beside them. Python finds both in katydid/page/built.
import { defineConfig } from "vite";

export default defineConfig({
  publicDir: false,
  build: {
    outDir: "../katydid/page/built",
    emptyOutDir: true,
    target: "es2022",
    cssCodeSplit: false,
    modulePreload: false,
    reportCompressedSize: false,
    lib: {
      entry: "src/main.tsx",
      formats: ["iife"],
      name: "katydid",
      fileName: () => "app.js",
      cssFileName: "app",
    },
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
});
