/** For publication: compiles `src/` to `dist/` (JavaScript and types), then makes the page of the studio, whose reference is read from the types. */
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";

rmSync("dist", { recursive: true, force: true });
execFileSync("node_modules/.bin/tsc", ["-p", "tsconfig.build.json"], { stdio: "inherit" });
execFileSync(process.execPath, ["scripts/page.ts"], { stdio: "inherit" });
