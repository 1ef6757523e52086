/** Weights of particles in everything that the command says. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { randomStream } from "../../src/array/index.ts";
import type { Prediction } from "../../src/transport/index.ts";
import { expectReported } from "../lab/reported.ts";
import { pushforward } from "./pushforward.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pushforward-weights-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const n = 40;
const noise = randomStream(5).normal([3 * n, 2]).data;
/** Two groups at 0 and 4, which move by one an interval. */
const place = (k: number, i: number): number => k + (i % 2 ? 4 : 0) + 0.2 * noise[2 * (k * n + i)];
const file = (weight: (i: number) => number): string =>
  [
    "time,x,y,w,type",
    ...[0, 1, 2].flatMap((k) =>
      Array.from({ length: n }, (_, i) => `${k},${place(k, i)},${noise[2 * (k * n + i) + 1]},${weight(i)},${i % 2 ? "right" : "left"}`),
    ),
  ].join("\n");

async function run(name: string, weight: (i: number) => number, ...options: string[]) {
  const path = join(folder, `${name}.csv`);
  await writeFile(path, file(weight));
  const out = join(folder, name);
  const tiny = ["--steps", "40", "--width", "8", "--batch", "32", "--threads", "1", "--quiet", "--out", out];
  const { code, text } = await pushforward(path, "--features", "x,y", "--hold-out", "1", ...tiny, ...options);
  expect(text).toBe("");
  expect(code).toBe(0);
  const rows = async (table: string): Promise<string[][]> =>
    (await readFile(join(out, "artifacts", `${table}.csv`), "utf8"))
      .trim()
      .split("\n")
      .map((l) => l.split(","));
  return { results: JSON.parse(await readFile(join(out, "results.json"), "utf8")), rows };
}
const w1 = (results: { heldOut: Prediction[] }): Record<string, number> =>
  Object.fromEntries([...results.heldOut[0].scores.map((s) => [s.name, s.w1]), ["floor", results.heldOut[0].floor]]);

test("equal weights change nothing, others count in every score", async () => {
  const [none, equal, right] = [
    await run("none", () => 1),
    await run("equal", () => 2.5, "--weight", "w"),
    await run("right", (i) => (i % 2 ? 3 : 0.5), "--weight", "w"),
  ];
  for (const [name, value] of Object.entries(w1(equal.results))) expect(value, name).toBeCloseTo(w1(none.results)[name], 5);
  // the copies move by one along x, weighted or not; in standard deviations of x, which are those of the two groups and their motion
  const all = [0, 2].flatMap((k) => Array.from({ length: n }, (_, i) => place(k, i)));
  const mean = all.reduce((a, b) => a + b) / all.length;
  const deviation = Math.sqrt(all.reduce((s, v) => s + (v - mean) ** 2, 0) / all.length);
  for (const { results } of [none, right]) expect(w1(results)["copy previous"]).toBeGreaterThan(0.9 / deviation);
  // nine of ten particles' worth of mass on the right: its midpoint is the weighted one
  expect(w1(right.results)["optimal-transport midpoint"]).toBeLessThan(0.8);
  expect(w1(right.results)["optimal-transport midpoint"]).not.toBeCloseTo(w1(none.results)["optimal-transport midpoint"], 4);
  expect(w1(right.results).floor).not.toBeCloseTo(w1(none.results).floor, 4);
}, 60_000);

test("features, masses and fates begin with the weights", async () => {
  const { results, rows } = await run("fates", (i) => (i % 2 ? 3 : i === 0 ? 0 : 1), "--weight", "w", "--method", "uam", "--group", "type");
  const [, first] = await rows("features");
  const weights: number[] = Array.from({ length: n }, (_, i) => (i % 2 ? 3 : i === 0 ? 0 : 1));
  const total = weights.reduce((a, b) => a + b);
  expect(first[0]).toBe("x");
  expect(Number(first[2])).toBeCloseTo(weights.reduce((s, w, i) => s + w * place(0, i), 0) / total, 4);
  const [header, ...moved] = await rows("trajectories");
  const column = header.indexOf("weight");
  weights.forEach((w, i) => void expect(Number(moved[i][column])).toBeCloseTo((w * n) / total, 5));
  expect(results.mass[0].mass).toBeCloseTo(1, 6);
  const matrix = await rows("fates");
  for (const row of matrix.slice(1)) expect(Number(row[1]) + Number(row[2])).toBeCloseTo(1, 6);
  // expansions weighted by the mass of their groups add up to the mass at the end
  const share = weights.reduce((s, w, i) => s + (i % 2 ? 0 : w), 0) / total;
  const expansion = matrix.slice(1).map((row) => Number(row[row.length - 1]));
  expect(share * expansion[0] + (1 - share) * expansion[1]).toBeCloseTo(results.mass.at(-1).mass, 4);
}, 60_000);

test("inspect tells a shift in one of 50 dimensions from two samples of one population", async () => {
  const d = 50;
  const cells = randomStream(8).normal([3 * 150, d]).data;
  const names = Array.from({ length: d }, (_, j) => `f${j}`);
  const lines = [0, 1, 2].flatMap((k) =>
    Array.from({ length: 150 }, (_, i) =>
      [k, ...names.map((_name, j) => cells[(k * 150 + i) * d + j] + (k === 2 && j === 0 ? 3 : 0))].join(","),
    ),
  );
  const path = join(folder, "inspect.csv");
  await writeFile(path, [["time", ...names].join(","), ...lines].join("\n"));
  const { out } = await pushforward("inspect", path, "--json");
  const { snapshots, warnings } = JSON.parse(out);
  expect(snapshots[0].next.p).toBeGreaterThan(0.1);
  expect(snapshots[1].next.p).toBe(1 / 40);
  expect(warnings.filter((w: string) => w.includes("no farther apart"))).toHaveLength(1);
});

test("runs write numbers that are declared alone", () => expectReported(folder, "trajectories", "elsewhere"));
