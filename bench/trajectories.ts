/**
 * Trajectory benchmark: seconds per 1,000 training steps, and seconds until a held-out snapshot is predicted to a given W1, here and in JAX
 * and PyTorch
 * (ports of the same objectives, networks and optimizer in bench/peers), in turns of 50 steps. Then what has no port, here alone: action
 * matching along curves, with the seconds that its pairs or chains take, and second-order mechanics.
 *
 *   npm run bench -- trajectories [--python path/to/venv/bin/python] [--steps 1500] [--threads 2] [--target 0.93]
 *                                 [--tasks am,wlf-ot] [--alone "am, spline;mechanics"]
 *
 * Embryoid-body cells, 5 standardised components, the third snapshot held out; read from $PUSHFORWARD_DATA (default ../shared/data).
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type NdArray, ndarray, randomStream, readNpz, toNumbers } from "../src/array/index.ts";
import { optimalTransport, wasserstein } from "../src/distances/index.ts";
import { type LearnOptions, learner, type MethodName, pusher, unitsOf, whiten } from "../src/transport/index.ts";

interface Contender {
  readonly name: string;
  /** Trains some steps and says the seconds they took. */
  train(task: string, steps: number): Promise<number>;
  predict(task: string): Promise<NdArray<"f32">>;
  close(): void;
}

const turn = 50;
const held = 2;

function data(): { times: number[]; clouds: NdArray<"f32">[] } {
  const { X, t } = readNpz(
    new Uint8Array(readFileSync(join(process.env.PUSHFORWARD_DATA ?? "../shared/data", "sc-embryoid-body/eb2750.npz"))),
  ) as Record<string, NdArray>;
  const labels = toNumbers(t);
  const clouds = [0, 1, 2, 3, 4].map((time) => {
    const rows = labels.flatMap((v, i) => (v === time ? [i] : []));
    return ndarray(
      Float32Array.from(rows.flatMap((i) => Array.from({ length: 5 }, (_, j) => Number(X.data[100 * i + j])))),
      [rows.length, 5],
      "f32",
    );
  });
  const units = unitsOf([0, 1, 2, 3, 4], clouds);
  return { times: [0, 1, 2, 3, 4], clouds: clouds.map((c) => whiten(units, c)) };
}

/** Times of the kept snapshots in mean intervals, as the training has them. */
const kept = [0, 1, 3, 4];
const inner = (time: number): number => (time * 3) / 4;

async function ours(clouds: NdArray<"f32">[], steps: number, threads: number): Promise<Contender> {
  const models = new Map<
    string,
    { model: Awaited<ReturnType<typeof learner>>; state: unknown; rng: ReturnType<typeof randomStream>; push: ReturnType<typeof pusher> }
  >();
  const chosen = threads < availableParallelism() ? threads : undefined;
  // one action for all times, as the ports have it
  const options = { steps, batch: 256, inner: 2, warmUp: 1, intervals: 1, ...(chosen && { threads: chosen }) };
  for (const task of ["am", "wlf-ot"] as MethodName[]) {
    const model = await learner(
      task,
      kept.map(inner),
      kept.map((k) => clouds[k]),
      options,
    );
    const rng = randomStream(0).fold(task);
    models.set(task, { model, state: model.init(rng.fold("init")), rng, push: pusher(model, chosen) });
  }
  const of = (task: string) => models.get(task) as NonNullable<ReturnType<typeof models.get>>;
  return {
    name: "pushforward",
    async train(task, n) {
      const m = of(task);
      const start = performance.now();
      for (let i = 0; i < n; i++) m.state = (await m.model.step(m.state, m.rng)).state;
      return (performance.now() - start) / 1000;
    },
    async predict(task) {
      const m = of(task);
      const { clouds: moved } = await m.push(m.model.average(m.state), { x: clouds[held - 1] }, inner(held - 1), [inner(held)]);
      return moved[0].x;
    },
    close() {},
  };
}

function peer(name: string, python: string, script: string, file: string, threads: number): Contender {
  const flags = threads === 1 ? { XLA_FLAGS: "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1" } : {};
  const env = { ...process.env, THREADS: String(threads), OMP_NUM_THREADS: String(threads), ...flags };
  const child = spawn(python, [script, file], { stdio: ["pipe", "pipe", "inherit"], env });
  const waiting: { resolve: (line: string) => void; reject: (e: Error) => void }[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => waiting.shift()?.resolve(line));
  child.on("exit", () => waiting.forEach(({ reject }) => void reject(new Error(`${name} ended`))));
  const ask = async (request: object): Promise<{ seconds: number; cloud: number[][] }> => {
    const line = new Promise<string>((resolve, reject) => waiting.push({ resolve, reject }));
    child.stdin.write(`${JSON.stringify(request)}\n`);
    return JSON.parse(await line);
  };
  return {
    name,
    train: async (task, steps) => (await ask({ task, steps })).seconds,
    async predict(task) {
      const { cloud } = await ask({ task, predict: true });
      return ndarray(Float32Array.from(cloud.flat()), [cloud.length, cloud[0].length], "f32");
    },
    close: () => void child.kill(),
  };
}

/** What is timed without peers: the method's own networks, and batches of 256. */
const alone: Readonly<Record<string, { readonly method: MethodName; readonly options?: LearnOptions }>> = {
  "am, straight": { method: "am" },
  "am, spline": { method: "am", options: { path: "spline" } },
  "am, spline, smooth": { method: "am", options: { path: "spline", coupling: "smooth" } },
  "am, spline, multimarginal": { method: "am", options: { path: "spline", coupling: "multimarginal" } },
  mechanics: { method: "mechanics" },
  "am-mechanics": { method: "am-mechanics" },
};

async function timed<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly seconds: number }> {
  const start = performance.now();
  const value = await work();
  return { value, seconds: (performance.now() - start) / 1000 };
}

/** Seconds until the first step is possible, of that step, and of 1,000 later ones. */
async function timeAlone(name: string, clouds: NdArray<"f32">[], steps: number, threads: number): Promise<void> {
  const { method, options } = alone[name];
  const chosen = threads < availableParallelism() ? { threads } : {};
  const snapshots = kept.map((k) => clouds[k]);
  const prepared = await timed(() => learner(method, kept.map(inner), snapshots, { steps, batch: 256, ...chosen, ...options }));
  const model = prepared.value;
  const rng = randomStream(0).fold(name);
  let state = model.init(rng.fold("init"));
  const train = async (n: number): Promise<void> => {
    for (let i = 0; i < n; i++) ({ state } = await model.step(state, rng));
  };
  const first = await timed(() => train(1));
  const turns: number[] = [];
  for (let done = 0; done < steps; done += turn) turns.push((await timed(() => train(turn))).seconds);
  const per = (q: number): string => ((quantile(turns, q) * 1000) / turn).toFixed(2);
  const [before, begun] = [prepared, first].map(({ seconds }) => seconds.toFixed(2));
  console.log(`  ${name.padEnd(26)} prepared ${before}  first ${begun}  ${per(0.5)}; ${per(0)}`);
}

const quantile = (xs: readonly number[], q: number): number => [...xs].sort((a, b) => a - b)[Math.floor(q * (xs.length - 1))];

export async function main(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: {
      python: { type: "string", default: process.env.PUSHFORWARD_PYTHON ?? "" },
      steps: { type: "string", default: "1500" },
      threads: { type: "string", default: "2" },
      target: { type: "string", default: "0.93" },
      tasks: { type: "string", default: "am,wlf-ot" },
      alone: { type: "string", default: Object.keys(alone).join(";") },
    },
  });
  const [steps, threads, target] = [Number(values.steps), Number(values.threads), Number(values.target)];
  const { clouds } = data();
  const folder = mkdtempSync(join(tmpdir(), "pushforward-bench-"));
  const file = join(folder, "path.json");
  const rows = (c: NdArray<"f32">): number[][] =>
    Array.from({ length: c.shape[0] }, (_, i) => Array.from(c.data.subarray(5 * i, 5 * i + 5)));
  const pairs = kept.slice(1).map((k, i) => {
    const { from, to } = optimalTransport(clouds[kept[i]], clouds[k]);
    return { from: Array.from(from), to: Array.from(to) };
  });
  writeFileSync(
    file,
    JSON.stringify({
      times: kept.map(inner),
      clouds: kept.map((k) => rows(clouds[k])),
      pairs,
      start: rows(clouds[held - 1]),
      held: [inner(held - 1), inner(held)],
    }),
  );
  const contenders = [await ours(clouds, steps, threads)];
  if (values.python && existsSync(values.python))
    for (const [name, script] of [
      ["JAX", "jax"],
      ["PyTorch", "torch"],
    ])
      contenders.push(peer(name, values.python, `bench/peers/trajectories_${script}.py`, file, threads));
  else console.log("no Python with JAX and PyTorch: only our own times (give --python)");
  try {
    for (const task of values.tasks.split(",").filter(Boolean)) await race(task, contenders, clouds[held], steps, target);
  } finally {
    for (const c of contenders) c.close();
    rmSync(folder, { recursive: true });
  }
  console.log(`alone: seconds to prepare pairs or chains, of the first step, and per 1,000 of ${steps} (median; fastest turn)`);
  for (const name of values.alone.split(";").filter(Boolean)) await timeAlone(name.trim(), clouds, steps, threads);
}

async function race(task: string, contenders: Contender[], truth: NdArray<"f32">, steps: number, target: number): Promise<void> {
  const log = contenders.map(() => ({ turns: [] as number[], first: 0, reached: Number.NaN, w1: Number.NaN }));
  for (const [i, c] of contenders.entries()) log[i].first = await c.train(task, 1); // traces and compiles
  for (let done = 0; done < steps; done += turn)
    for (const [i, c] of contenders.entries()) {
      await setTimeout(200); // idle threads of the last contender spin for a while
      log[i].turns.push(await c.train(task, turn));
      if ((done / turn) % 4 !== 3) continue;
      log[i].w1 = wasserstein(await c.predict(task), truth, { power: 1 });
      if (Number.isNaN(log[i].reached) && log[i].w1 <= target) log[i].reached = log[i].turns.reduce((a, b) => a + b, log[i].first);
    }
  console.log(
    `${task}: ${steps} steps; seconds per 1,000 steps (median; fastest turn), first step, seconds to W1 ${target}, W1 at the end`,
  );
  const [mine] = log;
  contenders.forEach(({ name }, i) => {
    const { turns, first, reached, w1 } = log[i];
    const per = (q: number): number => (quantile(turns, q) * 1000) / turn;
    const ratio = (q: number): string => (quantile(mine.turns, q) / quantile(turns, q)).toFixed(2);
    console.log(
      `  ${name.padEnd(12)} ${per(0.5).toFixed(2)}; ${per(0).toFixed(2)}  ours/theirs ${ratio(0.5)}; ${ratio(0)}  first ${first.toFixed(2)}  to target ${reached.toFixed(1)}  W1 ${w1.toFixed(3)}`,
    );
  });
}
