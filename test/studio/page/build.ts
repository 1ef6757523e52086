/** The page as it is published, but with the demo of the tests in the place of all others, in a folder of its own. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import type { DocIndex, DocPage } from "../../../src/studio/api.ts";

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export interface BuiltFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Files that are loaded with it at once. */
  readonly imports: readonly string[];
  /** Source that it is the code of, for one that is loaded by name. */
  readonly source?: string;
}

export async function buildPage(folder: string): Promise<readonly BuiltFile[]> {
  const demos = {
    name: "demos-of-tests",
    enforce: "pre" as const,
    resolveId: (id: string) => (id.endsWith("src/demos/index.ts") ? path("./demos.ts") : undefined),
  };
  const result = await build({
    configFile: path("../../../studio/vite.config.ts"),
    plugins: [demos],
    worker: { format: "es", plugins: () => [demos] },
    build: { outDir: folder },
  });
  mkdirSync(join(folder, "docs"), { recursive: true });
  const index: DocIndex = docs.map(({ html, ...page }) => ({ ...page, text: html.replace(/<[^>]*>/g, " ") }));
  writeFileSync(join(folder, "docs", "index.json"), JSON.stringify(index));
  for (const page of docs) writeFileSync(join(folder, "docs", `${page.path}.json`), JSON.stringify(page));
  return [result].flat().flatMap((one) =>
    "output" in one
      ? one.output.map((file) => ({
          name: file.fileName,
          bytes: Buffer.from(file.type === "chunk" ? file.code : file.source),
          imports: file.type === "chunk" ? [...file.imports, ...(file.viteMetadata?.importedCss ?? [])] : [],
          ...(file.type === "chunk" && file.facadeModuleId && { source: file.facadeModuleId }),
        }))
      : [],
  );
}

/** Two pages: enough to be read and searched. */
const docs: readonly DocPage[] = [
  {
    path: "README",
    title: "Begin",
    headings: [],
    html: '<h1 id="begin">Begin</h1><p>Begin here and read about <a href="#/docs/runs#folder">runs</a>.</p>',
  },
  { path: "runs", title: "Runs", headings: [], html: '<h1>Runs</h1><p>A run.</p><h2 id="folder">The folder</h2><p>It is a folder.</p>' },
];
