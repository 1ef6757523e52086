/** Builds the page of the studio to dist/page: its program, files of demos, guides and reference; small ones beside them for browsers that take them. */
import { execFileSync } from "node:child_process";
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { demoAssets } from "./demo-assets.ts";
import { writeDocs } from "./docs.ts";

const out = "dist/page";
const run = (program: string, ...args: string[]): void =>
  void execFileSync(process.execPath, [join("node_modules", program), ...args], { stdio: ["ignore", "inherit", "inherit"] });

run("vite/bin/vite.js", "build", "studio", "--config", "studio/vite.config.ts");

// the declarations of a published build, or some of our own
const published = existsSync("dist/array/index.d.ts");
const types = published ? "dist" : mkdtempSync(join(tmpdir(), "pushforward-types-"));
if (!published) run("typescript/bin/tsc", "-p", "tsconfig.build.json", "--emitDeclarationOnly", "--outDir", types);
writeDocs(out, types);
if (!published) rmSync(types, { recursive: true });

mkdirSync(join(out, "demos"));
for (const [name, bytes] of Object.entries(demoAssets)) writeFileSync(join(out, "demos", name), await bytes());

/** Bytes from which on it is worth it. */
const least = 1024;
for (const file of globSync(`${out}/{*.html,assets/**,docs/**}`)) {
  if (!/\.(html|js|css|json|svg|wasm)$/.test(file) || statSync(file).size < least) continue;
  const bytes = readFileSync(file);
  const params = { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params }));
}
