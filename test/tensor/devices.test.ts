/**
 * One program on every device there is: natively on the CPU, on WebGPU (SwiftShader, a GPU in software, comes with Debian's chromium) and
 * in WebAssembly in a real headless Chromium.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, test } from "vitest";
import { hasBrowser, inPage } from "../page.ts";
import { expectClose, f32 } from "./check.ts";
import { type Outcome, runMlp } from "./mlp.ts";

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
    const run = `import(${JSON.stringify(`file://${program}`)}).then((m) => m.runMlp("webgpu"))`;
    const script = `${run}.then((r) => console.log(JSON.stringify(r)))`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
      env: { ...process.env, VK_ICD_FILENAMES: swiftshader, LD_LIBRARY_PATH: "/usr/lib/chromium" },
      timeout: 90_000,
      killSignal: "SIGKILL",
    });
    await expectSame(JSON.parse(stdout.trim().split("\n").at(-1) as string));
  });
});

describe.runIf(hasBrowser)("WebAssembly in Chromium", () => {
  test("agrees with the CPU on the value and gradient of a network", async () => {
    await expectSame(await inPage<Outcome>(program, 'program.runMlp("wasm")'));
  });
});
