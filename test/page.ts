/** A module of ours in a real page: bundled as an application would, loaded by Debian's headless Chromium. */
import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { chromium, type Page } from "playwright-core";

export const browserPath = "/usr/bin/chromium";
export const hasBrowser = existsSync(browserPath);

export const browserArguments = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A page that has loaded a module, until it is closed. */
export interface OpenPage {
  /** The value of an expression in which `program` is the module; a promise is awaited. */
  evaluate<T>(expression: string): Promise<T>;
  close(): Promise<void>;
}

export interface PageOptions {
  /** Whether the page is kept apart from others, so that it may share memory with its workers. */
  readonly isolated?: boolean;
  /** What else the page may load, by path. */
  readonly files?: ReadonlyMap<string, string | Uint8Array>;
}

/** Opens a module in a browser of its own. */
export async function openPage(path: string, { isolated = false, files = new Map() }: PageOptions = {}): Promise<OpenPage> {
  const { url, server } = await serve(new Map([...files, ...(await bundle(path))]), isolated);
  const browsing = await chromium.launch({ executablePath: browserPath, timeout: 60_000, args: browserArguments });
  const tab = await browsing.newPage();
  await tab.goto(url, { timeout: 60_000 });
  await tab.waitForFunction(() => "program" in globalThis, undefined, { timeout: 60_000 });
  return {
    evaluate: <T>(expression: string) => tab.evaluate<T>(expression),
    async close() {
      server.closeAllConnections();
      server.close();
      await browsing.close();
    },
  };
}

/** The value of an expression in a page that has loaded a module. */
export async function inPage<T>(path: string, expression: string, isolated = false): Promise<T> {
  const page = await openPage(path, { isolated });
  try {
    return await page.evaluate<T>(expression);
  } finally {
    await page.close();
  }
}

/**
 * What can be seen of an HTML text in a window of so many pixels.
 * @param look  is given the page
 */
export async function inWindow<T>(html: string, width: number, look: (tab: Page) => Promise<T>): Promise<T> {
  const browsing = await chromium.launch({ executablePath: browserPath, timeout: 60_000, args: browserArguments });
  try {
    const tab = await browsing.newPage({ viewport: { width, height: 800 }, deviceScaleFactor: 2 });
    await tab.setContent(html);
    return await look(tab);
  } finally {
    await browsing.close();
  }
}

/** The program as a page loads it, with what it may load later. The page itself is at `/`. */
export async function bundle(path: string, minify = false): Promise<Map<string, string | Uint8Array>> {
  const { build } = await import("vite");
  const result = await build({
    configFile: false,
    logLevel: "error",
    root: fileURLToPath(new URL("..", import.meta.url)),
    build: {
      write: false,
      minify,
      target: "esnext",
      assetsInlineLimit: 0,
      rollupOptions: { input: path, preserveEntrySignatures: "strict" },
    },
  });
  const files = new Map<string, string | Uint8Array>();
  for (const { output } of [result].flat() as {
    output: { fileName: string; code?: string; source?: string | Uint8Array; isEntry?: boolean }[];
  }[])
    for (const file of output) {
      files.set(`/${file.fileName}`, file.code ?? (file.source as Uint8Array));
      if (file.isEntry)
        files.set(
          "/",
          `<!doctype html><script type="module">
            import * as program from "/${file.fileName}";
            globalThis.program = program;
          </script>`,
        );
    }
  return files;
}

const isolation = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };

async function serve(files: ReadonlyMap<string, string | Uint8Array>, isolated: boolean): Promise<{ url: string; server: Server }> {
  const types: Record<string, string> = { js: "text/javascript", wasm: "application/wasm" };
  const server = createServer((request, response) => {
    const path = request.url ?? "/";
    const file = files.get(path);
    response.writeHead(file === undefined ? 404 : 200, {
      ...(isolated && isolation),
      "content-type": types[path.split(".").at(-1) as string] ?? "text/html",
    });
    response.end(file);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, server };
}
