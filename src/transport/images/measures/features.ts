/** Training of the network whose features pictures are compared by: state is plain data. */
import { mapTree, type NdArray, ndarray, type Random, toNumbers } from "../../../array/index.ts";
import { rowwise } from "../../../distances/index.ts";
import { formatNumber } from "../../../numbers.ts";
import { adam, type GuardState, training, warmUpCosine } from "../../../optim/index.ts";
import { type Arrays, argmax, constant, equal, jit, logSoftmax, oneHot, type Tensor } from "../../../tensor/index.ts";
import { type FeatureNetwork, type FeatureParams, featureNetwork } from "./feature-network.ts";
import { changeTask, classTask, type FeatureTask } from "./feature-task.ts";
import { blockOf, type Pictures, picturesAt } from "./pictures.ts";

/** Features of pictures, of mean 0 and deviation 1 over the pictures that the network learned from. */
export interface FeatureNet {
  /** [n, c, h, w] -> [n, 64] */
  features(x: Pictures): Promise<NdArray<"f32">>;
  /** What it learned. */
  readonly task: string;
  /** Share of right answers on pictures that it did not learn from, its standard error, and the share of who always gives one answer. */
  readonly accuracy: number;
  readonly se: number;
  readonly chance: number;
  readonly warnings: readonly string[];
}

/** Parameters and the state of their optimizer. */
export interface FeatureState {
  readonly params: Arrays<FeatureParams>;
  readonly optimizer: Arrays<GuardState<unknown>>;
}

/** A training that can stand inside another: its first state, its step, and the features at its end. */
export interface FeatureLearner {
  init(rng: Random): FeatureState;
  /** One step of Adam; the stream gives the batch. */
  step(state: FeatureState, rng: Random): Promise<{ state: FeatureState; metrics: { readonly loss: number } }>;
  finish(state: FeatureState): Promise<FeatureNet>;
}

const [rate, warm] = [2e-3, 50];

/** Steps after which 98.8 % of new digits are told right, and 95.7 % after those of a quick look (`mnist`, seed 1). */
export const featureSteps = { usual: 1500, quick: 300 } as const;

/** Share of the pictures, and their number at most, that the accuracy is measured on. */
const [heldOutShare, mostHeldOut] = [0.1, 2000];
/** Pictures from which means and deviations of the features are found, at most. */
const mostStandardising = 5000;

/**
 * A training on pictures in [0, 1].
 *
 * @param labels  classes from 0; absent, or all alike: it learns how pictures were changed
 * @param split   the stream that says which pictures the accuracy is measured on
 */
export function featureLearner(pixels: Pictures, labels: Int32Array | undefined, steps: number, split: Random): FeatureLearner {
  const [n, ...shape] = pixels.shape;
  const task = labels && new Set(labels).size > 1 ? classTask(labels) : changeTask(shape);
  const network = featureNetwork(shape, task.outputs);
  const order = split.permutation(n).data;
  const heldOut = Math.max(1, Math.min(mostHeldOut, Math.floor(heldOutShare * n)));
  const [others, own] = [order.subarray(0, heldOut), n > 1 ? order.subarray(heldOut) : order];
  const batchAt = (rows: Int32Array): [Pictures, NdArray<"i32">] => [
    picturesAt(pixels, rows),
    ndarray(labels ? rows.map((row) => labels[row]) : new Int32Array(rows.length), [rows.length], "i32"),
  ];
  const run = training(lossOf(network, task), adam(warmUpCosine(rate, Math.min(warm, steps >> 1) || 1, Math.max(2, steps))));
  return {
    init(rng) {
      const params = network.init(rng);
      return { params, optimizer: run.init(params, ...batchAt(own.slice(0, 1))) };
    },
    async step({ params, optimizer }, rng) {
      const rows = rng.integers(0, own.length, [task.batch]).data.map((i) => own[i]);
      // the optimizer's state is what `init` made
      const next = await run.step(params, optimizer as ReturnType<typeof run.init>, ...batchAt(rows));
      return { state: { params: next.params, optimizer: next.state }, metrics: { loss: next.value } };
    },
    async finish({ params }) {
      const right = hitsOf(network, task, params);
      const count = Math.max(others.length, task.batch);
      const hits: number[] = [];
      for (let at = 0; at < count; at += task.batch) {
        const rows = Int32Array.from({ length: task.batch }, (_, i) => others[(at + i) % others.length]);
        hits.push(...toNumbers(await right(...batchAt(rows))));
      }
      const accuracy = hits.slice(0, count).reduce((sum, hit) => sum + hit, 0) / count;
      const known = picturesAt(pixels, own.subarray(0, mostStandardising));
      const said = { task: task.text, accuracy, se: Math.sqrt((accuracy * (1 - accuracy)) / others.length), chance: task.chance };
      return { features: await standardised(network, params, known), ...said, warnings: warningsOf(said, others.length) };
    },
  };
}

const lossOf =
  (network: FeatureNetwork, task: FeatureTask) =>
  (params: FeatureParams, pictures: Tensor, classes: Tensor): Tensor => {
    const { x, y } = task.pose(pictures, classes);
    const logits = network.logits(params, network.features(params, x));
    return logSoftmax(logits).mul(oneHot(y, task.outputs)).sum(-1).mean().neg();
  };

/** 1 where the answer is right, else 0: [batch]. */
function hitsOf(network: FeatureNetwork, task: FeatureTask, params: Arrays<FeatureParams>) {
  const program = jit((params: FeatureParams, pictures: Tensor, classes: Tensor) => {
    const { x, y } = task.pose(pictures, classes);
    return equal(argmax(network.logits(params, network.features(params, x))), y).cast("f32");
  });
  return (x: Pictures, y: NdArray<"i32">) => program(params, x, y);
}

/** Features of mean 0 and deviation 1 over known pictures; those that never change stay 0. */
async function standardised(network: FeatureNetwork, params: Arrays<FeatureParams>, known: Pictures): Promise<FeatureNet["features"]> {
  const copy = mapTree<Arrays<FeatureParams>>((a: NdArray) => ({ ...a, data: a.data.slice() }), params);
  const raw = (x: Tensor): Tensor =>
    network.features(
      mapTree<FeatureParams>((a: NdArray) => constant(a), copy),
      x,
    );
  const size = blockOf(512, known.shape.slice(1));
  const { mean, deviation } = await spread(await rowwise(raw, size)(known));
  return rowwise((x) => raw(x).sub(constant(mean)).div(constant(deviation)), size);
}

const spread = jit((x: Tensor) => {
  const mean = x.mean(0);
  const deviation = x.sub(mean).square().mean(0).sqrt();
  return { mean, deviation: deviation.add(equal(deviation, 0).cast("f32")) };
});

/** Share of the way from chance to certainty under which a network has not learned enough for its features to mean something. */
const limit = 0.5;
/** Pictures under which an accuracy is known to no better than a tenth. */
const fewest = 20;

function warningsOf({ task, accuracy, chance }: Pick<FeatureNet, "task" | "accuracy" | "chance">, pictures: number): string[] {
  const percent = (share: number): string => `${formatNumber(100 * share)} %`;
  const learned = `the network whose features pictures are compared by learned ${task}`;
  if (pictures < fewest)
    return [`${learned}; whether it can is not known from ${pictures} pictures (${fewest} are needed, a tenth of all)`];
  if (accuracy - chance >= limit * (1 - chance)) return [];
  return [
    `${learned}, and is right for ${percent(accuracy)} of new pictures (${percent(chance)} by chance): its features say little (give it more ` +
      "steps or more pictures)",
  ];
}

/** How a training goes on. */
export interface FeatureTraining {
  readonly steps?: number;
  readonly rng: Random;
  readonly report?: (step: number, loss: number) => void;
  /** Asked before each step: whether to end here. */
  readonly stop?: () => boolean;
}

/** A whole training, from its start. The same stream gives the same features. */
export async function trainFeatures(
  pixels: Pictures,
  labels: Int32Array | undefined,
  { steps = featureSteps.usual, rng, report, stop }: FeatureTraining,
): Promise<FeatureNet> {
  const learner = featureLearner(pixels, labels, steps, rng.fold("split"));
  let state = learner.init(rng.fold("init"));
  for (let step = 0; step < steps && !stop?.(); step++) {
    const next = await learner.step(state, rng.fold("steps").fold(step));
    report?.(step + 1, next.metrics.loss);
    state = next.state;
  }
  return learner.finish(state);
}
