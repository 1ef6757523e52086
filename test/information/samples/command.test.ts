/** The whole command: files in, results, page and messages out. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { ndarray, writeNpz } from "../../../src/array/index.ts";
import { run } from "../../../src/cli/program.ts";
import { methods } from "../../../src/methods/index.ts";
import { expectReported } from "../../lab/reported.ts";
import { draws, normalInformation, normalPairs } from "./pairs.ts";

const base = mkdtempSync(join(tmpdir(), "pushforward-samples-"));
afterAll(() => rmSync(base, { recursive: true }));

async function cli(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  let [out, error] = ["", ""];
  const quiet = vi.spyOn(process.stderr, "write").mockImplementation((t) => Boolean((error += String(t))));
  const code = await run(["information", "samples", ...args], methods, { out: (t) => void (out += t), error: (t) => void (error += t) });
  quiet.mockRestore();
  return { code, out, error };
}

type Columns = Readonly<Record<string, ArrayLike<number | string>>>;
let files = 0;

function csv(columns: Columns): string {
  const path = join(base, `pairs${files++}.csv`);
  const names = Object.keys(columns);
  const rows = Array.from(columns[names[0]], (_, i) => names.map((name) => columns[name][i]).join());
  writeFileSync(path, `${names.join()}\n${rows.join("\n")}\n`);
  return path;
}

/** Results of a run on a file. Neighbours alone unless it says otherwise: training takes seconds. */
async function measure(file: string, ...args: string[]) {
  const out = join(base, `run${files++}`);
  const given = args.includes("--methods") ? args : ["--methods", "ksg", ...args];
  const { code, error } = await cli(file, ...given, "--permutations", "9", "--quiet", "--out", out);
  expect([code, error]).toEqual([0, error]);
  return { ...JSON.parse(readFileSync(join(out, "results.json"), "utf8")), out };
}

type Named = { name: string; mean: number; se: number; kind: string; valid: boolean; why: string };
const named = (results: { bounds: Named[] }, name: string): Named => results.bounds.find((b) => b.name === name)!;
const column = (seed: string, n = 400): Float64Array => draws(seed).normal([n], "f64").data;
const [a, b] = normalPairs(400, 0.8, 1, draws("command")).map((side) => side.columns[0]);

test("a table of pairs, every estimator: interval, bounds, baselines, caps, test, page, pictures", async () => {
  const out = join(base, "whole");
  const file = csv({ x: a, z: b });
  const args = [file, "--methods", "all", "--steps", "40", "--width", "16", "--permutations", "19", "--out", out];
  const { code, out: said } = await cli(...args, "--json");
  expect(code).toBe(0);
  const results = JSON.parse(said.trim().split("\n").at(-1)!);
  expect(results).toMatchObject({ unit: "nats", interval: [expect.any(Number), null], trusted: "KSG-1", rows: 400 });
  expect(results.permutation).toMatchObject({ p: 1 / 20, permutations: 19, pairs: 400 });
  const trained = ["DV (MINE)", "JS (by NWJ)", "SMILE τ = 5", "DEMI", "FLO", "CLUB", "L1Out"];
  const names = ["KSG-1", "KSG-2", "CCA (Gaussian)", "histogram", "InfoNCE", "NWJ", ...trained];
  expect(results.bounds.map((bound: Named) => bound.name)).toEqual(names);
  for (const { name, kind, valid, why, mean, se } of results.bounds) {
    expect(Number.isFinite(mean) && se >= 0 && why.length > 10).toBe(true);
    if (["DV (MINE)", "SMILE τ = 5", "CLUB", "L1Out", "DEMI"].includes(name)) expect([kind, valid]).toEqual(["estimate", false]);
    if (["InfoNCE", "NWJ", "JS (by NWJ)", "FLO"].includes(name)) expect(kind).toBe("lower");
    expect(Math.abs(results.baselines[name].mean)).toBeLessThan(0.2);
  }
  const truth = normalInformation(0.8, 1);
  for (const name of ["KSG-1", "KSG-2", "CCA (Gaussian)"])
    expect(Math.abs(named(results, name).mean - truth)).toBeLessThan(4 * named(results, name).se);
  // InfoNCE on 100 held-out pairs
  expect(results.caps.InfoNCE).toBeCloseTo(Math.log(100), 12);
  const page = readFileSync(join(out, "report.html"), "utf8");
  for (const text of ["Trust KSG-1", "nats", "bits", "Every estimate", "Could it be chance?", "shuffled"]) expect(page).toContain(text);
  for (const picture of ["estimates", "pairs", "permutations"])
    expect(readFileSync(join(out, `artifacts/${picture}.svg`), "utf8")).toContain("<svg");
  expect(readFileSync(join(out, "artifacts/estimates.csv"), "utf8").split("\n")[0]).toBe("estimator,kind,nats,error,shuffled,trusted,why");
}, 60_000);

test("the same seed gives the same numbers, another one others", async () => {
  const file = csv({ x: a, z: b });
  const args = ["--methods", "ksg,infonce", "--steps", "20", "--width", "8"];
  const [first, again, other] = [await measure(file, ...args), await measure(file, ...args), await measure(file, ...args, "--seed", "1")];
  expect(again.bounds).toEqual(first.bounds);
  expect(again.permutation).toEqual(first.permutation);
  expect(named(other, "InfoNCE").mean).not.toBe(named(first, "InfoNCE").mean);
}, 30_000);

test("an NPZ file with matrices x and z needs no names; ranges and lists of a table name the same columns", async () => {
  const [x, z] = normalPairs(300, 0.7, 2, draws("npz"));
  const matrix = (columns: readonly Float64Array[]) =>
    ndarray(
      Float64Array.from({ length: 600 }, (_, at) => columns[at % 2][Math.floor(at / 2)]),
      [300, 2],
      "f64",
    );
  const path = join(base, "pairs.npz");
  writeFileSync(path, writeNpz({ x: matrix(x.columns), z: matrix(z.columns) }));
  const table = csv({ x1: x.columns[0], x2: x.columns[1], u: z.columns[0], v: z.columns[1] });
  const results = await measure(path);
  expect(results.columns).toMatchObject({ x: ["x1", "x2"], z: ["z1", "z2"] });
  expect((await measure(path, "--x", "x", "--z", "z")).bounds).toEqual(results.bounds);
  expect((await measure(table, "--x", "x1..x2", "--z", "u,v")).bounds).toEqual(results.bounds);
});

test("units do not matter when columns are standardised, and are told when they do", async () => {
  const c = column("another");
  const scaled = { x1: a.map((v) => 4096 * v), x2: c, z: b };
  const units = ["--x", "x1..x2", "--z", "z", "--marginals", "standardise"];
  const plain = await measure(csv({ x1: a, x2: c, z: b }), ...units);
  const other = await measure(csv(scaled), ...units);
  expect(named(other, "KSG-1").mean).toBeCloseTo(named(plain, "KSG-1").mean, 10);
  const raw = await measure(csv(scaled), "--x", "x1..x2", "--z", "z", "--marginals", "none");
  expect(raw.warnings.join()).toMatch(/deviations of the columns differ \d+ times.*units decide the results/);
  const ranks = await measure(csv({ x: a.map((v) => v ** 3), z: b.map(Math.exp) }));
  expect(ranks.bounds).toEqual((await measure(csv({ x: a, z: b }))).bounds);
  const tails = { x: a.map((v) => Math.sign(v) * Math.exp(3 * Math.abs(v))), z: b };
  expect((await measure(csv(tails), "--marginals", "standardise")).warnings.join()).toMatch(/"x": heavy tails/);
});

test("a constant column has no information, exactly; beside others it is left out", async () => {
  const constant = new Array(400).fill(7.5);
  const results = await measure(csv({ x: constant, z: b }), "--methods", "all");
  expect(results).toMatchObject({ interval: [0, 0], bounds: [], sentence: "I is 0, exactly: one side never changes." });
  const beside = await measure(csv({ x1: a, x2: constant, z: b }), "--x", "x1..x2", "--z", "z");
  expect(beside.columns).toMatchObject({ x: ["x1"], constant: ["x2"] });
  expect(named(beside, "KSG-1").mean).toBe(named(await measure(csv({ x1: a, z: b }), "--x", "x1", "--z", "z"), "KSG-1").mean);
});

test("integers without a relation score nothing; detected as labels, or kept as numbers with ties", async () => {
  const dice = draws("dice").integers(1, 7, [400]).data;
  const detected = await measure(csv({ x: dice, z: b }));
  expect(detected.warnings[0]).toMatch(/"x": 6 different numbers in 400 rows, taken for labels/);
  expect(Math.abs(named(detected, "Ross").mean)).toBeLessThan(0.15);
  expect(detected.interval[1]).toBeCloseTo(Math.log(6), 1);
  const kept = await measure(csv({ x: dice, z: b }), "--discrete", "none");
  expect(Math.abs(named(kept, "KSG-1").mean)).toBeLessThan(0.15);
  expect(kept.warnings.join()).toMatch(/100 % of the rows share their number/);
});

test("labels on both sides are counted; their entropy bounds the information", async () => {
  const first = draws("first").integers(0, 3, [600]).data;
  const keep = draws("keep").bernoulli(0.8, [600]).data;
  const results = await measure(csv({ x: Array.from(first, (v) => "abc"[v]), z: first.map((v, i) => (keep[i] ? v : (v + 1) % 3)) }));
  const found = named(results, "plug-in");
  // I = log 3 - H(0.8)
  expect(Math.abs(found.mean - (Math.log(3) + 0.8 * Math.log(0.8) + 0.2 * Math.log(0.2)))).toBeLessThan(4 * found.se);
  expect(results.trusted).toBe("plug-in");
  expect(results.interval[1]).toBeCloseTo(Math.log(3), 1);
});

test("a label of its own for every row is told, and nothing is trusted", async () => {
  const results = await measure(csv({ x: Array.from(b, (_, i) => `id${i}`), z: b }), "--methods", "ksg,histogram");
  expect(results.sentence).toMatch(/^Trust none/);
  expect(results.warnings.join()).toMatch(/400 labels in 400 rows/);
  expect(results.interval[1]).toBe(null);
});

test("a linear function of x is at infinite information, and many columns saturate: both are said", async () => {
  const line = await measure(csv({ x: a, z: a.map((v) => 3 * v - 1) }), "--methods", "ksg,cca");
  expect(line.warnings.join()).toMatch(/I is infinite/);
  expect(named(line, "KSG-1")).toMatchObject({ valid: false, why: expect.stringMatching(/within a nat of .* the most that neighbours/) });
  expect((await measure(csv({ x: a, z: a }))).warnings.join()).toMatch(/"x" and "z" hold the same numbers: I is infinite/);
  const [x, z] = normalPairs(400, 0.9, 8, draws("wide"));
  const wide = Object.fromEntries([...x.columns.map((c, i) => [`x${i + 1}`, c]), ...z.columns.map((c, i) => [`z${i + 1}`, c])]);
  const many = await measure(csv(wide), "--methods", "ksg,cca");
  expect(named(many, "KSG-1").valid).toBe(false);
  expect(many.warnings.join()).toMatch(/8 \+ 8 columns: .* lower bounds that saturate/);
});

test("rows that follow each other or repeat are told", async () => {
  const walk = (steps: Float64Array): Float64Array => steps.map((_, i) => steps.slice(0, i + 1).reduce((s, v) => s + v, 0));
  expect((await measure(csv({ x: walk(a), z: walk(column("walk")) }))).warnings.join()).toMatch(/rows follow each other/);
  const twice = (values: Float64Array): number[] => [...values, ...values];
  expect((await measure(csv({ x: twice(a), z: twice(b) }))).warnings.join()).toMatch(/400 of 800 rows repeat an earlier one/);
});

test("independent pairs: no dependence is seen, negative numbers stay negative", async () => {
  const results = await measure(csv({ x: a, z: column("independent") }), "--methods", "ksg,cca");
  expect(results.sentence).toMatch(/No dependence is seen/);
  const negative = results.bounds.filter((bound: Named) => bound.mean < 0);
  if (negative.length > 0) expect(results.warnings.join()).toMatch(/negative/);
});

const refused: [what: string, columns: Columns, args: string[], message: RegExp][] = [
  ["x in both", { x: a, z: b }, ["--x", "x", "--z", "x,z"], /"x" is in --x and in --z.*I\(X;X\) = ∞/],
  ["no such column", { alpha: a, z: b }, ["--x", "alpah", "--z", "z"], /no column "alpah"[\s\S]*did you mean "alpha"/],
  ["a missing value", { x: ["1", "", "2", "3", "5", "6"], z: [1, 2, 3, 4, 5, 6] }, [], /column "x", row 2: missing[\s\S]*--drop-missing/],
  [
    "some text",
    { x: ["1", "2", "<3", "4", "5", "6"], z: [1, 2, 3, 4, 5, 6] },
    [],
    /1 of 6 values are no plain numbers \(first: row 3, "<3"\)/,
  ],
  ["one row", { x: [1], z: [2] }, [], /1 pair is too few for 3 neighbours/],
  ["as few rows as neighbours", { x: [1, 2, 3, 4], z: [2, 3, 4, 6] }, [], /4 pairs are too few for 3 neighbours[\s\S]*at least 5/],
  ["no such method", { x: a, z: b }, ["--methods", "ksg,infonc"], /"infonc" is no estimator[\s\S]*did you mean infonce/],
  ["a side that nobody named", { a, b, c: a }, ["--x", "a"], /--z is missing.*[\s\S]*the columns are "a", "b", "c"/],
  ["labels that are on no side", { x: a, z: b, c: a }, ["--x", "x", "--z", "z", "--discrete", "c"], /"c" is neither in --x nor in --z/],
];

test.each(refused)("%s is refused before the work", async (_, columns, args, message) => {
  const { code, error } = await cli(csv(columns), ...args, "--quiet", "--out", join(base, "refused"));
  expect([code === 0, error]).toEqual([false, expect.stringMatching(message)]);
});

test("x and z of different lengths in an NPZ file are named with their shapes", async () => {
  const vector = (values: Float64Array) => ndarray(Float64Array.from(values), [values.length], "f64");
  const path = join(base, "unequal.npz");
  writeFileSync(path, writeNpz({ x: vector(a), z: vector(b.slice(1)), t: vector(a) }));
  const { error } = await cli(path, "--x", "x", "--z", "z", "--quiet", "--out", join(base, "unequal"));
  expect(error).toMatch(/"z" has 399 rows[\s\S]*"x" has shape \[400\], "z" has shape \[399\]/);
});

test("rows with missing values are left out when asked, and counted", async () => {
  const x = Array.from(a, (v, i) => (i === 3 ? "" : String(v)));
  const results = await measure(csv({ x, z: b }), "--drop-missing");
  expect(results.rows).toBe(399);
  expect(results.warnings.join()).toMatch(/1 missing or infinite value in 1 of 400 rows/);
});

test("rounded numbers that are independent score nothing: ties are spread", async () => {
  const grid = (values: Float64Array): Float64Array => values.map((v) => Math.round(4 * v) / 4);
  const results = await measure(csv({ x: grid(a), z: grid(column("independent grid")) }));
  for (const name of ["KSG-1", "KSG-2"]) {
    expect(Math.abs(results.baselines[name].mean)).toBeLessThan(0.05);
    expect(Math.abs(named(results, name).mean)).toBeLessThan(4 * named(results, name).se);
  }
  const known = await measure(csv({ x: grid(a), z: grid(b) }));
  // rounding to a quarter of a deviation loses little of 0.51 nats
  expect(Math.abs(named(known, "KSG-1").mean - normalInformation(0.8, 1))).toBeLessThan(4 * named(known, "KSG-1").se);
});

test("runs write the numbers that their methods declare, and no others", async () => {
  await expectReported(base, "information samples");
});
