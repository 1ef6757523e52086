/** Compiles `src/` to `dist/` (JavaScript and types) and the page to `dist/studio/`, for publication. `build.ts studio` makes the page alone. */
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { build } from "vite";

if (process.argv[2] !== "studio") {
  rmSync("dist", { recursive: true, force: true });
  execFileSync("node_modules/.bin/tsc", ["-p", "tsconfig.build.json"], { stdio: "inherit" });
}
await build({ configFile: "studio/vite.config.ts" });
