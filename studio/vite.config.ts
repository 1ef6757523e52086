/** Builds the page. Addresses are relative, so that any host and folder serves it. */
import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export default defineConfig({
  root: path("."),
  base: "./",
  logLevel: "warn",
  plugins: [svelte({ configFile: false })],
  // pictures outside of pages need a document of text; a page has its own
  resolve: { alias: { linkedom: path("./nothing.ts") } },
  worker: { format: "es" },
  build: {
    outDir: path("../dist/page"),
    emptyOutDir: true,
    target: "esnext",
    modulePreload: { polyfill: false },
    // little files cost more than they save: all style at once, and in one piece what every place needs
    cssCodeSplit: false,
    rolldownOptions: {
      output: { codeSplitting: { groups: [{ name: "frame", test: /node_modules.svelte|studio.(parts.(?!Drawn)|[\w.]+$)/ }] } },
    },
  },
});
