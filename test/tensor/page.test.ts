/** The engine in a page: what it downloads, what it computes, and what it needs ONNX Runtime for. */
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { toOnnx } from "../../src/onnx/index.ts";
import { square, type Tensor } from "../../src/tensor/index.ts";
import { like } from "../../src/tensor/jit.ts";
import { bundle, hasBrowser, openPage } from "../page.ts";
import type { Outcome } from "./mlp.ts";
import { actions } from "./runtime-page.ts";

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

test("a page with the engine loads less than 100 kB, compressed, and nothing of Node or of ONNX Runtime", async () => {
  const files = await bundle(path("./mlp.ts"), true);
  // what is loaded at once or with the first program: all but the writer of ONNX models
  const loaded = [...files].filter(([name]) => name !== "/" && !name.includes("onnx-session"));
  expect(loaded.reduce((sum, [, content]) => sum + gzipSync(content).length, 0)).toBeLessThan(100_000);
  for (const [name, content] of files) {
    // scripts only: the runtime would bring its own WebAssembly
    expect(name).toMatch(/\.js$|^\/$/);
    expect(/\bfrom\s*["'`](node:|onnxruntime)|browser-external/.exec(String(content))?.[0]).toBeUndefined();
  }
});

describe.runIf(hasBrowser)("in Chromium", () => {
  test("value and gradient of a network are the same bits as in Node", async () => {
    const page = await openPage(path("./runtime-page.ts"));
    try {
      expect(await page.evaluate<Outcome>('program.actions.runMlp("wasm")')).toEqual(await actions.runMlp("wasm"));
    } finally {
      await page.close();
    }
  });

  test.each([true, false])("a large step has the bits of Node, by threads if the page is isolated (%s) or by one", async (isolated) => {
    const page = await openPage(path("./runtime-page.ts"), { isolated });
    type Large = Awaited<ReturnType<typeof actions.runLarge>>;
    try {
      const { bits, shared } = await page.evaluate<Large>("program.actions.runLarge(2)");
      expect([bits, shared]).toEqual([(await actions.runLarge(1)).bits, isolated]);
    } finally {
      await page.close();
    }
  });

  test("a model of others runs once the page has said what loads the runtime, and says so before", async () => {
    const page = await openPage(path("./runtime-page.ts"));
    const model = toOnnx((x: Tensor) => square(x), [like([3])]);
    const run = `program.actions.runModel([${[...model]}], [1, -2, 3], [3])`;
    try {
      await expect(page.evaluate(run)).rejects.toThrow(/configure\(\{ runtime: \(\) => import\("onnxruntime-web"\) \}\)/);
      await page.evaluate("program.actions.loadRuntime()");
      expect(await page.evaluate<number[]>(run)).toEqual([1, 4, 9]);
    } finally {
      await page.close();
    }
  });
});
