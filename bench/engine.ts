/**
 * Engine benchmark: each task runs here and in the peers, interleaved, with the same number of threads.
 *
 *   npm run bench -- engine [--tasks T1,T2] [--rounds 15] [--threads 2] [--python path/to/venv/bin/python] [--json]
 *
 * JAX and PyTorch run in the Python given by --python or PUSHFORWARD_PYTHON; jax-js and TensorFlow.js if they are installed in
 * bench/peers (npm --prefix bench/peers install). Peers that are missing are left out.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import * as pf from "../src/tensor/index.ts";
import { writeModel } from "../src/tensor/write.ts";
import { type Task, tasks } from "./engine-tasks.ts";
import { external, type Runner } from "./peer.ts";

const options = {
  tasks: { type: "string" },
  rounds: { type: "string", default: "15" },
  threads: { type: "string", default: "2" },
  python: { type: "string", default: process.env.PUSHFORWARD_PYTHON ?? "" },
  json: { type: "boolean", default: false },
} as const;

function ours(threads: number): Runner {
  const running = new Map<string, { call: (...args: unknown[]) => Promise<unknown>; args: unknown[]; task: Task }>();
  return {
    name: "pushforward",
    async run(name, reps) {
      let first: number | null = null;
      let entry = running.get(name);
      if (!entry) {
        const task = tasks.find((t) => t.name === name) as Task;
        const args = task.args();
        // With all cores the engine chooses, as the peers do.
        const call = pf.jit(task.step, { threads: threads < availableParallelism() ? threads : undefined, reuse: true }) as (
          ...args: unknown[]
        ) => Promise<unknown>;
        const start = performance.now();
        await call(...args);
        first = performance.now() - start;
        entry = { call, args, task };
        running.set(name, entry);
      }
      const times: number[] = [];
      for (let i = 0; i < reps; i++) {
        const start = performance.now();
        const result = await entry.call(...entry.args);
        times.push(performance.now() - start);
        if (entry.task.next) entry.args.splice(0, 1, ...entry.task.next(result as never));
      }
      return { first, times, peak: process.resourceUsage().maxRSS / 1024 };
    },
    close() {},
  };
}

/**
 * Peers with so many threads. With one they are also held to one core, where the system can: JAX 0.10 takes both for its products, whatever its flags
 * say (a product at 143 GFLOP/s).
 */
function peers(python: string, threads: number): Runner[] {
  const env = { THREADS: String(threads), OMP_NUM_THREADS: String(threads) };
  const held = threads === 1 && spawnSync("taskset", ["--version"]).status === 0;
  const peer = (name: string, program: string, args: readonly string[], more: Record<string, string> = {}): Runner =>
    held
      ? external(name, "taskset", ["--cpu-list", "0", program, ...args], { ...env, ...more })
      : external(name, program, args, { ...env, ...more });
  const flags: Record<string, string> =
    threads === 1 ? { XLA_FLAGS: "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1" } : {};
  const list: Runner[] = [];
  if (python && existsSync(python)) {
    list.push(peer("JAX", python, ["bench/peers/engine_jax.py"], flags));
    list.push(peer("PyTorch", python, ["bench/peers/engine_torch.py"]));
  }
  const scripts = [
    ["jax-js", "@jax-js/jax", threads],
    ["jax-js serial", "@jax-js/jax", 1], // its threads cost more than they bring in small tasks
    ["TensorFlow.js", "@tensorflow/tfjs", threads],
  ] as const;
  for (const [name, folder, n] of threads > 1 ? scripts : [scripts[0], scripts[2]])
    if (existsSync(`bench/peers/node_modules/${folder}`))
      list.push(peer(name, process.execPath, ["bench/peers/engine-js.ts", folder], { THREADS: String(n) }));
  return list;
}

/**
 * The q-quantile. Besides the median the table gives the tenth part: on a virtual machine the scheduler often keeps both threads of a
 * program on one core for half a second, which says nothing about the program.
 */
const quantile = (xs: readonly number[], q: number): number => [...xs].sort((a, b) => a - b)[Math.floor(q * (xs.length - 1))];

interface Result {
  readonly name: string;
  /** Median and tenth part of the step times, ms. */
  readonly ms: number;
  readonly best: number;
  readonly first?: number;
  readonly peakMiB?: number;
}

export async function main(argv: string[]): Promise<void> {
  const { values } = parseArgs({ args: argv, options });
  const threads = Number(values.threads);
  const chosen = tasks.filter((t) => !values.tasks || values.tasks.split(",").includes(t.name));
  const runners = [ours(threads), ...peers(values.python, threads)];
  await pf.jit((x: pf.Tensor) => x.add(1), { threads })(1); // loads the runtime, as the peers are loaded when they answer
  const rows: Record<string, unknown>[] = [];
  for (const task of chosen) {
    const times = new Map<string, number[]>(runners.map((r) => [r.name, []]));
    const first = new Map<string, number>();
    const peak = new Map<string, number>();
    for (const r of runners) {
      first.set(r.name, (await r.run(task.name, 3))?.first ?? Number.NaN);
      await r.run(task.name, 30); // compilers warm up
    }
    for (let round = 0; round < Number(values.rounds); round++)
      for (const r of runners) {
        // Idle thread pools spin for a while (OpenMP: 200 ms) and would take a core from the next contender.
        await setTimeout(300);
        const m = await r.run(task.name, 10);
        if (!m) continue;
        times.get(r.name)?.push(...m.times);
        peak.set(r.name, m.peak);
      }
    const program = pf.trace(task.step, task.args());
    const nodes = writeModel(program).nodes;
    const row = {
      task: task.name,
      what: task.what,
      nodes,
      results: runners.flatMap((r) => {
        const list = times.get(r.name) ?? [];
        const [ms, best] = [quantile(list, 0.5), quantile(list, 0.1)];
        return list.length ? [{ name: r.name, ms, best, first: first.get(r.name), peakMiB: peak.get(r.name) }] : [];
      }),
    };
    rows.push(row);
    if (!values.json) print(row);
  }
  if (values.json) console.log(JSON.stringify({ threads, rows }));
  for (const r of runners) r.close();
}

function print(row: { task: string; what: string; nodes: number; results: readonly Result[] }): void {
  const [mine] = row.results;
  const number = (x: number, width: number, digits: number): string => x.toFixed(digits).padStart(width);
  console.log(`${row.task}  ${row.what}  (${row.nodes} nodes)`);
  console.log("                     median  ratio      10 %  ratio   first call   peak");
  for (const r of row.results)
    console.log(
      `    ${r.name.padEnd(14)}${number(r.ms, 9, 3)}${number(mine.ms / r.ms, 7, 2)}${number(r.best, 10, 3)}${number(mine.best / r.best, 7, 2)}${number(r.first ?? 0, 10, 0)} ms${number(r.peakMiB ?? 0, 6, 0)} MiB`,
    );
}
