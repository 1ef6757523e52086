/** The page as it is published, but with the demo of the tests in the place of all others, in a folder of its own. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

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
  writeFileSync(join(folder, "docs", "index.json"), JSON.stringify(docs.map(({ html: _, ...page }) => page)));
  for (const { path: name, html } of docs) writeFileSync(join(folder, "docs", `${name}.html`), html);
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
const docs = [
  {
    path: "README",
    title: "Begin",
    group: "Begin",
    text: "Begin here and read about runs",
    html: '<h1 id="begin">Begin</h1><p>Begin here and read about <a href="#/docs/runs?at=folder">runs</a>.</p>',
  },
  { path: "runs", title: "Runs", group: "Use it", text: "A run is a folder", html: '<h1>Runs</h1><p>A run.</p><h2 id="folder">The folder</h2><p>It is a folder.</p>' },
];
