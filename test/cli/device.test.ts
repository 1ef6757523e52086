/** `--device`: what computes is part of a run, and a device that is missing is told before any work. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { configure } from "../../src/tensor/index.ts";
import { pushforward } from "./pushforward.ts";

const folder = mkdtempSync(join(tmpdir(), "pushforward-device-"));
afterAll(() => rmSync(folder, { recursive: true }));
const few = ["--data", "gaussians", "--steps", "2", "--width", "8", "--quiet", "--json"];

test("both devices give the same numbers but for rounding; the run says which it was", async () => {
  const losses: number[] = [];
  for (const device of ["wasm", "cpu"]) {
    const out = join(folder, device);
    const done = await pushforward(...few, "--device", device, "--out", out);
    configure({ device: undefined });
    expect([done.code, done.text]).toEqual([0, ""]);
    losses.push(JSON.parse(done.out.trim().split("\n").at(-1)!).loss);
    expect(JSON.parse(readFileSync(join(out, "config.json"), "utf8")).config.device).toBe(device);
  }
  // a loss of two steps in f32
  expect(Math.abs(losses[0] - losses[1])).toBeLessThan(1e-4 * Math.max(1, Math.abs(losses[1])));
  const other = await pushforward(...few, "--out", join(folder, "cpu"), "--device", "wasm");
  configure({ device: undefined });
  expect(other.text).toMatch(/another configuration \(device/);
});

test("what is not there is told with what to do, and leaves nothing", async () => {
  const out = join(folder, "nothing");
  const { code, text } = await pushforward(...few, "--out", out, "--device", "cuda");
  expect(code).toBe(1);
  expect(text).toMatch(/^error: --device cuda: the cuda device is not available/);
  expect(text).toMatch(/hint: install its libraries with: npm rebuild onnxruntime-node/);
  expect(existsSync(out)).toBe(false);
});
