import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { killAtRandom } from "./kill.ts";

// what a killed process has written stays with the system, flushed to a disk or not: a folder in memory proves the same, in half the time
const shelf = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
let base = "";
beforeEach(() => {
  base = mkdtempSync(join(shelf, "pushforward-kill-"));
});
afterEach(() => rmSync(base, { recursive: true }));

test("a run that dies before, amid or after any change to the disk goes on to the undisturbed bytes", () => {
  const { stdout, stderr } = spawnSync(process.execPath, ["test/fixtures/faults-job.ts", base], { maxBuffer: 2 ** 24 });
  expect(stderr.toString()).toBe("");
  const { points, differing } = JSON.parse(stdout.toString()) as { points: string[]; differing: string[] };
  expect(differing).toEqual([]);
  for (const file of ["config.json", "checkpoint/state.safetensors", "artifacts/state.json", "artifacts/curve.csv", "results.json"])
    for (const point of [`before rename ${file}`, `after rename ${file}`, `amid write ${file}.tmp`, `after flush ${file}.tmp`])
      expect(points).toContain(point);
  for (const point of ["amid write metrics.jsonl", "after flush metrics.jsonl", "after cut metrics.jsonl"]) expect(points).toContain(point);
}, 400_000);

// where these fall depends on the machine; that the bytes come out the same does not
test("a run killed at six random moments gives the undisturbed bytes", async () => {
  const { whole, killed } = await killAtRandom(base, "test/fixtures/walk-job.ts", 900, 6, 40);
  expect(Object.keys(whole).length).toBe(9);
  expect(killed).toEqual(whole);
}, 400_000);

test("so does a training on the engine, with optimizer and averages", async () => {
  const { whole, killed } = await killAtRandom(base, "test/fixtures/train-job.ts", 300, 3, 60);
  expect(killed).toEqual(whole);
}, 400_000);
