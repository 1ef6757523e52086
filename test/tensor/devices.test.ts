/**
 * One program on every device there is: natively on the CPU, on WebGPU (SwiftShader, a GPU in software, comes with Debian's chromium) and in
 * WebAssembly in a real headless Chromium.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Browser, chromium } from "playwright-core";
import { describe, expect, test } from "vitest";
import { expectClose, f32 } from "./check.ts";
import { type Outcome, runMlp } from "./mlp.ts";

const browser = "/usr/bin/chromium";
const swiftshader = "/usr/lib/chromium/vk_swiftshader_icd.json";
const program = fileURLToPath(new URL("./mlp.ts", import.meta.url));

/** Sums of 32 x 16 products of f32 in another order: some tens of roundings of 6e-8; exp of another library, some more. */
async function expectSame(other: Outcome): Promise<void> {
  const cpu = await runMlp("cpu");
  expectClose(f32([other.value]), [cpu.value], 5e-6, "value");
  expectClose(f32(other.gradient), cpu.gradient, 5e-6, "gradient");
}

describe.runIf(existsSync(swiftshader))("WebGPU", () => {
  test("agrees with the CPU on the value and gradient of a network", async () => {
    // A process of its own: a driver that hangs or crashes takes nothing else with it.
    const script = `import(${JSON.stringify(`file://${program}`)}).then((m) => m.runMlp("webgpu")).then((r) => console.log(JSON.stringify(r)))`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
      env: { ...process.env, VK_ICD_FILENAMES: swiftshader, LD_LIBRARY_PATH: "/usr/lib/chromium" },
      timeout: 90_000,
      killSignal: "SIGKILL",
    });
    await expectSame(JSON.parse(stdout.trim().split("\n").at(-1) as string));
  });
});

describe.runIf(existsSync(browser))("WebAssembly in Chromium", () => {
  test("agrees with the CPU on the value and gradient of a network", async () => {
    const { url, server } = await serve(await bundle());
    let page: Browser | undefined;
    try {
      page = await chromium.launch({
        executablePath: browser,
        timeout: 30_000,
        args: [
          "--headless",
          "--no-sandbox",
          "--disable-gpu",
          "--disable-quic",
          "--no-first-run",
          "--disable-background-networking",
          "--disable-component-update",
          "--disable-sync",
        ],
      });
      const tab = await page.newPage();
      await tab.goto(url, { timeout: 20_000 });
      await tab.waitForFunction(() => "outcome" in globalThis || "failure" in globalThis, undefined, { timeout: 60_000 });
      const { outcome, failure } = await tab.evaluate(() => {
        const { outcome, failure } = globalThis as { outcome?: Outcome; failure?: string };
        return { outcome, failure };
      });
      expect(failure).toBeUndefined();
      await expectSame(outcome as Outcome);
    } finally {
      server.closeAllConnections();
      server.close();
      await page?.close();
    }
  });
});

/** The program as a page loads it: sources, and the runtime's WebAssembly beside them. */
async function bundle(): Promise<Map<string, string | Uint8Array>> {
  const { build } = await import("vite");
  const result = await build({
    configFile: false,
    logLevel: "error",
    root: fileURLToPath(new URL("../..", import.meta.url)),
    build: {
      write: false,
      minify: false,
      target: "esnext",
      assetsInlineLimit: 0,
      rollupOptions: { input: program, preserveEntrySignatures: "strict" },
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
            import { runMlp } from "/${file.fileName}";
            runMlp("wasm").then((r) => (globalThis.outcome = r), (e) => (globalThis.failure = String(e)));
          </script>`,
        );
    }
  return files;
}

async function serve(files: ReadonlyMap<string, string | Uint8Array>): Promise<{ url: string; server: Server }> {
  const types: Record<string, string> = { js: "text/javascript", wasm: "application/wasm" };
  const server = createServer((request, response) => {
    const path = request.url ?? "/";
    const file = files.get(path);
    response.writeHead(file === undefined ? 404 : 200, {
      "content-type": types[path.split(".").at(-1) as string] ?? "text/html",
    });
    response.end(file);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, server };
}
