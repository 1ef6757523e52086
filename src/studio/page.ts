/** The page itself: files that are built once, in dist/page of the package. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { serveStatic } from "@hono/node-server/serve-static";
import type { Context, MiddlewareHandler } from "hono";
import { UserError } from "../errors.ts";

const packageRoot = fileURLToPath(new URL("../..", import.meta.url));

/**
 * The folder of the built page. A clone has none at first: it is built there, if what builds it is installed.
 * @throws UserError
 */
export function builtPage(tell: (message: string) => void): string {
  const folder = join(packageRoot, "dist", "page");
  if (existsSync(join(folder, "index.html"))) return folder;
  const script = join(packageRoot, "scripts", "page.ts");
  if (!existsSync(script) || !existsSync(join(packageRoot, "node_modules", "vite")))
    throw new UserError("the page of the studio is not built", "in a clone: npm ci && npm run build; else install the package again");
  tell("building the page, once");
  const { status } = spawnSync(process.execPath, [script], { cwd: packageRoot, stdio: ["ignore", 2, 2] });
  if (status === 0 && existsSync(join(folder, "index.html"))) return folder;
  throw new UserError("the page of the studio could not be built", "what went wrong is told above; npm run build tries again");
}

/** Names of files under assets/ have hashes of what is in them: they never change. */
export function servePage(folder: string): MiddlewareHandler {
  const found = (_: string, c: Context): void =>
    c.header("cache-control", c.req.path.startsWith("/assets/") ? "private, max-age=31536000, immutable" : "no-cache");
  return serveStatic({ root: folder, precompressed: true, onFound: found });
}
