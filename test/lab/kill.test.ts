import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { killAtRandom } from "./kill.ts";

let base = "";
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "pushforward-kill-"));
});
afterEach(() => rmSync(base, { recursive: true }));

test("a run killed at fifty random moments, in checkpoints and artifacts too, gives the undisturbed bytes", async () => {
  const { whole, killed, inCheckpoint, inArtifacts } = await killAtRandom(base, "test/fixtures/walk-job.ts", 900, 50, 40);
  expect(Object.keys(whole).length).toBe(9);
  expect(killed).toEqual(whole);
  // the fifty moments were not all harmless ones
  expect(inCheckpoint).toBeGreaterThan(0);
  expect(inArtifacts).toBeGreaterThan(0);
}, 400_000); // a busy machine takes its time

test("so does a training on the engine, with optimizer and averages", async () => {
  const { whole, killed } = await killAtRandom(base, "test/fixtures/train-job.ts", 300, 3, 60);
  expect(killed).toEqual(whole);
}, 400_000); // a busy machine takes its time
