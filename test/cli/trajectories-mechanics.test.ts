/** `--method mechanics` and `langevin` of `pushforward trajectories`, forecasts, and populations that begin elsewhere. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { randomStream } from "../../src/array/index.ts";
import { expectReported } from "../lab/reported.ts";
import { pushforward } from "./pushforward.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pushforward-mechanics-"));
  await writeFile(join(folder, "pendulums.csv"), pendulums([0, 1, 2, 3, 4, 5]));
  await writeFile(join(folder, "two.csv"), pendulums([0, 1]));
  await writeFile(join(folder, "others.csv"), "x,note,vx\n-5,a,1\n-6,b,0\n1,c,-1\n");
  await writeFile(join(folder, "strangers.csv"), "y\n1\n");
  await writeFile(join(folder, "still.csv"), "x\n1\n");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const omega = Math.PI / 4;

/** Oscillators of different velocities at the same places, in a unit of length of 1/10, with weights. */
function pendulums(times: readonly number[]): string {
  const z = randomStream(1).normal([times.length * 160]).data;
  const rows = times.flatMap((t, k) =>
    Array.from({ length: 80 }, (_, i) => {
      const [a, b] = [10 + 2 * z[160 * k + 2 * i], 3 * z[160 * k + 2 * i + 1]];
      const [c, s] = [Math.cos(omega * t), Math.sin(omega * t)];
      return [t, c * a + (s / omega) * b, c * b - omega * s * a, 1].join(",");
    }),
  );
  return ["time,x,vx,mass", ...rows].join("\n");
}

const tiny = ["--features", "x", "--steps", "120", "--layers", "1", "--width", "16", "--threads", "1", "--quiet"];

test("a run with measured velocities forecasts, moves another population, and tells its energy", async () => {
  const out = join(folder, "run");
  const { code, text } = await pushforward(
    join(folder, "pendulums.csv"),
    ...tiny,
    ...["--method", "mechanics", "--velocity", "vx", "--friction", "fit", "--hold-out", "5", "--until", "7"],
    ...["--start", join(folder, "others.csv"), "--out", out],
  );
  expect([code, text]).toEqual([0, ""]);
  const { heldOut, energy, method } = JSON.parse(await readFile(join(out, "results.json"), "utf8"));
  expect(method).toBe("mechanics");
  // from the snapshot before, by the particles' own velocities; it falls back through the middle
  const [own, , onward] = heldOut[0].scores;
  expect(own.w1).toBeLessThan(onward.w1);
  expect(energy.imbalance).toBeLessThan(0.05);
  expect(energy.points.at(-1).time).toBe(7);
  expect(energy.friction).toBeGreaterThan(0);
  const files = await readdir(join(out, "artifacts"));
  for (const name of ["population.csv", "phases.svg", "energy.svg", "forecast.svg", "launch.onnx", "acceleration.onnx", "velocity.onnx"])
    expect(files).toContain(name);
  const rows = (await readFile(join(out, "artifacts", "population.csv"), "utf8")).trim().split("\n");
  // three particles at the start and at ten times in each of seven intervals
  expect(rows).toHaveLength(1 + 3 * 71);
  const config = JSON.parse(await readFile(join(out, "config.json"), "utf8"));
  expect(JSON.stringify(config)).toMatch(/"learningRate":0.01/);
}, 60_000);

test.each([
  ["with noise", ["--method", "langevin", "--noise", "0.2"]],
  ["with pairs beside a given potential", ["--method", "mechanics", "--energy", "pairs", "--potential", "x^2/100"]],
  [
    "with energies that are given alone",
    ["--method", "mechanics", "--energy", "given", "--interaction", "exp(-r^2/2)", "--friction", "0.1"],
  ],
  ["by accelerations along measured velocities", ["--method", "am-mechanics", "--velocity", "vx", "--energy", "both", "--friction", "fit"]],
])(
  "mechanics %s run",
  async (name, options) => {
    const out = join(folder, name.replaceAll(" ", "-"));
    const short = tiny.map((o) => (o === "120" ? "30" : o));
    const { code, text } = await pushforward(join(folder, "pendulums.csv"), ...short, ...options, "--hold-out", "3", "--out", out);
    expect([code, text]).toEqual([0, ""]);
    const { heldOut, energy } = JSON.parse(await readFile(join(out, "results.json"), "utf8"));
    expect(Number.isFinite(heldOut[0].scores[0].w1)).toBe(true);
    expect(Number.isFinite(energy.imbalance)).toBe(true);
  },
  30_000,
);

test.each([
  [
    "friction of another method",
    "pendulums.csv",
    ["--friction", "0.1"],
    /--friction: particles of am have no velocities.*--method mechanics/s,
  ],
  ["an energy of another method", "pendulums.csv", ["--energy", "pairs"], /--energy: particles of am have no velocities/],
  [
    "friction that drives",
    "pendulums.csv",
    ["--method", "mechanics", "--friction", "-1"],
    /--friction "-1": expected a number of at least 0/,
  ],
  ["friction in words", "pendulums.csv", ["--method", "mechanics", "--friction", "some"], /--friction "some": .*or fit/],
  ["an energy that is not given", "pendulums.csv", ["--method", "mechanics", "--energy", "given"], /no energy is given.*--potential/s],
  ["two snapshots without velocities", "two.csv", ["--method", "mechanics"], /from 2 snapshots without velocities no force.*--velocity/s],
  ["noise in time", "pendulums.csv", ["--method", "langevin", "--noise", "0.1+t"], /noise of langevin is constant/],
  ["a cost", "pendulums.csv", ["--method", "mechanics", "--cost", "power 3"], /--cost: mechanics/],
  ["a drift", "pendulums.csv", ["--method", "mechanics", "--drift", "x=1"], /--drift: mechanics/],
  [
    "a batch that is no multiple",
    "pendulums.csv",
    ["--method", "am-mechanics", "--energy", "pairs", "--batch", "40"],
    /--energy pairs it must be a multiple of 16/,
  ],
  [
    "lines, which have no accelerations",
    "pendulums.csv",
    ["--method", "am-mechanics", "--path", "linear"],
    /am-mechanics.*no accelerations/s,
  ],
  ["curved paths", "pendulums.csv", ["--method", "mechanics", "--path", "spline"], /given no paths between/],
  [
    "pairs of particles with weights",
    "pendulums.csv",
    ["--method", "mechanics", "--energy", "both", "--weight", "mass"],
    /acts on others alike/,
  ],
  ["a density under noise", "pendulums.csv", ["--method", "langevin", "--density", "kernel"], /move with noise/],
  ["a time within the data", "pendulums.csv", ["--until", "4"], /--until 4: the data reach to 5 already/],
  ["a population without the features", "pendulums.csv", ["--start", "strangers.csv"], /strangers.csv.*"x"/s],
  [
    "a population without the velocities",
    "pendulums.csv",
    ["--method", "mechanics", "--velocity", "vx", "--start", "still.csv"],
    /still.csv: no column "vx"/,
  ],
  ["a population that is not there", "pendulums.csv", ["--start", "nowhere.csv"], /nowhere.csv/],
  ["a choice", "pendulums.csv", ["--auto", "--friction", "fit"], /not all take --friction/],
] as [string, string, string[], RegExp][])("%s is refused", async (_, file, options, message) => {
  const given = options.map((o) => (/\.csv$/.test(o) ? join(folder, o) : o));
  const { code, text } = await pushforward(join(folder, file), ...tiny, ...given, "--out", join(folder, "refused"));
  expect(code).toBe(1);
  expect(text).toMatch(message);
  expect(text).not.toMatch(/\n\s+at /);
});

test("other methods go on beyond the data too, with a word", async () => {
  const out = join(folder, "onward");
  const { code } = await pushforward(join(folder, "pendulums.csv"), ...tiny, "--method", "ot-cfm", "--until", "6", "--out", out);
  expect(code).toBe(0);
  const { warnings } = JSON.parse(await readFile(join(out, "results.json"), "utf8"));
  expect(warnings.join("\n")).toMatch(/6: a forecast beyond the last snapshot/);
  expect(await readdir(join(out, "artifacts"))).toContain("forecast.png");
}, 30_000);

test("runs write numbers that are declared alone", () => expectReported(folder, "trajectories", "elsewhere"));
