/**
 * For publication: compiles `src/` to `dist/` (JavaScript and types), then makes the page in `dist/studio/`, with its docs, whose reference is
 * read from the types. `build.ts studio` makes the page alone, with the reference of what was compiled last.
 */
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { build } from "vite";
import { writeDocs } from "./docs/write.ts";

if (process.argv[2] !== "studio") {
  rmSync("dist", { recursive: true, force: true });
  execFileSync("node_modules/.bin/tsc", ["-p", "tsconfig.build.json"], { stdio: "inherit" });
}
await build({ configFile: "studio/vite.config.ts" });
writeDocs("dist/studio/docs");
