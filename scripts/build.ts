/** Compiles `src/` to `dist/` (JavaScript and types) for publication, and the page of the studio to `dist/page/`. */
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";

rmSync("dist", { recursive: true, force: true });
execFileSync("node_modules/.bin/tsc", ["-p", "tsconfig.build.json"], { stdio: "inherit" });
await import("./page.ts");
