/**
 * Steering benchmark: twisted SMC draws continuations of a prompt, a token a step, here and in PyTorch and JAX; with a cache of keys and
 * values, and without one (`-prefix`: every step computes the whole prefix again, as the authors' code does). The same loop in all:
 * logits, a twist d-d-d-V of the last hidden state, q ∝ p0 ψ, one token a row, log weights, systematic resampling when the effective size
 * is below K/2. Interleaved; a repetition is a whole run, prompt included.
 *
 *   npm run bench -- steer [--models stories,random] [--particles 1,16,64,256,1024] [--rules below,never,always] [--steps 20] [--rounds 5]
 *                          [--contenders PyTorch,JAX,PyTorch-prefix,JAX-prefix] [--threads 1] [--clock wall] [--python path/to/venv/bin/python] [--memory] [--json]
 *
 * stories: stories260K, read from $PUSHFORWARD_DATA (default ../shared/data). random: 30 million random parameters, V = 16,384. First it is
 * checked that all choose the same greedy tokens of stories with the same probabilities. Without data, or without --python, what is missing
 * is left out. --clock cpu takes times of the processors, for machines that have other work; with one thread they are those of an idle one.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { parseArgs, promisify } from "node:util";
import { configure } from "../src/tensor/index.ts";
import { external, type Runner } from "./peer.ts";
import { ours, prepared, type Task, type Told, writeTask } from "./steer-tasks.ts";

const options = {
  models: { type: "string", default: "stories,random" },
  particles: { type: "string", default: "1,16,64,256,1024" },
  rules: { type: "string", default: "below,never,always" },
  steps: { type: "string", default: "20" },
  rounds: { type: "string", default: "5" },
  contenders: { type: "string", default: "PyTorch,JAX,PyTorch-prefix,JAX-prefix" },
  threads: { type: "string", default: "1" },
  python: { type: "string", default: process.env.PUSHFORWARD_PYTHON ?? "" },
  clock: { type: "string", default: "wall" },
  memory: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
} as const;

function peers(names: readonly string[], python: string, threads: number, clock: string, files: string): Runner[] {
  if (!python || !existsSync(python)) return [];
  const flags: Record<string, string> =
    threads === 1 ? { XLA_FLAGS: "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1" } : {};
  const env = { THREADS: String(threads), OMP_NUM_THREADS: String(threads), JAX_PLATFORMS: "cpu", CLOCK: clock };
  return names.map((name) => {
    const [library, how = "cache"] = name.split("-");
    const [kind, more] = library === "JAX" ? ["jax", flags] : ["torch", {}];
    return external(name, python, ["bench/peers/steer.py", kind, files, how], { ...env, ...more });
  });
}

function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const quantile = (xs: readonly number[], q: number): number => xs.toSorted((a, b) => a - b)[Math.floor(q * (xs.length - 1))];
const warmUps = 2;
/** A contender that takes longer than this (ms) is run once. */
const slow = 5_000;

interface Setting {
  readonly python: string;
  readonly threads: number;
  readonly files: string;
  readonly steps: number;
}

interface Row {
  readonly contender: string;
  readonly particles: number;
  readonly rule: string;
  readonly ms: number;
  readonly best: number;
  readonly runs: number;
  readonly peakMiB: number;
}

/** What it costs to resample always is asked of us only; without a cache it makes no difference. */
const asked = (contender: string, names: readonly string[]): readonly string[] =>
  contender === "pushforward" ? names : names.filter((rule) => rule !== "always").slice(0, contender.endsWith("-prefix") ? 1 : undefined);

async function measured(runners: readonly Runner[], model: string, particles: number, names: readonly string[], rounds: number) {
  const found = new Map<string, { times: number[]; peak: number }>();
  const done = new Set<string>();
  for (let round = -warmUps; round < rounds; round++)
    for (const { name, run } of runners) {
      await setTimeout(200); // idle thread pools spin for a while
      for (const rule of asked(name, names)) {
        const key = `${name}:${rule}`;
        const told = done.has(key) ? undefined : await run(`${model}:${particles}:${rule}`, 1);
        if (!told) continue;
        if (told.times[0] > slow) done.add(key);
        const { times } = found.get(key) ?? { times: [] };
        found.set(key, { times: round < 0 && !done.has(key) ? [] : [...times, ...told.times], peak: told.peak });
      }
    }
  return [...found].map(([key, { times, peak }]): Row => {
    const [contender, rule] = key.split(":");
    return { contender, particles, rule, ms: quantile(times, 0.5), best: quantile(times, 0.1), runs: times.length, peakMiB: peak };
  });
}

export async function main(argv: string[]): Promise<void> {
  const { values } = parseArgs({ args: argv, options });
  const [steps, rounds, threads] = [values.steps, values.rounds, values.threads].map(Number);
  configure({ threads });
  const tasks = values.models.split(",").flatMap((name) => {
    const task = prepared(name, threads);
    if (!task) console.error(`${name}: left out, for there is no such model or no data for it`);
    return task ? [task] : [];
  });
  const files = mkdtempSync(join(tmpdir(), "pushforward-bench-"));
  for (const task of tasks) writeTask(files, task, steps);
  const counts = values.particles.split(",").map(Number);
  const contenders = values.contenders.split(",").filter(Boolean);
  const now = values.clock === "cpu" ? cpuTime : () => performance.now();
  const runners = [ours(tasks, steps, now), ...peers(contenders, values.python, threads, values.clock, files)];
  const rows: (Row & { model: string })[] = [];
  for (const task of tasks) {
    if (task.stored) await compare(runners, task.name);
    const own: Row[] = [];
    if (!values.json) console.log(`\n${heading(task, steps, threads)}`);
    for (const particles of counts) {
      const found = await measured(runners, task.name, particles, values.rules.split(","), rounds);
      if (!values.json) print(found, steps);
      own.push(...found);
    }
    const contending = runners.map((r) => r.name).filter((contender) => !contender.endsWith("-prefix"));
    if (values.memory) await printMemory(contending, task, counts, { python: values.python, threads, files, steps });
    rows.push(...own.map((row) => ({ model: task.name, ...row })));
  }
  if (values.json) console.log(JSON.stringify({ threads, steps, rows }));
  for (const r of runners) r.close();
  rmSync(files, { recursive: true });
}

/** @throws Error  if a port does not compute what we compute */
async function compare([mine, ...others]: readonly Runner[], name: string): Promise<void> {
  const expected = (await mine.run(`${name}:1:greedy`, 1)) as Told;
  for (const other of others) {
    const told = (await other.run(`${name}:1:greedy`, 1)) as Told | undefined;
    if (!told) throw new Error(`${other.name} gives no answer`);
    const apart = (key: "logs" | "twists"): number => Math.max(...expected[key]!.map((v, i) => Math.abs(v - told[key]![i])));
    const [logs, twists] = [apart("logs"), apart("twists")];
    if (expected.tokens!.join() !== told.tokens!.join() || !(Math.max(logs, twists) < 1e-3))
      throw new Error(`${name}: ${other.name} differs: ${told.tokens} for ${expected.tokens}, log p0 by ${logs}, log ψ by ${twists}`);
    console.error(`${name}: ${other.name} has the same ${told.tokens!.length} greedy tokens; log p0 differs by ${logs.toExponential(1)}`);
  }
}

const heading = ({ name, model: { config }, prompt }: Task, steps: number, threads: number): string => {
  const { depth, width, vocabulary } = config;
  const sizes = `${depth} layers of ${width}, V = ${vocabulary}, prompt of ${prompt.length}`;
  return (
    `${name}  ${sizes}, ${steps} steps, ${threads} thread${threads === 1 ? "" : "s"}; ratios: our time over theirs\n` +
    "     K  resampling                       median   ratio       10 %   ratio   tokens/s  particle-steps/s  runs"
  );
};

function print(rows: readonly Row[], steps: number): void {
  const mine = (rule: string): Row => rows.find((r) => r.contender === "pushforward" && r.rule === rule)!;
  for (const { contender, particles, rule, ms, best, runs } of rows.toSorted((a, b) => a.rule.localeCompare(b.rule))) {
    const time = (own: number, ours: number): string => `${own.toFixed(1).padStart(8)} ms${(ours / own).toFixed(3).padStart(8)}`;
    console.log(
      `${String(particles).padStart(6)}  ${rule.padEnd(12)}${contender.padEnd(16)}${time(ms, mine(rule).ms)}${time(best, mine(rule).best)}` +
        `${((1000 * steps) / ms).toFixed(0).padStart(11)}${((1000 * steps * particles) / ms).toFixed(0).padStart(18)}${String(runs).padStart(6)}`,
    );
  }
  const { always, never } = Object.fromEntries(rows.filter((r) => r.contender === "pushforward").map((r) => [r.rule, r]));
  const more = (key: "ms" | "best"): string => `${(100 * (always[key] / never[key] - 1)).toFixed(1)} %`;
  if (always && never) console.log(`        resampling at every step costs ${more("ms")} by the median, ${more("best")} by the 10 %`);
}

/** The largest memory of a process of its own, in MiB, that runs a task three times. */
async function peakOf(contender: string, model: string, particles: number, { python, threads, files, steps }: Setting): Promise<number> {
  if (contender !== "pushforward") {
    const [runner] = peers([contender], python, threads, "wall", files);
    const told = await runner.run(`${model}:${particles}:below`, 3);
    runner.close();
    return told?.peak ?? Number.NaN;
  }
  const flags = { models: model, particles, steps, threads, rules: "below", rounds: 1, contenders: "" };
  const args = Object.entries(flags).map(([key, value]) => `--${key}=${value}`);
  const { stdout } = await promisify(execFile)(process.execPath, ["bench/main.ts", "steer", "--json", ...args]);
  return (JSON.parse(stdout) as { rows: Row[] }).rows[0].peakMiB;
}

/** What one more particle adds to the largest memory, between the two largest numbers of particles, against its keys and values. */
async function printMemory(contenders: readonly string[], { name, model: { config } }: Task, counts: readonly number[], setting: Setting) {
  const { depth, width, heads, keyValueHeads = heads } = config;
  const cache = (4 * 2 * depth * (width / heads) * keyValueHeads * setting.steps) / 1024;
  const [low, high] = counts.toSorted((a, b) => a - b).slice(-2);
  if (!high) return;
  console.log(`memory a particle, from ${low} to ${high}, in KiB; keys and values of ${setting.steps} tokens are ${cache.toFixed(0)}`);
  for (const contender of contenders) {
    const [less, more] = [await peakOf(contender, name, low, setting), await peakOf(contender, name, high, setting)];
    const each = (1024 * (more - less)) / (high - low);
    console.log(`    ${contender.padEnd(16)}${each.toFixed(0).padStart(8)}${(each / cache).toFixed(1).padStart(8)} times that`);
  }
}
