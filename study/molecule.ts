/**
 * Ground states measured: Fisher-Rao, Wasserstein and mixed flows from the same start, at equal steps and at equal seconds; the accuracy of the
 * command's defaults; the curve of H2; how fast chains forget. Each row of the first three is one run of the command; its line is printed above the table.
 *
 *   npm run study:molecule -- [--only flows,defaults,curve,moves] [--systems He,H2,LiH,Be,H4] [--flows fr,wfr,w,paper] [--seeds 3] [--steps N]
 *                             [--ansatz NAME] [--bond 0.8:6:0.4] [--threads 2]
 *
 * flows: error of the evaluated energy and variance of E_loc, means over seeds with their standard errors; "at equal seconds" takes the row of
 * the run's metrics at which as many seconds had gone as the fastest flow needs for all of its steps, in proportion to its steps. paper is wfr
 * with equal weights at the step size of w. curve: literature values (Sims & Hagstrom 2006 and earlier, to the digits below). moves: autocorrelation times
 * in moves of 64 chains that sample the Hartree-Fock determinant, of the sums over electrons of the distance to the origin, its square and its inverse.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type NdArray, randomStream, toNumbers } from "../src/array/index.ts";
import { knownOrbitals } from "../src/chemistry/learning/known.ts";
import { knownDensity } from "../src/chemistry/learning/pretrain.ts";
import { adapted } from "../src/chemistry/learning/state.ts";
import { readSystem } from "../src/chemistry/systems/read.ts";
import { startWalkers } from "../src/chemistry/walkers/start.ts";
import { moveNames, walk } from "../src/chemistry/walkers/walk.ts";
import { autocorrelationTime, estimate } from "../src/sampling/index.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "flows,defaults,curve,moves" },
    systems: { type: "string", default: "He,H2,LiH,Be,H4" },
    flows: { type: "string", default: "fr,wfr,w,paper" },
    seeds: { type: "string", default: "3" },
    steps: { type: "string" },
    ansatz: { type: "string" },
    bond: { type: "string", default: "0.8:6:0.4" },
    threads: { type: "string", default: "2" },
  },
});
const folder = mkdtempSync(join(tmpdir(), "study-molecule-"));
const program = new URL("../bin/pushforward.js", import.meta.url).pathname;
const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => String(i + 1));
const common = [
  ...(values.steps ? ["--steps", values.steps] : []),
  ...(values.ansatz ? ["--ansatz", values.ansatz] : []),
  "--threads",
  values.threads,
];

interface Results {
  readonly run: string;
  readonly energy: number;
  readonly error: number;
  readonly variance: number;
  readonly reference: number;
  readonly seconds: number;
  readonly points?: readonly { readonly distance: number; readonly energy: number; readonly error: number }[];
}

let runs = 0;
/** One run of the command; its last line of JSON. */
function run(...args: string[]): Results {
  const out = join(folder, String(runs++));
  process.stderr.write(`pushforward molecule ${args.join(" ")}\n`);
  const all = ["molecule", ...args, ...common, "--out", out, "--json"];
  const text = execFileSync(process.execPath, [program, ...all], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 2 ** 28,
  });
  return JSON.parse(text.trim().split("\n").at(-1) ?? "");
}

interface Row {
  readonly step: number;
  readonly energy?: number;
  readonly variance?: number;
}

/** Rows of the flow, numbered from its begin. */
function flowRows(path: string): Row[] {
  const rows: Row[] = readFileSync(join(path, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  return rows.filter((row) => row.energy !== undefined);
}

const shown = (xs: readonly number[], digits: number): string => {
  if (xs.length < 2) return xs[0].toFixed(digits);
  const { mean, error } = estimate(xs);
  return `${mean.toFixed(digits)} ± ${error.toFixed(digits)}`;
};

const settings: Readonly<Record<string, readonly string[]>> = {
  fr: ["--method", "fr"],
  wfr: ["--method", "wfr"],
  w: ["--method", "w"],
  paper: ["--method", "wfr", "--transport-weight", "1", "--rate", "0.02"],
};

function flows(): void {
  for (const system of values.systems.split(",")) {
    const names = values.flows.split(",");
    const all = names.map((name) => seeds.map((seed) => run(system, ...settings[name], "--seed", seed)));
    const least = Math.min(...all.flat().map(({ seconds }) => seconds));
    const table = names.map((name, k) => {
      const done = all[k];
      const early = done.map(({ run: path, seconds }) => {
        const rows = flowRows(path);
        return rows[Math.max(0, Math.min(rows.length, Math.floor((rows.length * least) / seconds)) - 1)];
      });
      return [
        name,
        shown(
          done.map((r) => 1000 * (r.energy - r.reference)),
          2,
        ),
        shown(
          done.map((r) => 1000 * r.error),
          2,
        ),
        shown(
          done.map((r) => r.variance),
          5,
        ),
        shown(
          early.map((row) => row.variance ?? Number.NaN),
          5,
        ),
        shown(
          done.map((r) => r.seconds),
          0,
        ),
      ];
    });
    print(
      `${system}, ${seeds.length} seeds`,
      ["flow", "error (mHa)", "of which sampling (mHa)", "variance (Ha²)", "variance at equal seconds, training", "seconds"],
      table,
    );
  }
}

function defaults(): void {
  const rows = values.systems.split(",").map((system) => {
    const done = seeds.map((seed) => run(system, "--seed", seed));
    return [
      system,
      shown(
        done.map((r) => 1000 * (r.energy - r.reference)),
        2,
      ),
      shown(
        done.map((r) => r.variance),
        4,
      ),
      shown(
        done.map((r) => r.seconds),
        0,
      ),
    ];
  });
  print("Defaults of the command", ["system", "error (mHa)", "variance (Ha²)", "seconds"], rows);
}

/** Energies of H2 in hartree by distance in bohr: explicitly correlated, from the literature. */
const hydrogen: Readonly<Record<string, number>> = {
  "0.8": -1.0200567,
  "1": -1.1245397,
  "1.2": -1.1649352,
  "1.4": -1.1744757,
  "1.6": -1.1685834,
  "2": -1.138133,
  "2.4": -1.1024227,
  "3": -1.0573263,
  "4": -1.0163903,
  "5": -1.0037857,
  "6": -1.0008357,
};

function curve(): void {
  const { points = [], seconds } = run("scan", "H2", "--bond", values.bond, "--seed", "1");
  const rows = points.map(({ distance, energy, error }) => {
    const known = hydrogen[String(Number(distance.toFixed(6)))];
    return [
      String(distance),
      energy.toFixed(5),
      (1000 * error).toFixed(2),
      known === undefined ? "" : (1000 * (energy - known)).toFixed(2),
    ];
  });
  print(`H2, ${Math.round(seconds)} s`, ["distance (bohr)", "energy (Ha)", "error (mHa)", "above the literature (mHa)"], rows);
}

const chains = 64;
/** Steps of 10 moves in which the size settles, and of 2 that are measured. */
const [settling, measured] = [200, 1500];

/** Sums over the electrons of a walker. */
const sums: Readonly<Record<string, (r: number) => number>> = { r: (r) => r, "r²": (r) => r * r, "1/r": (r) => 1 / r };

async function moves(): Promise<void> {
  const rows: string[][] = [];
  for (const name of values.systems.split(",")) {
    const { system } = readSystem(name);
    const known = await knownOrbitals(system);
    if (!known || system.field.kind !== "nuclei") continue;
    for (const how of moveNames) {
      const move = walk<Record<string, never>>(system, knownDensity(system, known.orbitals), how);
      const rng = randomStream(1);
      let x: NdArray = startWalkers(system, chains, rng);
      let [width, acceptance] = [0.4, 0];
      for (let t = 0; t < settling; t++) {
        const moved = await move(x, 10, width, {}, rng);
        x = moved.x;
        width = adapted(width, moved.acceptance, 1.1);
      }
      const seen = Object.values(sums).map(() => Array.from({ length: chains }, (): number[] => []));
      const began = performance.now();
      for (let t = 0; t < measured; t++) {
        const moved = await move(x, 2, width, {}, rng);
        x = moved.x;
        acceptance += moved.acceptance / measured;
        const places = toNumbers(x);
        const each = places.length / chains;
        for (let b = 0; b < chains; b++) {
          const r = Array.from({ length: each / 3 }, (_, i) => Math.hypot(...places.slice(b * each + 3 * i, b * each + 3 * i + 3)));
          Object.values(sums).forEach((f, k) => seen[k][b].push(r.reduce((sum, v) => sum + f(v), 0)));
        }
      }
      const milliseconds = (performance.now() - began) / (2 * measured);
      rows.push([
        name,
        how,
        acceptance.toFixed(2),
        ...seen.map((all) => (2 * autocorrelationTime(all)).toFixed(0)),
        milliseconds.toFixed(2),
      ]);
    }
  }
  print("Moves", ["system", "moves", "accepted", ...Object.keys(sums).map((sum) => `τ of Σ ${sum}`), "ms a move"], rows);
}

function print(title: string, columns: readonly string[], rows: readonly (readonly string[])[]): void {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  console.log([`\n${title}\n`, line(columns), line(columns.map(() => "---")), ...rows.map(line)].join("\n"));
}

const parts: Readonly<Record<string, () => void | Promise<void>>> = { flows, defaults, curve, moves };
for (const part of values.only.split(",")) await parts[part]();
