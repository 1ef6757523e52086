/** Training of classifiers, defended or not, all by the same code: state is plain data. */
import { allocate, item, mapTree, type NdArray, ndarray, type Random, toNumbers } from "../../array/index.ts";
import { batchRows } from "../../data/batches.ts";
import { block, blockStarts, rowsOf } from "../../distances/index.ts";
import { UserError } from "../../errors.ts";
import { applyUpdates, type Optimizer, type State } from "../../optim/index.ts";
import { type Arrays, argmax, equal, jit, type Tensor, valueAndGrad } from "../../tensor/index.ts";
import type { Classifier } from "../classifier.ts";
import type { Labelled } from "../labelled.ts";
import { type Defence, defendedLoss, type LossNoise } from "./defence.ts";
import { type ClassifierNetwork, frozen, type NetworkParams } from "./network.ts";
import { clippedSum, noisyMean } from "./private-gradient.ts";
import { smoothedCrossEntropy } from "./smoothing.ts";

/** How a classifier is trained. */
export interface ClassifierTraining {
  readonly optimizer: Optimizer;
  /** Examples a step; under differential privacy their expected number. */
  readonly batchSize: number;
  readonly defence: Defence;
  /** Standard deviation of noise on the inputs of a step, in their units: evaluators are trained with it. */
  readonly noise?: number;
  /** Parameters of a network of the same blocks, trained on other data: transfer learning. */
  readonly start?: {
    readonly params: Arrays<NetworkParams>;
    /** The first blocks, which stay as they are; the last layer is always new. */
    readonly frozen: number;
  };
}

export interface ClassifierState<T = NdArray> {
  /** Steps done, i32. */
  readonly step: T;
  readonly params: NetworkParams<T>;
  readonly optimizer: State<T>;
  /** Of the last batch, before the step. */
  readonly loss: T;
}

/** Mean loss and share of right classes. */
export interface ClassifierScore {
  readonly loss: number;
  readonly accuracy: number;
}

/** A training: its first state, its step, and what can be asked of a state. */
export interface ClassifierLearner {
  init(rng: Random): ClassifierState;
  step(state: ClassifierState, rng: Random): Promise<{ state: ClassifierState; metrics: { readonly loss: number } }>;
  /** On what was held out. */
  evaluate(state: ClassifierState): Promise<ClassifierScore>;
  score(state: ClassifierState, data: Labelled): Promise<ClassifierScore>;
  classifier(state: ClassifierState, name: string, classes: readonly string[]): Classifier;
}

/** What a step changes: all parameters but the frozen blocks. */
const freeOf = <T>({ blocks, ...rest }: NetworkParams<T>, fixed: number): NetworkParams<T> => ({ ...rest, blocks: blocks.slice(fixed) });

const joined = <T>(free: NetworkParams<T>, all: NetworkParams<T>, fixed: number): NetworkParams<T> => ({
  ...free,
  blocks: [...all.blocks.slice(0, fixed), ...free.blocks],
});

/** Rows whose gradients are taken one by one at a time: memory is this many times the parameters. */
const privateRows = 64;

/**
 * Training of a network on labelled rows.
 *
 * @param order  the stream that orders the examples
 * @throws UserError  for data, network and training that do not fit
 */
export function classifierLearner(
  network: ClassifierNetwork,
  data: Labelled,
  heldOut: Labelled,
  order: Random,
  training: ClassifierTraining,
): ClassifierLearner {
  const { optimizer, defence, start } = training;
  const fixed = start?.frozen ?? 0;
  check(network, data, training);
  const logits = jit((params: NetworkParams, x: Tensor) => network.apply(params, x).logits);
  const marks = jit((found: Tensor, y: Tensor) => ({
    loss: smoothedCrossEntropy(found, y, 0),
    accuracy: equal(argmax(found), y).cast("f32").mean(),
  }));
  const step = defence.kind === "private" ? privateStep(network, data, training, defence) : plainStep(network, data, order, training);
  const score = async ({ params }: ClassifierState, { x, y }: Labelled): Promise<ClassifierScore> => {
    const n = y.length;
    const found = allocate("f32", [n, network.options.classes]);
    const size = Math.min(n, 512);
    for (const at of blockStarts(n, size)) found.data.set(toNumbers(await logits(params, block(x, at, size))), at * found.shape[1]);
    const { loss, accuracy } = await marks(found, ndarray(Int32Array.from(y), [n], "i32"));
    return { loss: item(loss), accuracy: item(accuracy) };
  };
  return {
    init(rng) {
      const own = network.init(rng.fold("network"));
      const params = start ? { ...start.params, head: own.head } : own;
      return {
        step: ndarray(new Int32Array(1), [], "i32"),
        params,
        optimizer: optimizer.init(freeOf(params, fixed)),
        loss: ndarray(new Float32Array(1), [], "f32"),
      };
    },
    async step(state, rng) {
      const next = await step(state, rng);
      const loss = item(next.loss);
      if (!Number.isFinite(loss))
        throw new UserError(`step ${item(next.step)}: the loss is ${loss}`, "lower the learning rate or the strength of the defence");
      return { state: next, metrics: { loss } };
    },
    evaluate: (state) => score(state, heldOut),
    score,
    classifier: ({ params }, name, classes) => frozen(network, params, name, classes),
  };
}

type Step = (state: ClassifierState, rng: Random) => Promise<ClassifierState>;

/** Batches in a random order, and the defended loss. */
function plainStep(network: ClassifierNetwork, data: Labelled, order: Random, training: ClassifierTraining): Step {
  const { optimizer, defence, noise = 0, start } = training;
  const fixed = start?.frozen ?? 0;
  const batchSize = Math.min(training.batchSize, data.y.length);
  const rows = batchRows(order, data.y.length, batchSize);
  const update = jit((state: ClassifierState<Tensor>, x: Tensor, y: Tensor, drawn: LossNoise): ClassifierState<Tensor> => {
    const before = freeOf(state.params, fixed);
    const [loss, gradient] = valueAndGrad((free: NetworkParams) =>
      defendedLoss(network, defence, joined(free, state.params, fixed), { x, y, noise: drawn, step: state.step }),
    )(before);
    return { ...moved(optimizer, state, gradient, fixed), loss };
  });
  const { code } = network.options;
  return (state, rng) => {
    const chosen = rows(item(state.step));
    const x = rowsOf(data.x, chosen);
    const drawn = {
      ...(noise > 0 ? { input: scaled(rng.normal(x.shape), noise) } : {}),
      ...(code ? { code: rng.normal([batchSize, code]) } : {}),
    };
    return update(
      state,
      x,
      ndarray(
        chosen.map((row) => data.y[row]),
        [batchSize],
        "i32",
      ),
      drawn,
    );
  };
}

const scaled = (x: NdArray<"f32">, by: number): NdArray<"f32"> => ({ ...x, data: x.data.map((v) => v * by) });

/** Parameters and state of the optimizer after a gradient of what is free. */
function moved(
  optimizer: Optimizer,
  state: ClassifierState<Tensor>,
  gradient: NetworkParams,
  fixed: number,
): Pick<ClassifierState<Tensor>, "step" | "params" | "optimizer"> {
  const before = freeOf(state.params, fixed);
  const { updates, state: next } = optimizer.update(gradient, state.optimizer, before);
  return { step: state.step.add(1), params: joined(applyUpdates(before, updates), state.params, fixed), optimizer: next };
}

/**
 * Each record is in the batch by a coin of its own (Poisson sampling, which the accountant supposes), its gradient is clipped, and noise
 * goes to the sum, also where no record came.
 */
function privateStep(
  network: ClassifierNetwork,
  data: Labelled,
  training: ClassifierTraining,
  defence: Defence & { kind: "private" },
): Step {
  const { optimizer, start } = training;
  const fixed = start?.frozen ?? 0;
  const n = data.y.length;
  const expected = Math.min(training.batchSize, n);
  const add = jit((all: NetworkParams, before: Sums<Tensor>, x: Tensor, y: Tensor, mask: Tensor): Sums<Tensor> => {
    const loss = (free: NetworkParams, row: Tensor, c: Tensor): Tensor =>
      defendedLoss(network, defence, joined(free, all, fixed), { x: row.expandDims(0), y: c.expandDims(0), step: c });
    const { gradient, loss: sum } = clippedSum(loss, defence.clip, freeOf(all, fixed), { x, y, mask });
    return { gradient: applyUpdates(before.gradient, gradient), loss: before.loss.add(sum) };
  });
  const update = jit((state: ClassifierState<Tensor>, { gradient, loss }: Sums<Tensor>, noise: NetworkParams): ClassifierState<Tensor> => {
    const mean = noisyMean(gradient, noise, { ...defence, expected });
    return { ...moved(optimizer, state, mean, fixed), loss: loss.div(expected) };
  });
  return async (state, rng) => {
    const coins = rng.uniform([n], "f64").data;
    const chosen = Array.from(coins.keys()).filter((i) => coins[i] < expected / n);
    const zeros = mapTree<NetworkParams<NdArray>>((a: NdArray) => allocate("f32", a.shape), freeOf(state.params, fixed));
    let sums: Sums = { gradient: zeros, loss: allocate("f32", []) };
    for (let at = 0; at < chosen.length; at += privateRows) {
      const part = chosen.slice(at, at + privateRows);
      const filled = Array.from({ length: privateRows }, (_, i) => part[i] ?? part[0]);
      const y = Int32Array.from(filled, (row) => data.y[row]);
      const mask = Float32Array.from(filled, (_, i) => Number(i < part.length));
      sums = await add(state.params, sums, rowsOf(data.x, filled), ndarray(y, [privateRows], "i32"), ndarray(mask, [privateRows], "f32"));
    }
    return update(
      state,
      sums,
      mapTree<NetworkParams<NdArray>>((a: NdArray) => rng.normal(a.shape), zeros),
    );
  };
}

interface Sums<T = NdArray> {
  readonly gradient: NetworkParams<T>;
  readonly loss: T;
}

/** @throws UserError */
function check(network: ClassifierNetwork, { x, y }: Labelled, { defence, start, batchSize, noise = 0 }: ClassifierTraining): void {
  const { classes, code, widths } = network.options;
  if (y.length === 0) throw new UserError("there are no rows to train on", "check the training part");
  if (x.shape[0] !== y.length) throw new UserError(`${x.shape[0]} rows and ${y.length} classes`, "one class for each row");
  const wrong = y.findIndex((c) => c < 0 || c >= classes);
  if (wrong >= 0) throw new UserError(`row ${wrong + 1} has class ${y[wrong]}, and there are ${classes}`, "classes count from 0");
  if (!(batchSize >= 1)) throw new UserError(`a batch of ${batchSize} examples`, "take at least 1");
  if (defence.kind === "bottleneck" && !code)
    throw new UserError("a bottleneck needs a code in the network", "give the network a code, such as 32 numbers");
  if (defence.kind === "private" && !(defence.clip > 0 && defence.sigma >= 0))
    throw new UserError(`clip ${defence.clip} and noise ${defence.sigma} make no private step`, "clip 1 and noise 1 are usual");
  if (defence.kind === "private" && noise > 0) throw new UserError("a private step adds no noise to its inputs", "leave the noise out");
  if (defence.kind === "private" && code) throw new UserError("a private step has no noisy code", "leave the code out");
  if (start && !(start.frozen >= 0 && start.frozen <= widths.length && start.params.blocks.length === widths.length))
    throw new UserError(
      `${start.frozen} frozen blocks of ${start.params.blocks.length} for a network of ${widths.length}`,
      "train the same blocks on the public data first, and freeze at most all of them",
    );
}

/** Steps of a learner from its start, with what was reached on the held-out part. */
export async function trainClassifier(
  learner: ClassifierLearner,
  steps: number,
  rng: Random,
): Promise<{ readonly state: ClassifierState; readonly score: ClassifierScore }> {
  let state = learner.init(rng.fold("init"));
  for (let step = 0; step < steps; step++) ({ state } = await learner.step(state, rng.fold(step)));
  return { state, score: await learner.evaluate(state) };
}
