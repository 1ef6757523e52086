/**
 * Pictures by action matching: milliseconds a training step and a step of sampling of a U-Net, here and in ports for PyTorch (eager) and JAX
 * (jit). A training step is the loss, its gradient, Adam and the moving average. Tasks are SIZE:KIND; sizes are in bench/images-steps.ts, kinds:
 * action (training, <x, h>), flow (training, flow matching), sample (one ∇<x, h>), forward (one h). Interleaved; medians and fastest rounds; ratios
 * are our time over theirs.
 *
 *   npm run bench -- images [--tasks small:action,…] [--threads 1,2] [--rounds 5] [--peers torch,jax] [--clock wall|cpu] [--python path/to/venv/bin/python]
 *     [--json]
 *
 * First it is checked that all compute the same loss and the same norm of its gradient. --clock cpu takes times of the processors, for machines
 * that have other work; with one thread they are those of an idle one.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { flatten, isArrayLeaf, item, leafPaths, type NdArray, writeNpz } from "../src/array/index.ts";
import { unet } from "../src/nn/index.ts";
import { configure, jit } from "../src/tensor/index.ts";
import { batchOf, begin, check, type losses, parametersOf, sizes, trainingStep, velocity } from "./images-steps.ts";
import { external, type Measured, type Runner } from "./peer.ts";

const options = {
  tasks: {
    type: "string",
    default: "small:action,small:flow,small:sample,small:forward,wide:action,wide:sample,colour:action,colour:sample",
  },
  threads: { type: "string", default: "1,2" },
  rounds: { type: "string", default: "5" },
  clock: { type: "string", default: "wall" },
  peers: { type: "string", default: "torch,jax" },
  python: { type: "string", default: process.env.PUSHFORWARD_PYTHON ?? "" },
  json: { type: "boolean", default: false },
} as const;

/** Of the check: the loss, and the norm of its gradient. */
type Told = Measured & { readonly found?: readonly [number, number] };

const isTraining = (kind: string): kind is keyof typeof losses => kind === "action" || kind === "flow";

/** A function that does one step. */
function stepper(size: string, kind: string): () => Promise<unknown> {
  const batch = batchOf(size);
  const params = parametersOf(size);
  if (!isTraining(kind)) {
    const run = jit(kind === "sample" ? velocity : unet.apply);
    return () => run(params, batch.x, batch.time);
  }
  const run = jit(trainingStep(kind));
  let state = begin(params);
  return async () => {
    ({ state } = await run(state, batch));
  };
}

function ours(now: () => number): Runner {
  const running = new Map<string, () => Promise<unknown>>();
  return {
    name: "pushforward",
    async run(task, reps): Promise<Told> {
      const [size, kind, part] = task.split(":");
      const peak = process.resourceUsage().maxRSS / 1024;
      if (part === "check") {
        const run = jit(check(kind as keyof typeof losses));
        const { loss, norm } = await run(parametersOf(size), batchOf(size));
        await run.dispose();
        return { first: null, times: [0], peak, found: [item(loss), item(norm)] };
      }
      const step = running.get(task) ?? stepper(size, kind);
      running.set(task, step);
      const times: number[] = [];
      for (let rep = 0; rep < reps; rep++) {
        const start = now();
        await step();
        times.push(now() - start);
      }
      return { first: null, times, peak };
    },
    close() {},
  };
}

function peers(python: string, names: readonly string[], threads: number, files: string, clock: string): Runner[] {
  if (!python || !existsSync(python)) return [];
  const env = { THREADS: String(threads), OMP_NUM_THREADS: String(threads), CLOCK: clock };
  const one = { ...env, XLA_FLAGS: "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1" };
  const known = [
    ["torch", external("PyTorch", python, ["bench/peers/images_torch.py", files], env)],
    ["jax", external("JAX", python, ["bench/peers/images_jax.py", files], threads === 1 ? one : env)],
  ] as const;
  for (const [name, { close }] of known) if (!names.includes(name)) close();
  return known.flatMap(([name, runner]) => (names.includes(name) ? [runner] : []));
}

/** Parameters and a batch of each size, for the peers. */
function write(files: string, names: Iterable<string>): void {
  for (const name of names) {
    const { leaves, structure } = flatten(parametersOf(name), isArrayLeaf);
    const params = Object.fromEntries(leafPaths(structure).map((path, i) => [path, leaves[i] as NdArray]));
    writeFileSync(join(files, `${name}.npz`), writeNpz({ ...params, ...batchOf(name) }));
  }
}

/** @throws Error  if a port does not compute what we compute */
async function compare([mine, ...others]: readonly Runner[], task: string): Promise<void> {
  const expected = ((await mine.run(`${task}:check`, 1)) as Told).found ?? [];
  for (const other of others) {
    const found = ((await other.run(`${task}:check`, 1)) as Told | undefined)?.found;
    if (!found) throw new Error(`${task}: ${other.name} gives no answer`);
    const apart = Math.max(...expected.map((v, i) => Math.abs(v - found[i]) / Math.abs(v)));
    if (!(apart < 1e-4)) throw new Error(`${task}: ${other.name} has loss and norm ${found}, we have ${expected}`);
    console.error(`${task}: loss and gradient of ${other.name} differ by ${apart.toExponential(1)}`);
  }
}

function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const quantile = (xs: readonly number[], q: number): number => xs.toSorted((a, b) => a - b)[Math.floor(q * (xs.length - 1))];

export async function main(argv: string[]): Promise<void> {
  const { values } = parseArgs({ args: argv, options });
  const rounds = Number(values.rounds);
  const now = values.clock === "cpu" ? cpuTime : () => performance.now();
  const tasks = values.tasks.split(",");
  const unknown = tasks.find((task) => !(task.split(":")[0] in sizes));
  if (unknown) throw new Error(`${unknown}: sizes are ${Object.keys(sizes).join(", ")}`);
  const files = mkdtempSync(join(tmpdir(), "pushforward-bench-"));
  write(files, new Set(tasks.map((task) => task.split(":")[0])));
  const rows: unknown[] = [];
  for (const threads of values.threads.split(",").map(Number)) {
    configure({ threads });
    const runners = [ours(now), ...peers(values.python, values.peers.split(","), threads, files, values.clock)];
    for (const task of tasks) {
      if (isTraining(task.split(":")[1])) await compare(runners, task);
      const times = new Map<string, number[]>(runners.map(({ name }) => [name, []]));
      for (let round = -1; round < rounds; round++)
        for (const { name, run } of runners) {
          const told = await run(task, 3);
          if (told && round >= 0) times.get(name)?.push(...told.times);
        }
      const found = [...times].map(([name, list]) => ({ name, median: quantile(list, 0.5), best: Math.min(...list) }));
      rows.push(...found.map((row) => ({ task, threads, ...row })));
      if (values.json) continue;
      const [mine] = found;
      for (const { name, median, best } of found) {
        const ratio = name === mine.name ? "" : `   ratio ${(mine.median / median).toFixed(2)} (fastest ${(mine.best / best).toFixed(2)})`;
        console.log(
          `${task.padEnd(17)}${threads} thread${threads === 1 ? " " : "s"}  ${name.padEnd(12)}` +
            `median ${median.toFixed(1).padStart(7)} ms   fastest ${best.toFixed(1).padStart(7)} ms${ratio}`,
        );
      }
    }
    for (const runner of runners) runner.close();
  }
  if (values.json) console.log(JSON.stringify(rows));
  rmSync(files, { recursive: true });
}
