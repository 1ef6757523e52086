/**
 * Quantum hypernetworks measured: depth against success on the Gaussian lattice and on MNIST pairs, random landscapes by Walsh order, noise; always
 * beside classical searches. Each row is runs of the command or calls of the library; lines of commands are printed above the tables.
 *
 *   npm run study:quantum -- [--only lattice,mnist,orders,noise] [--restarts 20] [--iterations 150]
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { randomStream } from "../src/array/index.ts";
import {
  brick,
  depolarizing,
  localMinima,
  meanCost,
  noisyProbabilities,
  optimumOf,
  product,
  valueAndGradient,
  walsh,
} from "../src/quantum/index.ts";
import { popcount } from "../src/quantum/landscape/walsh.ts";
import { lbfgs } from "../src/quantum/training/lbfgs.ts";
import type { Minimiser, Stand } from "../src/quantum/training/minimise.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "lattice,mnist,orders,noise" },
    restarts: { type: "string", default: "20" },
    iterations: { type: "string", default: "150" },
  },
});
const folder = mkdtempSync(join(tmpdir(), "study-quantum-"));
const program = new URL("../bin/pushforward.js", import.meta.url).pathname;

interface Results {
  readonly run: string;
  readonly optimum: { readonly loss: number; readonly count: number };
  readonly baselines: readonly { readonly name: string; readonly loss: number; readonly evaluations: number }[];
  readonly seconds: number;
}

let runs = 0;
function run(...args: string[]): Results {
  const out = join(folder, String(runs++));
  process.stderr.write(`pushforward binarize ${args.join(" ")}\n`);
  const all = [
    "binarize",
    ...args,
    "--restarts",
    values.restarts,
    "--iterations",
    values.iterations,
    "--seed",
    "1",
    "--out",
    out,
    "--json",
  ];
  const text = execFileSync(process.execPath, [program, ...all], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
    maxBuffer: 2 ** 28,
  });
  return JSON.parse(text.trim().split("\n").at(-1) ?? "");
}

/** Energies of the restarts of a run, by depth. */
function energies(path: string): Map<string, number[]> {
  const [head, ...rows] = readFileSync(join(path, "artifacts", "restarts.csv"), "utf8")
    .trim()
    .split("\n");
  const [layers, energy] = ["layers", "energy"].map((name) => head.split(",").indexOf(name));
  const found = new Map<string, number[]>();
  for (const row of rows.map((line) => line.split(","))) found.set(row[layers], [...(found.get(row[layers]) ?? []), Number(row[energy])]);
  return found;
}

const median = (xs: readonly number[]): number => xs.toSorted((a, b) => a - b)[xs.length >> 1];
/** Standard error of a share of n. */
const share = (hits: number, n: number): string =>
  `${(hits / n).toFixed(2)} ± ${Math.sqrt(Math.max(hits * (n - hits), 0.25 * n) / n ** 3).toFixed(2)}`;

function print(title: string, columns: readonly string[], rows: readonly (readonly string[])[]): void {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  console.log([`\n${title}\n`, line(columns), line(columns.map(() => "---")), ...rows.map(line)].join("\n"));
}

/** Depth against success: a restart succeeds within `tolerance` of the minimum. */
function depths(title: string, tolerance: number, ...data: string[]): void {
  const all = [run(...data, "--ansatz", "product"), run(...data, "--layers", "1,2,3")];
  const [{ optimum, baselines }] = all;
  const rows = all.flatMap(({ run: path }, k) =>
    [...energies(path)].map(([layers, list]) => [
      k === 0 ? "product" : `${layers} layer${layers === "1" ? "" : "s"}`,
      (median(list) - optimum.loss).toExponential(1),
      share(list.filter((e) => e - optimum.loss < tolerance).length, list.length),
    ]),
  );
  print(`${title}: minimum ${optimum.loss.toFixed(6)} of ${optimum.count}`, ["circuit", "median gap", `gap < ${tolerance}`], rows);
  print(
    "Classical searches, until the minimum",
    ["search", "loss", "evaluations"],
    baselines.map((b) => [b.name, b.loss.toFixed(6), String(b.evaluations)]),
  );
}

/** Where a minimiser stands after so many steps. */
function least(minimiser: Minimiser, steps: number): Stand {
  let last: Stand | undefined;
  for (let k = 0; k <= steps; k++) {
    const next = minimiser.next();
    if (next.done) break;
    last = next.value;
  }
  if (!last) throw new Error("a minimiser begins somewhere");
  return last;
}

/** A cost of random Walsh coefficients of orders 1 to m, on n bits. */
function landscape(n: number, order: number, seed: number): Float64Array {
  const normal = randomStream(seed)
    .fold("walsh")
    .normal([1 << n], "f64").data;
  const spectrum = Float64Array.from({ length: 1 << n }, (_, k) => (k > 0 && popcount(k) <= order ? normal[k] : 0));
  // the transform is its own inverse but for 2^n
  return walsh(spectrum).map((v) => v * (1 << n) ** 0.5);
}

function orders(): void {
  const [n, count] = [10, Number(values.restarts)];
  const rows = [1, 2, 3, 5].map((order) => {
    const success = [product(n), brick(n, 2), brick(n, 4), brick(n, 6)].map((circuit, c) => {
      let hits = 0;
      for (let seed = 0; seed < count; seed++) {
        const costs = landscape(n, order, seed);
        const { minimum } = optimumOf(costs);
        const range = costs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY) - minimum;
        const objective = meanCost(costs.map((v) => (v - minimum) / range));
        const start = randomStream(seed)
          .fold("angles")
          .fold(c)
          .uniform([circuit.parameters], "f64", 0, 2 * Math.PI).data;
        const evaluate = (angles: Float64Array) => valueAndGradient(circuit, angles, objective);
        if (least(lbfgs(evaluate, start), Number(values.iterations)).value < 1e-3) hits++;
      }
      return share(hits, count);
    });
    const minima = Array.from({ length: count }, (_, seed) => localMinima(landscape(n, order, seed)).length);
    return [String(order), String(median(minima)), ...success];
  });
  print(
    `Random costs of ${n} bits by highest Walsh order, ${count} of each`,
    ["order", "local minima, median", "product", "1 layer", "2 layers", "3 layers"],
    rows,
  );
}

function noise(): void {
  const n = 8;
  const costs = landscape(n, 2, 7);
  const { minimum } = optimumOf(costs);
  const range = costs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY) - minimum;
  const scaled = costs.map((v) => (v - minimum) / range);
  const circuit = brick(n, 4);
  const objective = meanCost(scaled);
  const ends = Array.from({ length: 20 }, (_, seed) => {
    const start = randomStream(seed)
      .fold("angles")
      .uniform([circuit.parameters], "f64", 0, 2 * Math.PI).data;
    return least(
      lbfgs((angles: Float64Array) => valueAndGradient(circuit, angles, objective), start),
      200,
    );
  });
  const best = ends.reduce((a, b) => (b.value < a.value ? b : a));
  const rows = [0, 0.5, 1, 1.5, 2].map((p) => {
    const probabilities = noisyProbabilities(circuit, best.x, depolarizing(p));
    return [String(p), probabilities.reduce((sum, q, k) => sum + q * scaled[k], 0).toFixed(5)];
  });
  print(`Noise after training, ${n} qubits, 2 layers (exact)`, ["scale p", "mean cost over its range"], rows);
}

const parts: Readonly<Record<string, () => void>> = {
  lattice: () => depths("Gaussian lattice, 18 bits", 1e-4, "--data", "gaussian"),
  mnist: () => depths("MNIST 3 against 7, 4x4, 17 bits", 1e-4, "--data", "mnist", "--classes", "3,7", "--family", "mnist-4x4"),
  orders,
  noise,
};
for (const part of values.only.split(",")) parts[part]();
