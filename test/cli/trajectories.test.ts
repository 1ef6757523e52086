import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { ndarray, randomStream, toNumbers } from "../../src/array/index.ts";
import { openAnnotated } from "../../src/data/h5ad.ts";
import { fromOnnx } from "../../src/onnx/index.ts";
import { jit, type Tensor } from "../../src/tensor/index.ts";
import { writeLayout } from "../data/annotated.ts";
import { expectReported } from "../lab/reported.ts";
import { pushforward } from "./pushforward.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pushforward-trajectories-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function csv(name: string, lines: readonly string[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, lines.join("\n"));
  return path;
}

/** Clouds at the given times whose mean moves with velocity (1, 0). */
const moving = (times: readonly number[]): string[] => {
  const noise = randomStream(1).normal([times.length * 60]).data;
  return [
    "time,a,b",
    ...times.flatMap((t, k) =>
      Array.from({ length: 30 }, (_, i) => `${t},${t + 0.3 * noise[60 * k + 2 * i]},${0.3 * noise[60 * k + 2 * i + 1]}`),
    ),
  ];
};

test.each([
  ["one snapshot only", ["time,a", "0,1", "0,2"], [], /one time|single|two/i],
  [
    "a constant feature that was asked for",
    ["time,a,b", "0,1,5", "0,2,5", "1,3,5", "1,4,5"],
    ["--features", "a,b"],
    /column "?b"? is constant/,
  ],
  ["missing values", ["time,a", "0,1", "0,", "1,3", "1,4"], [], /a"?.*(missing|not numbers|empty)/s],
  ["text among numbers", ["time,a", "0,1", "0,x", "1,3", "1,4"], ["--features", "a"], /"a"/],
  ["no such column", ["time,alpha", "0,1", "1,3"], ["--features", "alpah"], /alpha/],
  ["a held-out time that is not there", moving([0, 1, 2]), ["--hold-out", "7"], /no time 7.*the times are 0, 1, 2/s],
  ["a held-out time at the start", moving([0, 1, 2]), ["--hold-out", "0"], /0 is the first time/],
  ["a hold-out that leaves one time", moving([0, 1, 2]), ["--hold-out", "1,2"], /only the time 0 is left to learn from/],
  [
    "a training that diverges",
    moving([0, 1]),
    ["--learning-rate", "1e30", "--steps", "40", "--width", "8"],
    /step \d+: the loss is (NaN|-?Infinity).*lower --learning-rate/s,
  ],
  ["an option that is not a number", moving([0, 1]), ["--steps", "many"], /--steps: expected/],
])("%s is refused with a message", async (name, lines, options, message) => {
  const path = await csv(`${name.replaceAll(" ", "-")}.csv`, lines as string[]);
  const { code, text } = await pushforward(path, ...(options as string[]), "--out", join(folder, "refused"), "--quiet");
  expect(code).toBe(1);
  expect(text).toMatch(message);
  expect(text).toMatch(/^error: /);
  expect(text).not.toMatch(/\n\s+at /);
});

test("a run predicts a held-out snapshot, and its files agree with each other", async () => {
  const path = await csv("moving.csv", moving([0, 1, 2, 3]));
  const out = join(folder, "run");
  const { code } = await pushforward(
    path,
    "--hold-out",
    "2",
    "--steps",
    "800",
    "--width",
    "32",
    "--learning-rate",
    "0.005",
    "--out",
    out,
    "--quiet",
    "--seed",
    "3",
  );
  expect(code).toBe(0);
  const results = JSON.parse(await readFile(join(out, "results.json"), "utf8"));
  const { heldOut } = results.results ?? results;
  const w1 = (name: string): number => heldOut[0].scores.find((s: { name: string }) => s.name === name).w1;
  // The cloud moves by one unit an interval: copying is off by that, while a moved cloud is off only by its own sampling noise, as the
  // point between the neighbours is. 30 points in two dimensions: that noise is about half a unit.
  expect(w1("action matching")).toBeLessThan(0.7 * w1("copy previous"));
  expect(w1("action matching")).toBeLessThan(w1("optimal-transport midpoint") + 0.2);
  const rows = (await readFile(join(out, "artifacts/trajectories.csv"), "utf8")).trim().split("\n");
  expect(rows[0]).toBe("particle,time,a,b,velocity a,velocity b,action");
  expect(rows.length).toBe(1 + 30 * 31);
  // The exported velocity, run by our own reader, moves particles to the right at about speed one.
  const model = fromOnnx(new Uint8Array(await readFile(join(out, "artifacts/velocity.onnx"))));
  const program = jit((t: Tensor, x: Tensor) => model.apply(model.params as never, t, x)[0]);
  const t = ndarray(new Float32Array(256).fill(1), [256, 1], "f32");
  const x = ndarray(
    Float32Array.from({ length: 512 }, (_, i) => (i % 2 ? 0 : 1)),
    [256, 2],
    "f32",
  );
  const v = toNumbers(await program(t, x));
  expect(Math.abs(v[0] - 1)).toBeLessThan(0.3);
  expect(Math.abs(v[1])).toBeLessThan(0.3);
}, 60_000);

const tiny = ["--steps", "40", "--width", "8", "--batch", "32", "--threads", "1", "--quiet"];
const resultsOf = async (out: string) => JSON.parse(await readFile(join(out, "results.json"), "utf8"));
const header = async (out: string, name: string): Promise<string> =>
  (await readFile(join(out, "artifacts", name), "utf8")).split("\n", 1)[0];

test.each([
  ["am-wfr", ["--mass", "counts"]],
  ["wlf-ot", []],
  ["am", ["--action", "per-interval"]],
  ["wlf-sb", ["--action", "global"]],
  ["wlf-uot-potential", ["--potential", "0.1*a^2 - b*t"]],
  ["sf2m", []],
] as [string, string[]][])("the method %s runs from a table to its files", async (method, extra) => {
  const path = await csv("methods.csv", moving([0, 1, 2, 3]));
  const out = join(folder, `method-${method}`);
  const { code, text } = await pushforward(path, "--method", method, ...extra, "--hold-out", "2", ...tiny, "--out", out);
  expect(text).toBe("");
  expect(code).toBe(0);
  const { heldOut, mass } = await resultsOf(out);
  expect(heldOut[0].scores[0].w1).toBeGreaterThan(0);
  const grows = /uam|uot|usb|wfr|mix/.test(method);
  expect(mass !== undefined).toBe(grows);
  expect((await header(out, "trajectories.csv")).includes("weight")).toBe(grows);
  expect((await header(out, "cells.csv")).includes("growth rate")).toBe(grows);
  await agree(out);
});

/** The exported velocity, in the user's units, is that of the table of moved particles. */
async function agree(out: string): Promise<void> {
  const [names, ...rows] = (await readFile(join(out, "artifacts/trajectories.csv"), "utf8"))
    .trim()
    .split("\n")
    .map((r) => r.split(","));
  const some = rows.filter((_, i) => i % 5 === 0);
  const columns = (wanted: string[]) =>
    ndarray(Float32Array.from(some.flatMap((r) => wanted.map((n) => Number(r[names.indexOf(n)])))), [some.length, wanted.length], "f32");
  const model = fromOnnx(new Uint8Array(await readFile(join(out, "artifacts/velocity.onnx"))));
  const [t, x] = [columns(["time"]), columns(["a", "b"])];
  const program = jit((at: Tensor, y: Tensor) => model.apply(model.params as never, at, y)[0]);
  const found = toNumbers(await program(t, x));
  const written = columns(["velocity a", "velocity b"]).data;
  // at a knot of a model of pieces, the table takes one side and rounding of the time may take the other
  const inner = (i: number): boolean => Math.abs(t.data[i >> 1] - Math.round(t.data[i >> 1])) > 1e-3;
  found.forEach((v, i) => void (inner(i) && expect(v).toBeCloseTo(written[i], 4)));
}

test("an h5ad file: counts to components, fates by group, features by gene, results back in the file", async () => {
  const path = join(folder, "cells.h5ad");
  await writeLayout(path, { cells: 90, genes: 12, x: "csr" });
  const out = join(folder, "h5ad");
  const { code } = await pushforward(path, "--time", "day", "--components", "3", "--group", "batch", ...tiny, "--out", out);
  expect(code).toBe(0);
  const fates = (await readFile(join(out, "artifacts/fates.csv"), "utf8")).trim().split("\n");
  expect(fates[0]).toBe("start,0,1,expansion");
  for (const row of fates.slice(1)) {
    const [, a, b] = row.split(",").map(Number);
    expect(a + b).toBeCloseTo(1, 5);
  }
  expect(await readFile(join(out, "artifacts/features.csv"), "utf8")).toMatch(/^g\d+,0,/m);
  const file = await openAnnotated(join(out, "artifacts/cells.h5ad"));
  expect((await file.embedding("pushforward_velocity")).shape).toEqual([90, 3]);
  const names = file.obs.columns.map((c) => c.name);
  expect(names).toContain("pushforward_action");
  expect(names).toContain("pushforward_fate_0");
  file.close();
});

test("features and groups may have the names of our own columns, and case may be all that tells them apart", async () => {
  const rows = moving([0, 1, 2]).slice(1);
  const groups = ["start", "ESC", "esc", ""];
  const lines = ["day,Particle,action,type,velocity Particle", ...rows.map((r, i) => `${r},${groups[i % 4]},${(i * i) % 7}`)];
  const path = await csv("names of columns.csv", lines);
  const out = join(folder, "names");
  const { code, text } = await pushforward(path, "--group", "type", "--method", "uam", ...tiny, "--out", out);
  expect(text).toBe("");
  expect(code).toBe(0);
  expect(await header(out, "trajectories.csv")).toBe(
    "particle,time,weight,Particle 2,action,velocity Particle,velocity Particle 2,velocity action,velocity velocity Particle,growth rate,action 2",
  );
  expect(await header(out, "cells.csv")).toMatch(/,fate ESC,fate esc 2,fate start,fate unassigned$/);
  expect(await header(out, "fates.csv")).toBe("start,ESC,esc 2,start 2,unassigned,expansion");
  expect((await resultsOf(out)).warnings.join()).toMatch(/22 particles have no group: "unassigned"/);
  const report = await readFile(join(out, "report.html"), "utf8");
  expect(/trajectories &quot;[^&]*names of columns.csv&quot; --out/.test(report)).toBe(true);
});

test("a run prints the features that nobody named, without the group, and none that were named", async () => {
  const path = await csv(
    "taken.csv",
    moving([0, 1, 2]).map((l, i) => `${l},${i ? i % 2 : "cluster"}`),
  );
  const printed = async (...options: string[]): Promise<string> => {
    const { out } = await pushforward(path, "--group", "cluster", ...options, ...tiny, "--overwrite", "--out", join(folder, "taken"));
    return out;
  };
  expect(await printed()).toMatch(/^features: "a", "b"$/m);
  expect(await printed("--features", "a,b")).not.toMatch(/^features:/m);
});

test("groups whose names differ by a slash have columns of their own in the h5ad file", async () => {
  const path = join(folder, "slash.h5ad");
  await writeLayout(path, { cells: 90, genes: 12, x: "csr", embedding: true, types: ["T/B", "T_B", "", "ESC"] });
  const out = join(folder, "slash");
  const { code } = await pushforward(path, "--time", "day", "--group", "type", ...tiny, "--out", out);
  expect(code).toBe(0);
  const file = await openAnnotated(join(out, "artifacts/slash.h5ad"));
  const names = file.obs.columns.map((c) => c.name).filter((n) => n.startsWith("pushforward_fate"));
  file.close();
  expect(names).toEqual(["ESC", "T_B", "T_B 2", "unassigned"].map((name) => `pushforward_fate_${name}`));
  // with other coordinates the velocities have another width than those in the file
  const again = await pushforward(
    join(out, "artifacts/slash.h5ad"),
    "--time",
    "day",
    "--components",
    "3",
    ...tiny,
    "--out",
    join(folder, "slash-again"),
  );
  expect(again.text).toMatch(/"pushforward_velocity" of an earlier run has 2 columns, this one would have 3/);
});

test.each([
  ["1d", 24],
  ["24H", 24],
  ["24", 24],
  ["0.1", 0.1],
])("--hold-out %s is the file's own label, or a number", async (holdOut, time) => {
  const labels = time === 24 ? ["1h", "1d", "2d"] : ["0", String(Math.fround(0.1)), "2"];
  const lines = moving([0, 1, 2]).map((l) => l.replace(/^[012]/, (k) => labels[Number(k)]));
  const out = join(folder, `held-${holdOut}`);
  const { code } = await pushforward(await csv(`held-${holdOut}.csv`, lines), "--hold-out", holdOut, ...tiny, "--out", out);
  expect(code).toBe(0);
  expect((await resultsOf(out)).heldOut.map((p: { time: number }) => Math.fround(p.time))).toEqual([Math.fround(time)]);
});

test("a held-out label that is not there is answered with the file's own", async () => {
  const lines = moving([0, 1, 2]).map((l) => l.replace(/^[012]/, (k) => `2020-0${Number(k) + 1}-01`));
  const { text } = await pushforward(await csv("dates.csv", lines), "--hold-out", "2020-02-02", ...tiny, "--out", join(folder, "dates"));
  expect(text).toMatch(/no time 2020-02-02.*the times are 2020-01-01, 2020-02-01, 2020-03-01/s);
});

test("many features without --components are refused", async () => {
  const wide = moving([0, 1, 2]).map(
    (line, i) => `${line},${Array.from({ length: 600 }, (_, j) => (i ? Math.sin(i * (j + 1)) : `f${j}`)).join(",")}`,
  );
  const path = await csv("wide.csv", wide);
  const refused = await pushforward(path, ...tiny, "--out", join(folder, "wide"));
  expect(refused.text).toMatch(/602 features are too many.*--components 50/s);
});

test("--density gives log densities in the user's units: of a Gaussian at both ends of its path", async () => {
  const out = join(folder, "density");
  const { code } = await pushforward(
    "--data",
    "gaussians",
    "--head",
    "distance",
    "--density",
    "gaussian",
    "--steps",
    "1000",
    "--width",
    "32",
    "--learning-rate",
    "0.005",
    "--quiet",
    "--out",
    out,
  );
  expect(code).toBe(0);
  const [names, ...rows] = (await readFile(join(out, "artifacts/cells.csv"), "utf8"))
    .trim()
    .split("\n")
    .map((line) => line.split(","));
  const at = (name: string): number => names.indexOf(name);
  for (const [time, mean, sd] of [
    [0, 0, 1],
    [1, 2, 0.5],
  ]) {
    const cells = rows.filter((r) => Number(r[at("time")]) === time);
    const miss = cells.map(
      (r) => Number(r[at("log_density")]) + (Number(r[at("x")]) - mean) ** 2 / (2 * sd * sd) + Math.log(sd * Math.sqrt(2 * Math.PI)),
    );
    // moments of 1,000 particles are off by 1/32, and so is the training; far out errors grow with the square of the distance
    const near = miss.filter((_, i) => Math.abs(Number(cells[i][at("x")]) - mean) < 2 * sd);
    expect(Math.abs(near.reduce((a, b) => a + b, 0) / near.length)).toBeLessThan(0.1);
  }
});

test.each([
  [["--method", "eam", "--density", "kernel"], /eam move with noise.*sf2m/s],
  [["--method", "uam", "--head", "inner"], /cannot represent growth rates/],
  [["--method", "ot-cfm", "--head", "distance"], /ot-cfm is flow matching, which has no action/],
  [["--auto", "--density", "kernel"], /--auto chooses among methods of which not all take --density/],
])("%s is refused with a message", async (options, message) => {
  const { code, text } = await pushforward("--data", "gaussians", ...options, "--quiet", "--out", join(folder, "refused"));
  expect(code).toBe(1);
  expect(text).toMatch(message);
  expect(text).not.toMatch(/\n\s+at /);
});

test("--auto tries candidates, says why it chose, and runs the chosen one", async () => {
  const path = await csv("auto.csv", moving([0, 1, 2]));
  const out = join(folder, "auto");
  const { code } = await pushforward(path, "--auto", "--mass", "counts", "--quick", ...tiny, "--out", out);
  expect(code).toBe(0);
  const { choice, method, price } = await resultsOf(out);
  expect(choice.map((c: { method: string }) => c.method)).toEqual(["uam", "am-wfr", "wlf-uot"]);
  // all with the price that the same snapshots gave
  expect(choice.map((c: { growth: number }) => c.growth)).toEqual(new Array(3).fill(price.growth));
  const lowest = choice.reduce((a: { w1: number }, b: { w1: number }) => (b.w1 < a.w1 ? b : a));
  const chosen = choice.find((c: { w1: number }) => c.w1 <= lowest.w1 + lowest.error);
  expect(method).toBe(chosen.method);
  const page = await readFile(join(out, "report.html"), "utf8");
  for (const name of ["optimal-transport midpoint", "unbalanced-transport midpoint, λ", "sampling floor", "one-standard-error rule"])
    expect(page).toContain(name);
  const two = await pushforward(await csv("two.csv", moving([0, 1])), "--auto", ...tiny, "--out", join(folder, "two"));
  expect(two.text).toMatch(/--auto needs at least three snapshots/);
});

test("the trials of --auto by two processes give the same run, and are not made again when it goes on", async () => {
  const path = await csv("shared.csv", moving([0, 1, 2]));
  const ask = (name: string, ...more: string[]) =>
    pushforward(path, "--auto", "--mass", "counts", "--quick", ...tiny, "--threads", "1", "--out", join(folder, name), ...more);
  await ask("alone");
  expect((await ask("shared", "--workers", "2", "--stop-at", "5")).code).toBe(0);
  const trial = join(folder, "shared", "parts", "uam-without-1", "results.json");
  const made = (await stat(trial)).mtimeMs;
  expect((await ask("shared", "--stop-at", "6")).code).toBe(0);
  expect((await stat(trial)).mtimeMs).toBe(made);
  await ask("shared");
  for (const file of ["metrics.jsonl", "checkpoint/state.safetensors", "artifacts/trajectories.csv"])
    expect((await readFile(join(folder, "shared", file))).equals(await readFile(join(folder, "alone", file)))).toBe(true);
  // but for the seconds that trials took
  const choices = [await resultsOf(join(folder, "alone")), await resultsOf(join(folder, "shared"))].map(({ choice }) =>
    choice.map(({ seconds, ...rest }: { seconds: number }) => rest),
  );
  expect(choices[1]).toEqual(choices[0]);
  expect((await pushforward(path, ...tiny, "--workers", "2", "--out", join(folder, "unshared"))).text).toMatch(
    /--workers: with these options no work of trajectories splits/,
  );
});

test.each([
  ["a potential for a method without one", ["--potential", "a^2"], /method am has none/],
  ["a potential method without a potential", ["--method", "wlf-potential"], /needs --potential/],
  ["a formula that ends too early", ["--method", "wlf-potential", "--potential", "a^2 +"], /expected a number.*found the end/],
  ["weights that are not there", ["--mass", "weight"], /--mass weight needs a column/],
  ["a method that is none", ["--method", "wlf"], /--method/],
] as [string, string[], RegExp][])("%s is refused", async (_, options, message) => {
  const path = await csv("options.csv", moving([0, 1, 2]));
  const { code, text } = await pushforward(path, ...options, ...tiny, "--out", join(folder, "options"));
  expect(code).toBe(1);
  expect(text).toMatch(message);
});

test("diagnostics beyond their limits are told first, in the terminal, the JSON and the report, with the choice of λ", async () => {
  const path = await csv("untrained.csv", moving([0, 1, 2]));
  const at = join(folder, "untrained");
  const { code, out: text } = await pushforward(path, "--method", "uam", ...tiny, "--steps", "3", "--out", at);
  expect(code).toBe(0);
  const { warnings, price, fit } = await resultsOf(at);
  const miss = /misses a snapshot that it was learned from/;
  expect(warnings.join("\n")).toMatch(miss);
  expect(fit).toHaveLength(2);
  const report = await readFile(join(at, "report.html"), "utf8");
  for (const where of [text, report]) expect(where).toMatch(miss);
  expect(text.indexOf("misses a snapshot")).toBeLessThan(text.indexOf("action of the path"));
  expect(text).toMatch(new RegExp(`price of growth λ = ${price.growth} \\(--growth\\): the smallest`));
  expect(report).toContain("Price of growth");
  // what is given is taken, and nothing is chosen
  const given = await pushforward(path, "--method", "uam", ...tiny, "--steps", "3", "--growth", "0.7", "--out", join(folder, "given"));
  expect(given.out).not.toMatch(/price of growth/);
  expect((await resultsOf(join(folder, "given"))).price).toBeUndefined();
});

test("distances are told with their unit, and in the file's own where features share one scale", async () => {
  const path = await csv("shared.csv", moving([0, 1, 2]));
  const run = async (name: string, ...options: string[]) => {
    const at = join(folder, name);
    const { out: text } = await pushforward(path, "--hold-out", "1", ...tiny, "--steps", "3", ...options, "--out", at);
    const [{ unit, scores }] = (await resultsOf(at)).heldOut;
    return { text, unit, scores };
  };
  const each = await run("unit-each");
  expect(each.text).toMatch(/W1 \(± one standard error over the sampling of both clouds\) in standard deviations of each feature\n/);
  expect(each.scores[0].ownW1).toBeUndefined();
  const common = await run("unit-common", "--scale", "common");
  expect(common.text).toMatch(/of the feature that varies most, then in units of the file/);
  for (const { w1, ownW1, biasedMmd } of common.scores) {
    expect(ownW1).toBeCloseTo(w1 * common.unit.own, 9);
    expect(biasedMmd).toBeGreaterThanOrEqual(0);
  }
});

test("the last time is forecast from those before it, with a warning, against a straight line and a copy", async () => {
  const path = await csv("forecast.csv", moving([0, 1, 2, 3]));
  const out = join(folder, "forecast");
  const { code } = await pushforward(
    path,
    "--hold-out",
    "3",
    ...tiny,
    "--steps",
    "300",
    "--learning-rate",
    "0.005",
    "--width",
    "32",
    "--out",
    out,
  );
  expect(code).toBe(0);
  const { heldOut, warnings } = await resultsOf(out);
  const w1 = Object.fromEntries(heldOut[0].scores.map((s: { name: string; w1: number }) => [s.name, s.w1]));
  expect(Object.keys(w1)).toEqual(["action matching", "copy previous", "straight on from the last two"]);
  expect(warnings.join()).toMatch(/3: a forecast beyond the last snapshot that is learned from \(2\)/);
  // the cloud goes on by one unit, about 0.9 standard deviations of a line of three snapshots; 30 points scatter by half of that
  expect(w1["action matching"]).toBeLessThan(0.8 * w1["copy previous"]);
  expect(w1["straight on from the last two"]).toBeLessThan(0.8 * w1["copy previous"]);
});

test("one cell at a time, sizes that differ a lot and dates as times still give trajectories, with warnings", async () => {
  const rows = [
    "time,a,b",
    "2024-01-01,0,0.1",
    ...Array.from({ length: 40 }, (_, i) => `2024-01-03,${1 + 0.1 * Math.sin(i)},${0.1 * Math.cos(3 * i)}`),
    ...Array.from({ length: 9 }, (_, i) => `2024-01-04,${2 + 0.1 * i},${i % 3}`),
  ];
  const out = join(folder, "odd");
  expect((await pushforward(await csv("odd.csv", rows), ...tiny, "--out", out)).code).toBe(0);
  const { warnings } = await resultsOf(out);
  expect(warnings.join("\n")).toMatch(/fewer than 10 particles/);
});

test("inspect tells sizes, shifts and distances", async () => {
  const path = await csv("inspect.csv", moving([0, 1, 3]));
  const { code, out } = await pushforward("inspect", path, "--json");
  expect(code).toBe(0);
  const { snapshots } = JSON.parse(out);
  expect(snapshots.map((s: { particles: number }) => s.particles)).toEqual([30, 30, 30]);
  // the second step is twice as long as the first, in a standardised first feature of deviation about 1.3
  expect(snapshots[1].next.w1).toBeGreaterThan(1.5 * snapshots[0].next.w1);
});

test("a run stopped between checkpoints goes on to the same metrics and the same trajectories", async () => {
  const path = await csv("stopped.csv", moving([0, 1, 2]));
  const options = (out: string): string[] => [
    path,
    "--steps",
    "150",
    "--width",
    "16",
    "--out",
    join(folder, out),
    "--quiet",
    "--seed",
    "5",
  ];
  expect((await pushforward(...options("whole"))).code).toBe(0);
  // SIGINT to ourselves with the first line of progress, after 20 steps: the run handles it, finishes its step and saves
  let sent = false; // the line comes again at the end, and a second signal would end this process
  const told = vi.spyOn(process.stderr, "write").mockImplementation((line) => {
    if (!sent && String(line).includes("20/150")) sent = process.kill(process.pid, "SIGINT");
    return true;
  });
  const first = await pushforward(...options("halved").filter((option) => option !== "--quiet"));
  told.mockRestore();
  process.exitCode = 0;
  expect(first.code).toBe(130);
  expect((await pushforward(...options("halved"))).code).toBe(0);
  for (const file of ["metrics.jsonl", "artifacts/trajectories.csv"])
    expect(await readFile(join(folder, "halved", file), "utf8")).toBe(await readFile(join(folder, "whole", file), "utf8"));
}, 60_000);

test("runs write the numbers that their methods declare, and no others", async () => {
  // of mechanics, groups and tracks
  const others = ["match", "missing", "energy.imbalance", "energy.error", "energy.friction", "energy.points.**", "transitions.**"];
  await expectReported(folder, "trajectories", [...others, "heldOut.*.paths.*", "choice.*.noise", "heldOut.*.unit.own"]);
});
