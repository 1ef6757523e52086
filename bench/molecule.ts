/**
 * Ground states benchmark: parts of a step of `pushforward molecule`, here and in a JAX port with the batch first: local energies by forward
 * Laplacian, those with their gradient, whole steps of the Fisher-Rao and the Wasserstein-Fisher-Rao flow (energies, gradients, Kronecker factors,
 * update, ten Metropolis moves). JAX-forward carries the Laplacian through the layers by hand; JAX-hessian loops over coordinates, as FermiNet
 * does by default. Interleaved. Psiformer of width 32 (16 for up to two electrons), 2 layers, 4 heads, 4 determinants, in f32.
 *
 *   npm run bench -- molecule [--systems He,Be,H4,H10] [--parts energy,slope,fr,wfr] [--walkers 512] [--rounds 7]
 *                             [--contenders JAX-forward,JAX-hessian] [--threads 1] [--clock wall|cpu] [--python path/to/venv/bin/python] [--json]
 *
 * First it is checked that all compute the same energies, gradients and parameters after a step, at the median. --clock cpu takes times of
 * the processors, for machines that have other work; with one thread they are those of an idle one.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { configure } from "../src/tensor/index.ts";
import { ours, parts, prepared, type Task, type Told, writeTask } from "./molecule-tasks.ts";
import { external, type Runner } from "./peer.ts";

const options = {
  systems: { type: "string", default: "He,Be,H4,H10" },
  parts: { type: "string", default: parts.join() },
  walkers: { type: "string", default: "512" },
  rounds: { type: "string", default: "7" },
  contenders: { type: "string", default: "JAX-forward,JAX-hessian" },
  threads: { type: "string", default: "1" },
  python: { type: "string", default: process.env.PUSHFORWARD_PYTHON ?? "" },
  clock: { type: "string", default: "wall" },
  json: { type: "boolean", default: false },
} as const;

function peers(names: readonly string[], python: string, threads: number, clock: string, files: string): Runner[] {
  if (!python || !existsSync(python)) return [];
  const one = { XLA_FLAGS: "--xla_cpu_multi_thread_eigen=false" };
  const env = {
    THREADS: String(threads),
    NPROC: "8",
    OMP_NUM_THREADS: String(threads),
    OPENBLAS_NUM_THREADS: String(threads),
    JAX_PLATFORMS: "cpu",
    CLOCK: clock,
  };
  const script = "bench/peers/molecule_jax.py";
  return names.map((name) => external(name, python, [script, files, name.split("-")[1]], { ...env, ...(threads === 1 && one) }));
}

function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const quantile = (xs: readonly number[], q: number): number => xs.toSorted((a, b) => a - b)[Math.floor(q * (xs.length - 1))];

interface Row {
  readonly system: string;
  readonly part: string;
  readonly contender: string;
  readonly ms: number;
  readonly best: number;
  /** Time of the first call, that compiles. */
  readonly first: number;
}

async function measured(runners: readonly Runner[], system: string, part: string, rounds: number): Promise<Row[]> {
  const found = new Map<string, { times: number[]; first: number }>();
  for (let round = -1; round < rounds; round++)
    for (const { name, run } of runners) {
      await setTimeout(100); // idle thread pools spin for a while
      const told = await run(`${system}:${part}`, 1);
      if (!told) continue;
      const { times, first } = found.get(name) ?? { times: [], first: told.first ?? Number.NaN };
      found.set(name, { times: round < 0 ? [] : [...times, ...told.times], first });
    }
  return [...found].map(([contender, { times, first }]) => ({
    ...{ system, part, contender, ms: quantile(times, 0.5), best: quantile(times, 0.1), first },
  }));
}

/** @throws Error  if a port does not compute what we compute */
async function compare([mine, ...others]: readonly Runner[], { name }: Task): Promise<void> {
  const expected = (await mine.run(`${name}:check`, 1)) as Told;
  for (const other of others) {
    const told = (await other.run(`${name}:check`, 1)) as Told | undefined;
    if (!told) throw new Error(`${name}: ${other.name} gives no answer`);
    const apart = (key: "energy" | "slope" | "updated", share: number): number =>
      quantile(
        expected[key]!.map((v, i) => Math.abs(v - told[key]![i]) / Math.max(1e-3, Math.abs(v))),
        share,
      );
    const [energy, slope, updated] = [apart("energy", 0.5), apart("slope", 0.5), apart("updated", 0.5)];
    const digits = [energy, apart("energy", 0.95), slope, apart("slope", 0.95), updated].map((v) => v.toExponential(1));
    const [e, e95, s, s95, p] = digits;
    if (!(energy < 1e-4 && slope < 1e-3 && updated < 1e-3))
      throw new Error(`${name}: ${other.name} differs: energies by ${e}, gradients by ${s}, parameters after a step by ${p}`);
    console.error(`${name}: ${other.name} differs by ${e} in energies (95 %: ${e95}), ${s} in their gradients (${s95}), ${p} after a step`);
  }
}

function print(rows: readonly Row[]): void {
  const [mine] = rows;
  for (const { system, part, contender, ms, best, first } of rows) {
    const time = (own: number, us: number): string => `${own.toFixed(1).padStart(9)} ms${(us / own).toFixed(2).padStart(7)}`;
    console.log(
      `${system.padEnd(6)}${part.padEnd(8)}${contender.padEnd(14)}${time(ms, mine.ms)}${time(best, mine.best)}` +
        `${(first / 1000).toFixed(1).padStart(9)} s`,
    );
  }
}

export async function main(argv: string[]): Promise<void> {
  const { values } = parseArgs({ args: argv, options });
  const [walkers, rounds, threads] = [values.walkers, values.rounds, values.threads].map(Number);
  configure({ threads });
  const files = mkdtempSync(join(tmpdir(), "pushforward-bench-"));
  const tasks: Task[] = [];
  for (const name of values.systems.split(",")) tasks.push(await prepared(name, walkers));
  for (const task of tasks) writeTask(files, task);
  const now = values.clock === "cpu" ? cpuTime : () => performance.now();
  const runners = [ours(tasks, now), ...peers(values.contenders.split(",").filter(Boolean), values.python, threads, values.clock, files)];
  const rows: Row[] = [];
  for (const task of tasks) await compare(runners, task);
  if (!values.json)
    console.log(
      `${walkers} walkers, ${threads} thread${threads === 1 ? "" : "s"}, ${values.clock} clock; ratios: our time over theirs\n` +
        "                               median  ratio        10 %  ratio  first call",
    );
  for (const { name } of tasks)
    for (const part of values.parts.split(",")) {
      const found = await measured(runners, name, part, rounds);
      if (!values.json) print(found);
      rows.push(...found);
    }
  if (values.json) console.log(JSON.stringify({ threads, walkers, clock: values.clock, rows }));
  for (const r of runners) r.close();
  rmSync(files, { recursive: true });
}
