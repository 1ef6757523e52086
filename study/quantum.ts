/**
 * Quantum hypernetworks measured: depth against success on the Gaussian lattice and on MNIST pairs, random landscapes by Walsh order, noise after
 * training and in it, shots, MNIST pairs with and without a choice of alphabet, costs of sampled strings; always beside classical searches. Each
 * row is runs of the command or calls of the library; lines of commands are printed above the tables.
 *
 *   npm run study:quantum -- [--only lattice,mnist,orders,noise,loop,alphabet,sampled] [--restarts 20] [--iterations 150]
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
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
    only: { type: "string", default: "lattice,mnist,orders,noise,loop,alphabet,sampled" },
    restarts: { type: "string", default: "20" },
    iterations: { type: "string", default: "150" },
  },
});
const folder = mkdtempSync(join(tmpdir(), "study-quantum-"));
const program = new URL("../bin/pushforward.js", import.meta.url).pathname;

interface Results {
  readonly run: string;
  readonly optimum: { readonly loss: number; readonly count: number };
  readonly best: { readonly bits: string; readonly loss: number; readonly accuracy?: number; readonly testAccuracy?: number };
  readonly energy: number;
  readonly pOptimal: number;
  /** Where the circuit was trained under noise. */
  readonly noise?: { readonly energyWithoutNoise: number };
  /** Where costs are sampled. */
  readonly seen?: { readonly loss: number; readonly evaluations: number };
  readonly evaluations: number;
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

/** Training with noise against noise after training, and training from shots: the mean cost over the minimum, in parts of the range. */
function loop(): void {
  const n = 8;
  const costs = landscape(n, 2, 7);
  const { minimum } = optimumOf(costs);
  const range = costs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY) - minimum;
  const file = join(folder, "loop.txt");
  writeFileSync(file, costs.map((v) => (v - minimum) / range).join("\n"));
  const without = run("--table", file);
  const angles = readAngles(without.run);
  const rows = [1, 2, 4].map((p) => {
    const noisy = noisyProbabilities(brick(n, 4), angles, depolarizing(p));
    const after = noisy.reduce((sum, q, k) => sum + (q * (costs[k] - minimum)) / range, 0);
    const within = run("--table", file, "--noise", String(p));
    return [String(p), after.toFixed(4), within.energy.toFixed(4), (within.noise?.energyWithoutNoise ?? 0).toFixed(4)];
  });
  print(
    `Noise after training and in it, ${n} bits, 2 layers: mean cost in parts of the range (without noise ${without.energy.toFixed(4)})`,
    ["scale p", "trained without, noise after", "trained under noise", "the same circuit without noise"],
    rows,
  );
  const shots = [
    ["exact, Adam", "--optimiser", "adam"],
    ["10 shots a step, score", "--train-shots", "10"],
    ["100 shots a step, score", "--train-shots", "100"],
    ["1000 shots a step, score", "--train-shots", "1000"],
    ["100 shots a circuit, shift", "--train-shots", "100", "--gradient", "shift"],
    ["1000 shots a step, SPSA", "--train-shots", "1000", "--optimiser", "spsa"],
    ["natural gradient, exact", "--optimiser", "natural"],
  ].map(([name, ...args]) => {
    const { energy, pOptimal, run: path } = run("--table", file, ...args);
    const list = [...energies(path).values()].flat();
    return [name, energy.toFixed(4), median(list).toFixed(4), pOptimal.toFixed(3)];
  });
  print(
    `Training from shots, the same cost, ${values.iterations} steps`,
    ["by", "mean cost, lowest restart", "median restart", "P(optimal)"],
    shots,
  );
}

const readAngles = (path: string): Float64Array =>
  Float64Array.from(JSON.parse(readFileSync(join(path, "artifacts", "angles.json"), "utf8")).angles);

const alphabets = ["{0,1}", "{-1,1}", "{-2,1}", "{-3,1}"];

/** MNIST pairs by one layer, with weights of ±1 and with two bits that choose the alphabet. */
function alphabet(): void {
  const rows = ["0,1", "3,7", "4,9"].flatMap((pair) =>
    ["mnist-4x4", "mnist-4x4-alphabet"].map((family) => {
      const found = run("--data", "mnist", "--classes", pair, "--family", family, "--layers", "1");
      const { optimum, best, pOptimal, run: path, baselines } = found;
      const list = [...energies(path).values()].flat();
      const cheapest = baselines
        .filter((b) => b.name !== "exhaustive" && b.loss <= optimum.loss + 1e-9)
        .toSorted((a, b) => a.evaluations - b.evaluations)[0];
      return [
        pair.replace(",", " against "),
        family === "mnist-4x4" ? "{-1,1}, fixed" : `${alphabets[Number.parseInt(best.bits.slice(-2), 2)]}, chosen`,
        `${optimum.loss.toFixed(4)} of ${optimum.count}`,
        share(list.filter((e) => e - optimum.loss < 1e-4).length, list.length),
        pOptimal.toFixed(2),
        `${(100 * (best.accuracy ?? 0)).toFixed(1)} / ${(100 * (best.testAccuracy ?? 0)).toFixed(1)} %`,
        cheapest ? `${cheapest.name}, ${cheapest.evaluations}` : "none",
      ];
    }),
  );
  print(
    "MNIST pairs at 4x4, one layer, with and without bits that choose the alphabet",
    ["pair", "alphabet", "minimum", "gap < 0.0001", "P(optimal)", "accuracy, search / test", "cheapest search"],
    rows,
  );
}

/** A random quadratic cost of 28 bits, of which no table is made. */
function sampled(): void {
  const n = 28;
  const normal = randomStream(1)
    .fold("couplings")
    .normal([n * n], "f64").data;
  const lines = Array.from({ length: n }, (_, i) =>
    Array.from({ length: n - i }, (_, j) => `${i} ${i + j} ${normal[i * n + i + j].toFixed(6)}`),
  ).flat();
  const file = join(folder, "large.ising");
  writeFileSync(file, lines.join("\n"));
  const { seen, evaluations, baselines } = run("--table", file, "--ansatz", "product");
  print(
    `A random Ising cost of ${n} bits, costs of sampled strings (${evaluations.toLocaleString("en")} asked for)`,
    ["search", "lowest cost", "evaluations until then"],
    [
      ["product state, Adam, 1024 shots a step", (seen?.loss ?? 0).toFixed(4), String(seen?.evaluations)],
      ...baselines.map((b) => [b.name, b.loss.toFixed(4), String(b.evaluations)]),
    ],
  );
}

const parts: Readonly<Record<string, () => void>> = {
  lattice: () => depths("Gaussian lattice, 18 bits", 1e-4, "--data", "gaussian"),
  mnist: () => depths("MNIST 3 against 7, 4x4, 17 bits", 1e-4, "--data", "mnist", "--classes", "3,7", "--family", "mnist-4x4"),
  ...{ orders, noise, loop, alphabet, sampled },
};
for (const part of values.only.split(",")) parts[part]();
