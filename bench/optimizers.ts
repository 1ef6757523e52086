/**
 * Time and memory of optimizers: whole training steps (loss, gradient, curvature, update) of each on three networks, interleaved.
 *
 *   npm run bench -- optimizers [--models mlp,cnn,transformer] [--only adamw,singd] [--rounds 7] [--reps 20] [--threads 2]
 *                               [--clock wall|cpu] [--python path/to/python] [--json]
 *
 * Every optimizer is guarded as `train` guards it: a step whose gradient is not finite is skipped. Ratios are to AdamW of this library. On a
 * machine that does other work, --clock cpu --threads 1 counts processor time instead. With --python (or PUSHFORWARD_PYTHON),
 * torch.optim runs the same steps in eager PyTorch.
 */
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import * as optim from "../src/optim/index.ts";
import * as pf from "../src/tensor/index.ts";
import { type Model, models } from "./optimizers-models.ts";
import { external } from "./peer.ts";

const options = {
  models: { type: "string" },
  only: { type: "string" },
  rounds: { type: "string", default: "7" },
  reps: { type: "string", default: "20" },
  threads: { type: "string", default: "2" },
  clock: { type: "string", default: "wall" },
  python: { type: "string", default: process.env.PUSHFORWARD_PYTHON ?? "" },
  json: { type: "boolean", default: false },
} as const;

interface Entry {
  readonly name: string;
  readonly optimizer: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

const structures = ["dense", "diagonal", "block(30)", "lower", "rank(1)", "hierarchical(15,15)", "toeplitz-lower"];
const entry = (name: string, optimizer: string, settings: Record<string, unknown> = {}): Entry => ({ name, optimizer, settings });

/** Defaults of the registry, and the structures of SINGD, each with its update in every step and in every tenth. */
const entries: readonly Entry[] = [
  entry("adamw", "adamw"),
  ...["sgd", "rmsprop", "nadamw", "lion", "rf-rmsprop", "rf-adamw", "muon"].map((name) => entry(name, name)),
  entry("shampoo T=10", "shampoo"),
  entry("soap T=10", "soap"),
  entry("kl-shampoo T=10", "kl-shampoo"),
  entry("if-shampoo T=2", "if-shampoo"),
  entry("if-shampoo T=10", "if-shampoo", { precondEvery: 10 }),
  entry("if-shampoo diagonal T=2", "if-shampoo", { structure: "diagonal" }),
  entry("kfac T=10", "kfac", { precondEvery: 10 }),
  entry("ikfac dense T=10", "ikfac", { precondEvery: 10, structure: "dense" }),
  entry("singd toeplitz-lower T=20", "singd", { structure: "toeplitz-lower", precondEvery: 20 }),
  ...structures.flatMap((structure) =>
    [1, 10].map((precondEvery) => entry(`singd ${structure} T=${precondEvery}`, "singd", { structure, precondEvery })),
  ),
];

interface Contender {
  readonly name: string;
  readonly stateNumbers: number;
  run(reps: number): Promise<number[]>;
}

/** Milliseconds: of the day, or of this process's work. */
type Clock = () => number;
const clocks: Record<string, Clock> = {
  wall: () => performance.now(),
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
};

function contender(model: Model, { name, optimizer: kind, settings }: Entry, threads: number, clock: Clock): Contender {
  const curved = optim.optimizerEntry(kind).needs.includes("curvature");
  const optimizer = optim.skipNonFinite(optim.makeOptimizer(kind, { lr: 1e-4, ...settings, ...(curved ? model.curvature : {}) }));
  const data = model.data();
  const args = { params: model.init() as never, state: {} as never };
  const layers = curved ? optim.layersOf(model.loss)(args.params, ...data).layers : undefined;
  args.state = optimizer.init(args.params, layers) as never;
  const { numbers } = optim.stateSize(args.state);
  const step = pf.jit(
    (params: object, state: optim.GuardState<optim.State>, ...data: pf.Tensor[]) => {
      const [value, grads, curvature] = curved
        ? optim.withCurvature(model.loss)(params, ...data)
        : [...pf.valueAndGrad(model.loss)(params, ...data), undefined];
      const context = { batchSize: model.batch, ...(curvature ? { curvature } : {}) };
      const { updates, state: next } = optimizer.update(grads, state, params, context);
      return { params: optim.applyUpdates(params, updates), state: next, value };
    },
    { reuse: true, threads: threads < availableParallelism() ? threads : undefined },
  );
  return {
    name,
    stateNumbers: numbers,
    async run(reps) {
      const times: number[] = [];
      for (let i = 0; i < reps; i++) {
        const start = clock();
        const result = await step(args.params, args.state, ...data);
        times.push(clock() - start);
        args.params = result.params as never;
        args.state = result.state as never;
      }
      return times;
    },
  };
}

const quantile = (xs: readonly number[], q: number): number => [...xs].sort((a, b) => a - b)[Math.floor(q * (xs.length - 1))];
const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length;

interface Row {
  readonly name: string;
  /** Mean step of each round, ms: the median and the least of them. A mean, since updates come every T steps. */
  readonly ms: number;
  readonly best: number;
  /** Numbers in the state. */
  readonly numbers?: number;
}

async function measure(
  model: Model,
  chosen: readonly Entry[],
  rounds: number,
  reps: number,
  threads: number,
  clock: string,
  python: string,
): Promise<Row[]> {
  const own = chosen.map((e) => contender(model, e, threads, clocks[clock]));
  for (const c of own) await c.run(2); // compiles, and allocates
  const torch =
    python && existsSync(python)
      ? external("PyTorch", python, ["bench/peers/optimizers_torch.py"], {
          THREADS: String(threads),
          OMP_NUM_THREADS: String(threads),
        })
      : undefined; // prettier-ignore
  const peers = torch ? ["adamw", "sgd", "rmsprop", "muon"] : [];
  const times = new Map<string, number[]>();
  const note = (name: string, list: readonly number[]): void => {
    times.set(name, [...(times.get(name) ?? []), mean(list)]);
  };
  for (const peer of peers) await torch?.run(`${model.name} ${peer}`, 5);
  for (let round = 0; round < rounds; round++) {
    for (const c of own) note(c.name, await c.run(reps));
    for (const peer of peers) {
      const answer = await torch?.run(`${model.name} ${peer}`, reps);
      if (answer) note(`torch.optim ${peer}`, answer.times);
    }
  }
  torch?.close();
  return [...times].map(([name, list]) => ({
    name,
    ms: quantile(list, 0.5),
    best: Math.min(...list),
    numbers: own.find((c) => c.name === name)?.stateNumbers,
  }));
}

export async function main(argv: string[]): Promise<void> {
  const { values } = parseArgs({ args: argv, options });
  const pick = <T extends { readonly name: string }>(list: readonly T[], names: string | undefined): readonly T[] =>
    names ? list.filter(({ name }) => names.split(/,(?![^(]*\))/).some((n) => name === n || name.startsWith(`${n} `))) : list;
  const results: Record<string, readonly Row[]> = {};
  for (const model of pick(models, values.models)) {
    const chosen = pick(entries, values.only);
    const rows = await measure(
      model,
      chosen,
      Number(values.rounds),
      Number(values.reps),
      Number(values.threads),
      values.clock,
      values.python,
    );
    results[model.name] = rows;
    if (!values.json) print(model, rows);
  }
  if (values.json) console.log(JSON.stringify(results));
}

function print(model: Model, rows: readonly Row[]): void {
  const base = rows.find(({ name }) => name === "adamw");
  const column = (x: number | undefined, digits: number, width: number): string =>
    (x === undefined || Number.isNaN(x) ? "" : x.toFixed(digits)).padStart(width);
  console.log(`\n${model.what}\n${"".padEnd(32)}  ms/step    / adamw   least ms    / adamw      state   / adamw`);
  for (const { name, ms, best, numbers } of rows)
    console.log(
      `${name.padEnd(32)}${column(ms, 2, 9)}${column(base && ms / base.ms, 2, 11)}${column(best, 2, 11)}${column(base && best / base.best, 2, 11)}${column(numbers, 0, 11)}${column(numbers === undefined || !base?.numbers ? undefined : numbers / base.numbers, 3, 10)}`,
    );
}
