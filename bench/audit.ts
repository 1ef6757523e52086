/**
 * The variational attack: milliseconds a step of all posteriors of an audit side by side, 5 classes x 6 tempers x 64 draws in f32, here and in a
 * PyTorch port; a step is fresh noise, the objective, its gradient, Adam, and the running mean of the parameters. Codes of 40 numbers make 14 x 14
 * pixels by the principal components of MNIST's digits 0 to 4, and the target is an MLP 196-128-5 of random weights. Tasks: the full Gaussian,
 * and the flow with four affine couplings. Interleaved; medians and fastest rounds; ratios are our time over theirs.
 *
 *   npm run bench -- audit [--tasks gaussian,flow] [--threads 1,2] [--rounds 9] [--steps 10] [--clock wall|cpu] [--python path/to/venv/bin/python] [--json]
 *
 * First it is checked that both compute the same losses from parameters away from their start. --clock cpu takes times of the processors, for
 * machines that have other work; with one thread they are those of an idle one.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { flatten, isArrayLeaf, leafPaths, mapTree, type NdArray, ndarray, randomStream, toNumbers, writeNpz } from "../src/array/index.ts";
import { builtInImages } from "../src/data/index.ts";
import { familyOf } from "../src/inversion/families/index.ts";
import { fitting } from "../src/inversion/fit.ts";
import { type Inversion, objective } from "../src/inversion/objective.ts";
import { componentsPrior } from "../src/inversion/pca.ts";
import { drawnPoints } from "../src/inversion/points.ts";
import { configure, constant, jit, relu, type Tensor } from "../src/tensor/index.ts";
import { external, type Measured, type Runner } from "./peer.ts";

const options = {
  tasks: { type: "string", default: "gaussian,flow" },
  threads: { type: "string", default: "1,2" },
  rounds: { type: "string", default: "9" },
  steps: { type: "string", default: "10" },
  clock: { type: "string", default: "wall" },
  python: { type: "string", default: process.env.PUSHFORWARD_PYTHON ?? "" },
  json: { type: "boolean", default: false },
} as const;

const [latent, hidden, classes, draws, couplings] = [40, 128, 5, 64, 4];
const gammas = [1, 0.3, 0.1, 0.03, 0.01, 0.001];
const goals = Array.from({ length: classes }, (_, target) => gammas.map((gamma) => ({ target, gamma }))).flat();
const rng = randomStream("audit");

/** Losses of the check, [J]. */
type Told = Measured & { readonly losses?: readonly number[] };

/** Rows of the digits 0 to 4, 28 x 28 pixels averaged to 14 x 14. */
async function publicRows(): Promise<NdArray<"f32">> {
  const { inputs, targets } = await builtInImages("mnist");
  const rows = Array.from({ length: targets.data.length }, (_, i) => i)
    .filter((i) => Number(targets.data[i]) < 5)
    .slice(0, 4000);
  const x = new Float32Array(rows.length * 196);
  rows.forEach((row, k) => {
    for (let p = 0; p < 784; p++) x[k * 196 + 14 * Math.floor(p / 56) + ((p % 28) >> 1)] += Number(inputs.data[row * 784 + p]) / 1020;
  });
  return ndarray(x, [rows.length, 196], "f32");
}

/** Of a dense layer. */
function weights(name: string, rows: number, columns: number, scale: number): NdArray<"f32"> {
  const { data, shape } = rng.fold(name).normal([rows, columns]);
  return ndarray(
    data.map((v) => (scale * v) / Math.sqrt(rows)),
    shape,
    "f32",
  );
}

/** A task, with parameters away from their start and noise for the check. */
interface Task {
  readonly inversion: Inversion;
  readonly params: object;
  readonly noise: NdArray;
  readonly weights: NdArray;
}

async function tasksOf(names: readonly string[], files: string): Promise<Map<string, Task>> {
  const { prior } = await componentsPrior(await publicRows(), [1, 14, 14], latent, rng.fold("components"));
  const codes = new Float32Array((latent + 1) * latent);
  for (let k = 0; k < latent; k++) codes[k * latent + k] = 1;
  const made = toNumbers(await jit((z: Tensor) => prior.generate(z))(ndarray(codes, [latent + 1, 1, latent], "f32")));
  const mean = made.slice(latent * 196);
  const directions = made.slice(0, latent * 196).map((v, e) => v - mean[e % 196]);
  const [first, second] = [weights("first", 196, hidden, 4), weights("second", hidden, classes, 4)];
  const classifier = {
    ...{ name: "mlp", classes: [..."01234"], input: [1, 14, 14] },
    logits: (x: Tensor): Tensor => relu(x.matmul(constant(first))).matmul(constant(second)),
  };
  const order = rng.fold("order");
  const tasks = names.map((name): [string, Task] => {
    const family = familyOf(name === "flow" ? "flow" : "gaussian", latent, order, {
      components: 1,
      depth: couplings,
      levels: 1,
      coupling: "affine",
    });
    const inversion = { family, prior, classifier, goals };
    const stream = rng.fold(name);
    const params = mapTree<object>(
      (a: NdArray<"f32">) => {
        const noise = stream.normal(a.shape).data;
        return { ...a, data: a.data.map((v, i) => v + 0.05 * noise[i]) };
      },
      family.init(goals.length, rng.fold("init")),
    );
    return [name, { inversion, params, ...drawnPoints(inversion, draws, rng.fold("noise"), "f32") }];
  });
  for (const [name, { params, noise }] of tasks) {
    const { leaves, structure } = flatten(params, isArrayLeaf);
    const named = Object.fromEntries(leafPaths(structure).map((path, i) => [path, leaves[i] as NdArray]));
    const orders = Array.from({ length: couplings }, (_, k) => [`order.${k}`, order.fold(0).fold(k).permutation(latent)] as const);
    const f32 = (values: readonly number[], shape: readonly number[]): NdArray => ndarray(Float32Array.from(values), shape, "f32");
    const shared = { first, second, noise, picture: f32(mean, [196]), directions: f32(directions, [latent, 196]) };
    const about = {
      target: f32(
        goals.map((g) => g.target),
        [goals.length],
      ),
      gamma: f32(
        goals.map((g) => g.gamma),
        [goals.length],
      ),
    };
    writeFileSync(join(files, `${name}.npz`), writeNpz({ ...named, ...shared, ...about, ...Object.fromEntries(orders) }));
  }
  return new Map(tasks);
}

/** Tasks are named kind:check or kind:steps. */
function ours(tasks: ReadonlyMap<string, Task>, steps: number, now: () => number): Runner {
  const running = new Map<string, () => Promise<void>>();
  return {
    name: "pushforward",
    async run(name, reps): Promise<Told> {
      const [kind, part] = name.split(":");
      const task = tasks.get(kind)!;
      const peak = process.resourceUsage().maxRSS / 1024;
      if (part === "check") {
        const found = await lossesOf(task);
        return { first: null, times: [0], peak, losses: found };
      }
      const run = running.get(name) ?? (await stepper(task));
      running.set(name, run);
      const times: number[] = [];
      for (let rep = 0; rep < reps; rep++) {
        const begin = now();
        for (let step = 0; step < steps; step++) await run();
        times.push((now() - begin) / steps);
      }
      return { first: null, times, peak };
    },
    close() {},
  };
}

async function lossesOf({ inversion, params, noise, weights }: Task): Promise<number[]> {
  const gamma = ndarray(
    Float32Array.from(goals, (g) => g.gamma),
    [goals.length],
    "f32",
  );
  const run = jit((p: object, e: Tensor, w: Tensor, g: Tensor) => objective(inversion, p, e, w, g).loss);
  return toNumbers(await run(params, noise, weights, gamma));
}

async function stepper({ inversion }: Task): Promise<() => Promise<void>> {
  const fit = fitting(inversion, { draws, candidates: 0, window: 50 });
  let state = await fit.init(rng.fold("init"));
  const stream = rng.fold("steps");
  return async () => {
    ({ state } = await fit.step(state, stream));
  };
}

function peers(python: string, threads: number, files: string, steps: number, clock: string): Runner[] {
  if (!python || !existsSync(python)) return [];
  // threads that wait in a loop take the processors from those that work, where others work too
  const waiting = { OMP_WAIT_POLICY: "passive" };
  const env = {
    THREADS: String(threads),
    OMP_NUM_THREADS: String(threads),
    OPENBLAS_NUM_THREADS: String(threads),
    CLOCK: clock,
    ...waiting,
  };
  return [external("PyTorch", python, ["bench/peers/audit_torch.py", files, String(steps)], env)];
}

const quantile = (xs: readonly number[], q: number): number => xs.toSorted((a, b) => a - b)[Math.floor(q * (xs.length - 1))];

function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** @throws Error  if the port does not compute what we compute */
async function compare([mine, ...others]: readonly Runner[], kind: string): Promise<void> {
  const expected = ((await mine.run(`${kind}:check`, 1)) as Told).losses!;
  for (const other of others) {
    const found = ((await other.run(`${kind}:check`, 1)) as Told | undefined)?.losses;
    if (!found) throw new Error(`${kind}: ${other.name} gives no answer`);
    const apart = Math.max(...expected.map((v, j) => Math.abs(v - found[j]) / Math.max(1, Math.abs(v))));
    if (!(apart < 1e-4)) throw new Error(`${kind}: losses of ${other.name} differ by ${apart}`);
    console.error(`${kind}: losses of ${other.name} differ by ${apart.toExponential(1)}`);
  }
}

export async function main(argv: string[]): Promise<void> {
  const { values } = parseArgs({ args: argv, options });
  const [rounds, steps] = [values.rounds, values.steps].map(Number);
  const now = values.clock === "cpu" ? cpuTime : () => performance.now();
  const files = mkdtempSync(join(tmpdir(), "pushforward-bench-"));
  const kinds = values.tasks.split(",");
  const tasks = await tasksOf(kinds, files);
  const rows: unknown[] = [];
  for (const threads of values.threads.split(",").map(Number)) {
    configure({ threads });
    const runners = [ours(tasks, steps, now), ...peers(values.python, threads, files, steps, values.clock)];
    for (const kind of kinds) {
      await compare(runners, kind);
      const times = new Map<string, number[]>(runners.map(({ name }) => [name, []]));
      for (let round = -1; round < rounds; round++)
        for (const { name, run } of runners) {
          const told = await run(`${kind}:steps`, 1);
          if (told && round >= 0) times.get(name)?.push(...told.times);
        }
      const found = [...times].map(([name, list]) => ({ name, median: quantile(list, 0.5), best: Math.min(...list) }));
      rows.push(...found.map((row) => ({ kind, threads, ...row })));
      if (values.json) continue;
      for (const { name, median, best } of found) {
        const [mine] = found;
        const ratio = name === mine.name ? "" : `   ratio ${(mine.median / median).toFixed(2)} (fastest ${(mine.best / best).toFixed(2)})`;
        console.log(
          `${kind.padEnd(10)}${threads} thread${threads === 1 ? " " : "s"}  ${name.padEnd(12)}` +
            `median ${median.toFixed(2).padStart(7)} ms a step, ${(1000 / median).toFixed(0).padStart(4)} steps/s   fastest ${best.toFixed(2).padStart(7)} ms${ratio}`,
        );
      }
    }
    for (const runner of runners) runner.close();
  }
  if (values.json) console.log(JSON.stringify({ clock: values.clock, rows }));
  rmSync(files, { recursive: true });
}
