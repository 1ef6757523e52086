/**
 * What estimators from pairs alone say where the truth is known: N = 2000 pairs of each law, default settings, one data seed; and whether
 * their errors are right: 40 seeds of N = 500.
 *
 *   npm run study:information-samples             # both; or one: -- truths, -- errors
 */
import { type Random, randomStream } from "../src/array/index.ts";
import type { Measured } from "../src/information/samples/measured.ts";
import { nearest } from "../src/information/samples/nearest.ts";
import { neighbours } from "../src/information/samples/neighbours.ts";
import { linear } from "../src/information/samples/parametric.ts";
import { inUnits } from "../src/information/samples/prepare.ts";
import type { Side } from "../src/information/samples/side.ts";
import { contradicted } from "../src/information/samples/verdict.ts";
import { methodNames, tasks } from "../src/information/samples/work.ts";

const seed = 1;
const rows = 2000;
const critics = { width: 64, steps: 600, batch: 128, learningRate: 2e-3 };

type Pairs = readonly [Side, Side];
const side = (columns: readonly Float64Array[], levels = columns.map(() => 0)): Side => ({
  names: columns.map((_, i) => `v${i}`),
  rows: columns[0].length,
  columns: columns.map((values, c) => (levels[c] > 0 ? values : inUnits(values, "rank"))),
  levels,
});
const columns = (d: number, make: () => Float64Array): Float64Array[] => Array.from({ length: d }, make);
const normals = (rng: Random, n: number, d: number) => columns(d, () => rng.normal([n], "f64").data);
const mix = (a: Float64Array, b: Float64Array, rho: number): Float64Array => a.map((v, i) => rho * v + Math.sqrt(1 - rho * rho) * b[i]);

/** d pairs of columns, of which the first `some` are correlated. */
function correlated(rng: Random, n: number, rho: number, d: number, some = d): Pairs {
  const [x, noise] = [normals(rng, n, d), normals(rng, n, d)];
  return [side(x), side(noise.map((e, c) => (c < some ? mix(x[c], e, rho) : e)))];
}

/** Every two of the 2d columns have correlation ½. */
function dense(rng: Random, n: number, d: number): Pairs {
  const [common] = normals(rng, n, 1);
  const all = normals(rng, n, 2 * d).map((e) => mix(common, e, Math.SQRT1_2));
  return [side(all.slice(0, d)), side(all.slice(d))];
}

/** Normal columns over one root of χ² / df: they depend, though none is correlated. */
function student(rng: Random, n: number, d: number, df: number): Pairs {
  const chi = normals(rng, n, df);
  const scale = Float64Array.from({ length: n }, (_, i) => Math.sqrt(chi.reduce((s, c) => s + c[i] ** 2, 0) / df));
  const all = normals(rng, n, 2 * d).map((column) => column.map((v, i) => v / scale[i]));
  return [side(all.slice(0, d)), side(all.slice(d))];
}

function uniform(rng: Random, n: number, width: number): Pairs {
  const x = rng.uniform([n], "f64", 0, 1).data;
  const noise = rng.uniform([n], "f64", -width, width).data;
  return [side([x]), side([x.map((v, i) => v + noise[i])])];
}

function halfCube(rng: Random, n: number): Pairs {
  const [x, e] = normals(rng, n, 2);
  const map = (values: Float64Array): Float64Array => values.map((v) => Math.sign(v) * Math.abs(v) ** 1.5);
  return [side([map(x)]), side([map(mix(x, e, 0.75))])];
}

/** A label of m, and a number uniform on [label, label + 2]. */
function labelled(rng: Random, n: number, m: number): Pairs {
  const label = Float64Array.from(rng.integers(0, m, [n]).data);
  const u = rng.uniform([n], "f64", 0, 2).data;
  return [side([label], [m]), side([u.map((v, i) => v + label[i])])];
}

const normalTruth = (rho: number, d: number): number => (-d / 2) * Math.log(1 - rho * rho);
const laws: [name: string, truth: number, make: (rng: Random, n: number) => Pairs][] = [
  ["normal 1+1, ρ = 0.75", normalTruth(0.75, 1), (rng, n) => correlated(rng, n, 0.75, 1)],
  ["its half-cubes", normalTruth(0.75, 1), halfCube],
  ["additive uniform, 0.75", 1 / 3, (rng, n) => uniform(rng, n, 0.75)],
  ["additive uniform, 0.1", 1.7094379124, (rng, n) => uniform(rng, n, 0.1)],
  ["Student 1+1, df 1", 0.22417143, (rng, n) => student(rng, n, 1, 1)],
  ["Student 2+2, df 2", 0.19314718, (rng, n) => student(rng, n, 2, 2)],
  ["5 labels + number", Math.log(5) - (4 * Math.log(2)) / 5, (rng, n) => labelled(rng, n, 5)],
  ["dense normal 5+5", 0.59281183, (rng, n) => dense(rng, n, 5)],
  ["two pairs in 5+5, ρ = 0.8", 1.0216512475, (rng, n) => correlated(rng, n, 0.8, 5, 2)],
  ["normal 5+5, ρ = 0.9", normalTruth(0.9, 5), (rng, n) => correlated(rng, n, 0.9, 5)],
  ["normal 16+16, ρ = 0.8", normalTruth(0.8, 16), (rng, n) => correlated(rng, n, 0.8, 16)],
];

async function measure(pairs: Pairs, methods: readonly string[], rng: Random): Promise<Measured[]> {
  const work = tasks({ pairs, methods, neighbours: 3, rows: 5000, permutations: 0, critics });
  const found: Measured[] = [];
  for (const { run } of work) found.push(...(await run(rng, () => false)).measured);
  return contradicted(found);
}

const names = ["KSG-1", "KSG-2", "CCA (Gaussian)", "histogram", "InfoNCE", "NWJ", "DV (MINE)"];
names.push("JS (by NWJ)", "SMILE τ = 5", "DEMI", "FLO", "CLUB", "L1Out");

/** One line a law: every estimator, in parentheses where the tool does not trust it. */
async function truths(): Promise<void> {
  console.log(`| law | truth | ${names.join(" | ")} |\n|${"---|".repeat(names.length + 2)}`);
  for (const [name, truth, make] of laws) {
    const found = await measure(make(randomStream(seed).fold(name), rows), methodNames, randomStream(seed).fold("estimators"));
    const cell = (wanted: string): string => {
      const m = found.find((f) => f.name === wanted || (wanted === "KSG-1" && f.name === "Ross"));
      return m ? `${m.valid ? "" : "("}${m.mean.toFixed(2)} ± ${m.se.toFixed(2)}${m.valid ? "" : ")"}` : "–";
    };
    console.log(`| ${[name, truth.toFixed(3), ...names.map(cell)].join(" | ")} |`);
  }
}

/** One line a law and estimator: bias and spread over seeds, and the mean of the errors that were quoted. */
async function errors(repeats: number): Promise<void> {
  console.log(`| law, N = 500, ${repeats} seeds | estimator | bias | spread | quoted error | within 2 errors |\n|---|---|---|---|---|---|`);
  for (const [name, truth, make] of laws.slice(0, 7)) {
    const draw = (s: number): Pairs => make(randomStream(s).fold(name), 500);
    const count = neighbours(draw(0), 3);
    const found: Measured[] = [];
    for (let s = 0; s < repeats; s++) {
      found.push(...(await nearest(draw(s), { k: 3, most: 500, rng: randomStream(s).fold("nearest"), count })).measured);
      found.push(...(await linear(draw(s), randomStream(s).fold("linear"))).measured);
    }
    for (const wanted of new Set(found.map((m) => m.name))) {
      const of = found.filter((m) => m.name === wanted);
      const mean = of.reduce((sum, m) => sum + m.mean / of.length, 0);
      const spread = Math.sqrt(of.reduce((sum, m) => sum + (m.mean - mean) ** 2, 0) / (of.length - 1));
      const quoted = of.reduce((sum, m) => sum + m.se / of.length, 0);
      const within = of.filter((m) => Math.abs(m.mean - truth) < 2 * m.se).length;
      const shown = [mean - truth, spread, quoted].map((v) => v.toFixed(3));
      console.log(`| ${[name, wanted, ...shown, `${Math.round((100 * within) / of.length)} %`].join(" | ")} |`);
    }
  }
}

if (process.argv[2] !== "errors") await truths();
if (process.argv[2] !== "truths") await errors(40);
