import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { randomStream } from "../../src/array/index.ts";
import { openAnnotated, writeAnnotated } from "../../src/data/h5ad.ts";
import { writeLayout } from "../data/annotated.ts";
import { expectReported } from "../lab/reported.ts";
import { pushforward } from "./pushforward.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pushforward-forces-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const tiny = ["--steps", "60", "--width", "16", "--batch", "64", "--threads", "1", "--learning-rate", "0.003", "--quiet"];
const resultsOf = async (out: string) => JSON.parse(await readFile(join(out, "results.json"), "utf8"));
const speed = 0.4 * Math.PI;

/**
 * A cloud that turns about the origin by 72 degrees a unit of time, with its velocities; lengths and times in other units by factors. A
 * straight line misses
 * the held-out time 1.
 */
async function turning(name: string, { length = 1, duration = 1 } = {}): Promise<string> {
  const z = randomStream(1).normal([3 * 80]).data;
  const rows = [0, 1, 2].flatMap((t) =>
    Array.from({ length: 40 }, (_, i) => {
      const [a, b] = [2 + 0.3 * z[80 * t + 2 * i], 0.3 * z[80 * t + 2 * i + 1]];
      const [c, s] = [Math.cos(speed * t), Math.sin(speed * t)];
      const [x, y] = [c * a - s * b, s * a + c * b];
      const v = [-speed * y, speed * x].map((u) => (u * length) / duration);
      return [t * duration, x * length, y * length, ...v].join(",");
    }),
  );
  const path = join(folder, name);
  await writeFile(path, ["time,x,y,vx,vy", ...rows].join("\n"));
  return path;
}

/** W1 of the prediction and of the optimal-transport midpoint at the held-out time. */
async function scores(out: string, path: string, ...options: string[]): Promise<{ own: number; midpoint: number; notes: string }> {
  const { code, text } = await pushforward(
    path,
    "--features",
    "x,y",
    "--hold-out",
    String(options.includes("--hours") ? 24 : 1),
    ...options.filter((o) => o !== "--hours"),
    ...tiny,
    "--out",
    join(folder, out),
  );
  expect(text).toBe("");
  expect(code).toBe(0);
  const { heldOut, warnings } = await resultsOf(join(folder, out));
  const midpoint = heldOut[0].scores.find((s: { name: string }) => s.name === "optimal-transport midpoint").w1;
  return { own: heldOut[0].scores[0].w1, midpoint, notes: warnings.join("\n") };
}

test("a drift that turns the cloud predicts what a straight line misses, as a formula, as measured velocities, and in other units", async () => {
  const path = await turning("turning.csv");
  const formula = await scores("formula", path, "--drift", `x=-${speed}*y; y=${speed}*x`);
  // the midpoint of a chord of 144 degrees lies 1 - cos 72° of the radius off: 1.4, which is 1.4 standard deviations
  expect(formula.midpoint).toBeGreaterThan(1);
  expect(formula.own).toBeLessThan(0.5 * formula.midpoint);
  const other = await turning("other.csv", { length: 50, duration: 24 });
  const hours = await scores("hours", other, "--hours", "--drift", `x=-${speed / 24}*y; y=${speed / 24}*x`);
  // the same training up to the rounding of f32
  expect(Math.abs(hours.own - formula.own)).toBeLessThan(0.01);
  // between the training snapshots the kernels know the velocities of both ends only, which are 144 degrees apart
  const measured = await scores("measured", other, "--hours", "--velocity", "vx,vy", "--velocity-scale", "1.0");
  expect(measured.own).toBeLessThan(formula.midpoint);
  expect(measured.notes).toMatch(/kernels of width .* R² (0\.[89]|1\.0)/);
}, 60_000);

test("velocities in another unit of time are fitted to the motion of the means, those that point backward are refused", async () => {
  const z = randomStream(2).normal([3 * 60]).data;
  const rows = (sign: number): string[] =>
    [0, 1, 2].flatMap((t) =>
      Array.from({ length: 30 }, (_, i) => `${t},${2 * t + 0.3 * z[60 * t + 2 * i]},${0.3 * z[60 * t + 2 * i + 1]},${sign * 0.1},0`),
    );
  const path = join(folder, "drifting.csv");
  await writeFile(path, ["time,x,y,vx,vy", ...rows(1)].join("\n"));
  const { notes } = await scores("fit", path, "--velocity", "vx,vy", "--velocity-scale", "fit");
  expect(notes).toMatch(/scaled by (19\.\d|20\.\d|20)/);
  await writeFile(path, ["time,x,y,vx,vy", ...rows(-1)].join("\n"));
  const refused = await pushforward(
    path,
    "--features",
    "x,y",
    "--velocity",
    "vx,vy",
    "--velocity-scale",
    "fit",
    ...tiny,
    "--out",
    join(folder, "back"),
  );
  expect(refused.text).toMatch(/point against the motion of the means/);
});

test.each([
  ["costs by power and weights in time", ["--cost", "power 3", "--time-weight", "1 + t"]],
  ["a potential from the data", ["--method", "wlf-potential", "--potential", "data 0.5"]],
  ["an interaction", ["--method", "wlf-potential", "--interaction", "exp(-r^2/2)"]],
  ["noise in time", ["--method", "eam", "--noise", "0.1 + 0.05*t"]],
  ["noise in time of a bridge that is learned", ["--method", "wlf-sb", "--noise", "0.1 + 0.05*t"]],
])("%s run", async (name, options) => {
  const { own } = await scores(name.replaceAll(" ", "-"), await turning("options.csv"), ...options);
  expect(Number.isFinite(own)).toBe(true);
});

test.each([
  ["a power below one", ["--cost", "power 0.5"], /--cost "power 0.5": the power must be a number above 1/],
  ["a cost of no feature", ["--cost", "z=2"], /--cost: no feature "z".*features are x, y/s],
  ["a negative cost", ["--cost", "x=-2"], /weight of "x" must be a positive number/],
  ["a cost for flow matching", ["--method", "ot-cfm", "--cost", "x=2"], /ot-cfm is flow matching, which has no action/],
  ["a drift of no feature", ["--drift", "x=1; yy=2"], /--drift: no feature "yy"/],
  ["a drift given twice", ["--drift", "x=1; x=2"], /"x" is given twice/],
  ["a drift that is no formula", ["--drift", "x=1+"], /--drift, x: .*found the end/],
  ["a drift that is not finite", ["--drift", "x=log(-100-x*x)"], /no finite number at 40 of 40 particles/],
  ["a drift by formula and measured", ["--drift", "x=1", "--velocity", "vx,vy"], /not both/],
  ["too few velocities", ["--velocity", "vx"], /1 columns of velocities for 2 features/],
  ["a scale without velocities", ["--velocity-scale", "2"], /--velocity-scale needs --velocity/],
  ["a scale that is no number", ["--velocity", "vx,vy", "--velocity-scale", "big"], /expected a number or fit/],
  ["a weight that is negative", ["--time-weight", "t - 1"], /--time-weight: "t - 1" is -1 at t = 0/],
  ["a weight in time for a Lagrangian flow", ["--method", "wlf-ot", "--time-weight", "t"], /only the loss of action matching/],
  ["noise that is negative at a time", ["--method", "eam", "--noise", "0.1 - t"], /--noise: "0.1 - t" is -/],
  ["noise of a motion without", ["--noise", "0.3"], /--noise 0\.3: am is a motion without noise.*eam/s],
  ["a price of growth without growth", ["--method", "eam", "--growth", "1"], /--growth 1: eam knows no growth.*uam/s],
  ["noise that is too much", ["--noise", "11"], /--noise 11: expected a number from 0 to 10/],
  ["noise in time of bridges", ["--method", "am-sb", "--noise", "0.1 + t"], /bridges of am-sb have constant noise/],
  ["noise in time with --auto", ["--auto", "--noise", "0.1 + t"], /--auto chooses the noise/],
  ["a strength of zero", ["--method", "wlf-potential", "--potential", "data 0"], /strength must be a number other than 0/],
  ["an interaction for a method without one", ["--interaction", "r^2"], /--interaction: the method am has none/],
  ["an interaction of something else", ["--method", "wlf-potential", "--interaction", "x^2"], /--interaction: .*one of r/],
  ["an interaction that is not finite", ["--method", "wlf-potential", "--interaction", "log(r-1)"], /slope of "log\(r-1\)" is no finite/],
  ["an interaction without a force", ["--method", "wlf-potential", "--interaction", "3"], /does not change with the distance/],
  ["a batch that is no multiple", ["--method", "wlf-potential", "--interaction", "r", "--batch", "40"], /multiple of 16/],
  ["pairs that grow for a method without growth", ["--coupling", "unbalanced"], /--coupling unbalanced: am has no growth/],
  ["forces with --auto", ["--auto", "--cost", "x=2"], /--auto chooses among methods of which not all take --cost/],
] as [string, string[], RegExp][])("%s is refused", async (_, options, message) => {
  const path = await turning("refused.csv");
  const { code, text } = await pushforward(path, "--features", "x,y", ...tiny, ...options, "--out", join(folder, "refused"));
  expect(code).toBe(1);
  expect(text).toMatch(message);
  expect(text).not.toMatch(/\n\s+at /);
});

test("velocities of an h5ad file belong to an embedding", async () => {
  const [plain, path] = ["plain.h5ad", "cells.h5ad"].map((name) => join(folder, name));
  await writeLayout(plain, { cells: 60, genes: 8, x: "csr" });
  const random = randomStream(3);
  await writeAnnotated(plain, path, { obs: {}, obsm: { X_umap: random.normal([60, 2]), velocity_umap: random.normal([60, 2]) } });
  const file = await openAnnotated(path);
  expect(file.embeddings).toContain("velocity_umap");
  file.close();
  const common = [path, "--time", "day", ...tiny, "--out", join(folder, "h5ad"), "--overwrite"];
  expect((await pushforward(...common, "--embedding", "X_umap", "--velocity", "velocity_umap")).code).toBe(0);
  const wrong = await pushforward(...common, "--embedding", "X_umap", "--velocity", "velocity_umpa");
  expect(wrong.text).toMatch(/no embedding "velocity_umpa".*did you mean "velocity_umap"/s);
  const genes = await pushforward(...common, "--components", "3", "--velocity", "velocity_umap");
  expect(genes.text).toMatch(/coordinates are components of X/);
});

test("the components of features take their velocities with them", async () => {
  const path = await turning("components.csv");
  const wide = join(folder, "wide.csv");
  const [, ...rows] = (await readFile(path, "utf8")).split("\n");
  // a third feature that is the sum of the others: two components hold everything
  await writeFile(
    wide,
    [
      "time,x,y,z,vx,vy,vz",
      ...rows.map((r) => {
        const [t, x, y, vx, vy] = r.split(",").map(Number);
        return [t, x, y, x + y, vx, vy, vx + vy].join(",");
      }),
    ].join("\n"),
  );
  const out = join(folder, "components");
  const { code } = await pushforward(wide, "--features", "x,y,z", "--velocity", "vx,vy,vz", "--components", "2", ...tiny, "--out", out);
  expect(code).toBe(0);
  expect((await resultsOf(out)).warnings.join("\n")).toMatch(/R² (0\.[89]|1\.0)/);
}, 20_000);

test("runs write numbers that are declared alone", () => expectReported(folder, "trajectories", "elsewhere"));
