/**
 * Annealing benchmark: evaluations of a decoder (forward and gradient by the latent) per second inside Hamiltonian annealing, here and in
 * PyTorch and JAX. The same chains in all: temperatures, step sizes, leapfrogs, rows, both directions in one batch; L evaluations a row
 * and temperature. Interleaved; a repetition is a whole annealing of T temperatures.
 *
 *   npm run bench -- information [--tasks linear,vae] [--temperatures 20] [--leapfrogs 10] [--chains 16] [--pairs 32] [--rounds 5]
 *                                [--threads 2] [--python path/to/venv/bin/python] [--json]
 *
 * linear: x = W z + σ ε, 784 pixels of 10 latents, W_ij = sin(ij). vae: a decoder of MNIST, 50-200-200-784, Bernoulli logits, read from
 * $PUSHFORWARD_DATA (default ../shared/data). Without it, or without --python, what is missing is left out.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { array, type NdArray, randomStream, readNpz, toNumbers, writeNpz } from "../src/array/index.ts";
import {
  annealedChains,
  decoderJoint,
  type Frozen,
  fromPrior,
  type Joint,
  type JointPairs,
  linearJoint,
  pilot,
  pilotPoints,
  priorOf,
  simulate,
  sineWeights,
} from "../src/information/index.ts";
import { readOnnx } from "../src/onnx/read.ts";
import { estimate } from "../src/sampling/index.ts";
import { configure } from "../src/tensor/index.ts";
import { external, type Measured, type Runner } from "./peer.ts";

const options = {
  tasks: { type: "string", default: "linear,vae" },
  temperatures: { type: "string", default: "20" },
  leapfrogs: { type: "string", default: "10" },
  chains: { type: "string", default: "16" },
  pairs: { type: "string", default: "32" },
  rounds: { type: "string", default: "5" },
  threads: { type: "string", default: "2" },
  python: { type: "string", default: process.env.PUSHFORWARD_PYTHON ?? "" },
  json: { type: "boolean", default: false },
} as const;

/** Times of whole annealings, and the mean log weight forward and in reverse: whether all did the same. */
interface Told extends Measured {
  readonly weights?: readonly [number, number];
}

interface Task {
  readonly name: string;
  readonly joint: Joint;
  readonly pairs: JointPairs;
  readonly frozen: Frozen;
  /** Layers of the decoder, for the ports: w [in, out] and b. */
  readonly layers: Readonly<Record<string, NdArray>>;
}

const folder = join(process.env.PUSHFORWARD_DATA ?? "../shared/data", "vae-bdmc-mnist");
const variance = 0.03;

async function jointOf(name: string): Promise<{ joint: Joint; layers: Record<string, NdArray> } | undefined> {
  if (name === "linear") {
    const weights = sineWeights(784, 10);
    const w = array(
      Array.from({ length: 10 }, (_, j) => Array.from({ length: 784 }, (_, i) => weights.data[10 * i + j])),
      "f32",
    );
    return { joint: linearJoint({ weights, variance: [variance] }), layers: { w0: w, b0: array(new Array(784).fill(0), "f32", [784]) } };
  }
  const path = join(folder, "decoder.onnx");
  if (name !== "vae" || !existsSync(path)) return undefined;
  const model = readOnnx(readFileSync(path), path);
  const joint = await decoderJoint(model, {
    path,
    likelihood: "bernoulli",
    output: "logits",
    variance: [1],
    prior: priorOf("normal"),
    dtype: "f32",
  });
  const stored = readNpz(new Uint8Array(readFileSync(join(folder, "bdmc_vae_f32.npz")))) as Record<string, NdArray>;
  const transposed = ({ data, shape: [out, into] }: NdArray): NdArray =>
    array(
      Array.from({ length: into }, (_, i) => Array.from({ length: out }, (_, o) => Number(data[o * into + i]))),
      "f32",
    );
  const layers = [4, 5, 6].flatMap((n, i) => [
    [`w${i}`, transposed(stored[`fc${n}.weight`])] as const,
    [`b${i}`, array(toNumbers(stored[`fc${n}.bias`]), "f32", stored[`fc${n}.bias`].shape)] as const,
  ]);
  return { joint, layers: Object.fromEntries(layers) };
}

async function prepared(name: string, sizes: { temperatures: number; leapfrogs: number; pairs: number }): Promise<Task | undefined> {
  const found = await jointOf(name);
  if (!found) return undefined;
  const rng = randomStream(0).fold(name);
  const plan = { temperatures: sizes.temperatures, leapfrogs: sizes.leapfrogs, acceptance: 0.65, watch: () => {} };
  const { x } = await simulate(found.joint, pilotPoints, rng.fold("pilot pairs"));
  const frozen = await pilot(fromPrior(found.joint), x, plan, rng.fold("pilot"));
  return { name, ...found, frozen, pairs: await simulate(found.joint, sizes.pairs, rng.fold("pairs")) };
}

function ours(tasks: readonly Task[], chains: number): Runner {
  const compiled = new Map<string, Awaited<ReturnType<typeof annealedChains>>>();
  let runs = 0;
  return {
    name: "pushforward",
    async run(name, reps): Promise<Told> {
      let run = compiled.get(name);
      if (!run) {
        const { joint, pairs, frozen } = tasks.find((t) => t.name === name) as Task; // one of those that were prepared
        run = await annealedChains(fromPrior(joint), { frozen, ...pairs, chains }, randomStream(1));
        compiled.set(name, run);
      }
      const times: number[] = [];
      let logs = new Float64Array(0);
      for (let rep = 0; rep < reps; rep++) {
        const rng = randomStream(2).fold(runs++);
        const begin = performance.now();
        let state = await run.init();
        for (let t = 0; t < run.steps; t++) ({ state } = await run.step(state, rng));
        times.push(performance.now() - begin);
        logs = Float64Array.from(state.logWeights.data as Float64Array);
      }
      const half = logs.length / 2;
      const weights = [estimate(logs.subarray(0, half)).mean, estimate(logs.subarray(half)).mean] as const;
      return { first: null, times, peak: process.resourceUsage().maxRSS / 1024, weights };
    },
    close() {},
  };
}

/** Ports in the folder of what they read: one file a task. */
function peers(python: string, threads: number, files: string, chains: number): Runner[] {
  if (!python || !existsSync(python)) return [];
  const flags: Record<string, string> =
    threads === 1 ? { XLA_FLAGS: "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1" } : {};
  const env = { THREADS: String(threads), OMP_NUM_THREADS: String(threads), JAX_PLATFORMS: "cpu" };
  const script = "bench/peers/information.py";
  return [
    external("PyTorch", python, [script, "torch", files, String(chains)], env),
    external("JAX", python, [script, "jax", files, String(chains)], { ...env, ...flags }),
  ];
}

function writeTask(files: string, { name, pairs, frozen, layers }: Task): void {
  const { betas, stepSizes, leapfrogs } = frozen;
  const list = (values: ArrayLike<number>): NdArray => array(Array.from(values), "f64", [values.length]);
  const shared = { x: pairs.x, u: pairs.u, betas: list(betas), stepSizes: list(stepSizes), leapfrogs: array(leapfrogs, "f64", []) };
  const noise = array(name === "linear" ? variance : 0, "f64", []);
  writeFileSync(join(files, `${name}.npz`), writeNpz({ ...shared, variance: noise, ...layers }));
}

const quantile = (xs: readonly number[], q: number): number => [...xs].sort((a, b) => a - b)[Math.floor(q * (xs.length - 1))];

export async function main(argv: string[]): Promise<void> {
  const { values } = parseArgs({ args: argv, options });
  const [temperatures, leapfrogs, chains, pairs, rounds, threads] = (
    ["temperatures", "leapfrogs", "chains", "pairs", "rounds", "threads"] as const
  ).map((key) => Number(values[key]));
  configure({ threads });
  const tasks: Task[] = [];
  for (const name of values.tasks.split(",")) {
    const task = await prepared(name, { temperatures, leapfrogs, pairs });
    if (task) tasks.push(task);
    else console.error(`${name}: left out, for there is no such task or no data for it`);
  }
  const files = mkdtempSync(join(tmpdir(), "pushforward-bench-"));
  for (const task of tasks) writeTask(files, task);
  const runners = [ours(tasks, chains), ...peers(values.python, threads, files, chains)];
  const rows: Record<string, unknown>[] = [];
  for (const { name, joint } of tasks) {
    const times = new Map<string, number[]>(runners.map((r) => [r.name, []]));
    const last = new Map<string, Told>();
    for (const r of runners) await r.run(name, 1); // compilers warm up
    for (let round = 0; round < rounds; round++)
      for (const r of runners) {
        await setTimeout(300); // idle thread pools spin for a while
        const told = (await r.run(name, 1)) as Told | undefined;
        if (!told) continue;
        times.get(r.name)?.push(...told.times);
        last.set(r.name, told);
      }
    const evaluations = 2 * chains * pairs * leapfrogs * temperatures;
    const results = runners.flatMap((r) => {
      const list = times.get(r.name) ?? [];
      const told = last.get(r.name);
      if (!told) return [];
      const [ms, best] = [quantile(list, 0.5), quantile(list, 0.1)];
      return [{ name: r.name, ms, best, perSecond: (1000 * evaluations) / ms, weights: told.weights, peakMiB: told.peak }];
    });
    const what = `${joint.latent} latents, ${joint.observed} observed, ${2 * chains * pairs} rows, T = ${temperatures}, L = ${leapfrogs}`;
    rows.push({ task: name, what, evaluations, results });
    if (!values.json) print(name, what, results);
  }
  if (values.json) console.log(JSON.stringify({ threads, rows }));
  for (const r of runners) r.close();
  rmSync(files, { recursive: true });
}

interface Result {
  readonly name: string;
  readonly ms: number;
  readonly best: number;
  readonly perSecond: number;
  readonly weights?: readonly [number, number];
  readonly peakMiB: number;
}

/** Ratios above 1: so many times our time. */
function print(task: string, what: string, results: readonly Result[]): void {
  const [mine] = results;
  console.log(`${task}  ${what}`);
  console.log("                evaluations/s     median   ratio      10 %   ratio      peak   mean log w, forward and reverse");
  for (const r of results) {
    const [f, b] = r.weights ?? [Number.NaN, Number.NaN];
    console.log(
      `    ${r.name.padEnd(14)}${r.perSecond.toExponential(2).padStart(11)}${r.ms.toFixed(0).padStart(8)} ms${(r.ms / mine.ms).toFixed(2).padStart(8)}` +
        `${r.best.toFixed(0).padStart(7)} ms${(r.best / mine.best).toFixed(2).padStart(8)}${r.peakMiB.toFixed(0).padStart(6)} MiB   ${f.toFixed(2)}  ${b.toFixed(2)}`,
    );
  }
}
