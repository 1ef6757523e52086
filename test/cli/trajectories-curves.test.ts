/** `--path` of `pushforward trajectories`. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { randomStream } from "../../src/array/index.ts";
import { pushforward } from "./pushforward.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pushforward-curves-"));
  await writeFile(join(folder, "turning.csv"), turning([0, 1, 2, 3, 4]));
  await writeFile(join(folder, "two.csv"), turning([0, 1, 2]));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const speed = Math.PI / 5;

/** Clouds about (2, 0) turned about the origin by 36 degrees a unit of time, with velocities in twice that unit. */
function turning(times: readonly number[]): string {
  const z = randomStream(1).normal([times.length * 200]).data;
  const rows = times.flatMap((t, k) =>
    Array.from({ length: 100 }, (_, i) => {
      const [a, b] = [2 + 0.3 * z[200 * k + 2 * i], 0.3 * z[200 * k + 2 * i + 1]];
      const [c, s] = [Math.cos(speed * t), Math.sin(speed * t)];
      const [x, y] = [c * a - s * b, s * a + c * b];
      return [t, x, y, -2 * speed * y, 2 * speed * x].join(",");
    }),
  );
  return ["time,x,y,vx,vy", ...rows].join("\n");
}

const tiny = [
  "--features",
  "x,y",
  "--hold-out",
  "2",
  "--layers",
  "2",
  "--width",
  "32",
  "--learning-rate",
  "0.004",
  "--threads",
  "1",
  "--quiet",
];

async function heldOut(out: string, ...options: string[]) {
  const { code, text } = await pushforward(
    join(folder, "turning.csv"),
    ...tiny,
    "--steps",
    "450",
    "--batch",
    "128",
    ...options,
    "--out",
    join(folder, out),
  );
  expect([code, text]).toEqual([0, ""]);
  const { heldOut, warnings } = JSON.parse(await readFile(join(folder, out, "results.json"), "utf8"));

  return { ...heldOut[0].scores[0], warnings: warnings.join("\n") };
}

test("a turning cloud is predicted on curves, which cut no corner; measured velocities are fitted, and flow matching takes them too", async () => {
  const spline = await heldOut("spline", "--path", "spline", "--coupling", "smooth");
  const chains = await heldOut("chains", "--path", "spline", "--coupling", "multimarginal");
  const fitted = await heldOut("hermite", "--path", "hermite", "--velocity", "vx,vy", "--velocity-scale", "fit", "--method", "ot-cfm");
  // the midpoint of a chord of 72 degrees lies 0.38 inside the circle
  for (const { behind } of [spline, chains, fitted]) expect(-behind.difference).toBeGreaterThan(3 * behind.error);
  // the motion of the means says that velocities are twice too great
  expect(fitted.warnings).toMatch(/velocities: scaled by 0\.5/);
}, 90_000);

test.each([
  ["two snapshots", "two.csv", ["--path", "spline"], /2 snapshots are left.*straight line.*leave --path out/s],
  ["pairs of two snapshots", "two.csv", ["--coupling", "smooth"], /--coupling smooth: 2 snapshots.*leave --coupling out/s],
  ["chains of two snapshots", "two.csv", ["--coupling", "multimarginal"], /--coupling multimarginal: 2 snapshots.*leave --coupling out/s],
  [
    "chains under a cost",
    "turning.csv",
    ["--cost", "power 3", "--coupling", "multimarginal"],
    /--cost: pairs of chains that turn least do not follow it.*use --coupling ot/s,
  ],
  [
    "smooth pairs under a drift",
    "turning.csv",
    ["--path", "hermite", "--velocity", "vx,vy", "--coupling", "smooth"],
    /--velocity: pairs of chains that turn least do not follow it/,
  ],
  ["velocities that are not known", "turning.csv", ["--path", "hermite"], /--path hermite: the velocities.*--velocity/s],
  ["a Lagrangian flow", "turning.csv", ["--path", "spline", "--method", "wlf-ot"], /wlf-ot learns its own paths.*use action matching/s],
  ["a mixture", "turning.csv", ["--path", "spline", "--method", "am-mix"], /nothing moves.*use uam/s],
  ["geodesics of the cone", "turning.csv", ["--path", "spline", "--method", "am-wfr"], /geodesics of unbalanced transport.*use uam/s],
  ["simulation", "turning.csv", ["--path", "spline", "--method", "simulate"], /given no paths between/],
  ["a choice", "turning.csv", ["--path", "spline", "--auto"], /not all take --path/],
  ["an unknown curve", "turning.csv", ["--path", "bezier"], /--path.*spline/s],
  [
    "velocities that flow matching has no use for",
    "turning.csv",
    ["--path", "spline", "--velocity", "vx,vy", "--method", "ot-cfm"],
    /no action/,
  ],
])("curves through %s are refused with a message", async (name, file, options, message) => {
  const out = join(folder, `refused ${name}`);
  const { code, text } = await pushforward(join(folder, file), ...tiny, ...options, "--out", out);
  expect(code).toBe(1);
  expect(text).toMatch(message);
});
