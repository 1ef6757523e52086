/** Supervised training as a method: state is plain data, a step is one compiled program. */

import { flatten, isArrayLeaf, item, leafPaths, mapTree, type NdArray, ndarray, type Random, sizeOf, toNumbers } from "../array/index.ts";
import { batchRows, spreadRows } from "../data/batches.ts";
import { list } from "../data/table.ts";
import { UserError } from "../errors.ts";
import type { Network } from "../nn/index.ts";
import {
  applyUpdates,
  chain,
  clipByGlobalNorm,
  type GuardState,
  type Layer,
  layersOf,
  masked,
  type Optimizer,
  type State,
  skipNonFinite,
  type Uncovered,
  withCurvature,
} from "../optim/index.ts";
import { and, jit, less, lowPrecision, type Tensor, valueAndGrad, where } from "../tensor/index.ts";
import { lossTerms } from "./defaults.ts";
import type { Part, Problem } from "./problem.ts";

/** How a network is trained. */
export interface SupervisedOptions {
  readonly optimizer: Optimizer;
  /** Examples a step. */
  readonly batchSize: number;
  /** Bound on the global norm of the gradient. */
  readonly clip?: number;
  /** Beginnings of the names of parameters that stay as they are, such as `layers.0`. */
  readonly freeze?: readonly string[];
  /** Every operation of a step rounds to this format; default f32. */
  readonly precision?: "f32" | "bf16" | "f16";
  /** Most examples of the validation part that an evaluation takes. */
  readonly evaluationRows?: number;
}

/** Parameters and statistics of the network, and the state of the optimizer: trees of arrays. */
export interface SupervisedState<T = NdArray> {
  /** Steps done, i32. */
  readonly step: T;
  readonly params: object;
  readonly stats: object;
  readonly optimizer: GuardState<State<T>, T>;
  /** Loss of the last step whose gradient was finite; that of the newest when too many in a row were not. */
  readonly loss: T;
}

/** How well a network does on a part of the data. */
export interface Scores {
  readonly loss: number;
  /** In the unit of the problem. */
  readonly score: number;
}

/** Scores, and what each example contributes to them. */
export interface MarkedScores extends Scores {
  readonly marks: readonly number[];
}

/** What an optimizer with curvature sees of a network. */
export interface Layers {
  readonly layers: readonly Layer[];
  readonly uncovered: readonly Uncovered[];
}

/** A training: its first state, its step, and what can be asked of a state. */
export interface SupervisedLearner {
  init(rng: Random): SupervisedState;
  step(state: SupervisedState, rng: Random): Promise<{ state: SupervisedState; metrics: { readonly loss: number } }>;
  /** Loss and score of the validation part. */
  evaluate(state: SupervisedState): Promise<{ readonly validationLoss: number; readonly validationScore: number }>;
  /** Loss and score over a whole part, of the training part over at most 20 runs of 256 examples or fewer. */
  score(state: SupervisedState, part: Part): Promise<Scores>;
  /** The same over the whole part, with the mark of each example: see `Problem.marks`. */
  marked(state: SupervisedState, part: Part): Promise<MarkedScores>;
  /** The layers with curvature, and the parameters in none with the reason; undefined if the optimizer does not ask. */
  layers(state: Pick<SupervisedState, "params" | "stats">): Layers | undefined;
  /** Outputs of the network for inputs [n, ...], in evaluation mode. */
  predict(state: SupervisedState, x: NdArray): Promise<NdArray>;
}

/** Steps in a row with a gradient that is not finite after which a training has diverged: fewer may be one bad batch each. */
const patience = 10;

/** Rows of one evaluation run: fewer where many positions have many outputs, so that these take at most 64 MB. */
const evaluationBatchOf = ({ kind, input, outputs }: Problem): number =>
  kind === "text" ? Math.max(1, Math.min(256, Math.floor(2 ** 24 / (input[0] * outputs)))) : 256;

/**
 * Training of a network on a problem.
 *
 * @param order  the stream that orders the examples: the same for runs to be compared
 */
export function supervisedLearner(problem: Problem, network: Network, order: Random, options: SupervisedOptions): SupervisedLearner {
  const { batchSize, clip, freeze = [], precision = "f32" } = options;
  const free = freeze.length ? masked(options.optimizer, (path) => !freeze.some((f) => isBelow(path, f))) : options.optimizer;
  const optimizer = skipNonFinite(clip ? chain(clipByGlobalNorm(clip), free) : free);
  const evaluationBatch = evaluationBatchOf(problem);
  const rows = batchRows(order, problem.count("train"), batchSize);
  const lossOf = (params: object, stats: object, x: Tensor, y: Tensor): [Tensor, object] => {
    const out = network.apply(params, stats, x, true);
    return [problem.loss(out.y, y), out.stats];
  };
  const update = (state: SupervisedState<Tensor>, x: Tensor, y: Tensor): SupervisedState<Tensor> => {
    const objective = (params: object): [Tensor, object] => lossOf(params, state.stats, x, y);
    // Only some optimizers ask what the layers saw.
    const [[loss, stats], grads, curvature] = optimizer.statistics
      ? withCurvature(objective, { aux: true })(state.params)
      : [...valueAndGrad(objective, { aux: true })(state.params), undefined];
    const context = { batchSize, terms: lossTerms(problem, batchSize), ...(curvature ? { curvature } : {}) };
    const { updates, state: next } = optimizer.update(grads, state.optimizer, state.params, context);
    const params = applyUpdates(state.params, updates);
    // A batch whose gradient is not finite leaves no trace in the statistics either.
    const skipped = less(0, next.inRow);
    const kept = mapTree<object>((now: Tensor, before: Tensor) => where(skipped, before, now), stats, state.stats);
    const given = where(and(skipped, less(next.inRow, patience)), state.loss, loss);
    return { step: state.step.add(1), params, stats: kept, optimizer: next, loss: given };
  };
  /** The layers of the network, found in a batch; none for optimizers that do not ask. */
  const layers = ({ params, stats }: Pick<SupervisedState, "params" | "stats">): Layers | undefined => {
    if (!optimizer.statistics) return undefined;
    const { x, y } = problem.batch("train", rows(0));
    return layersOf(lossOf, { aux: true })(params, stats, x, y);
  };
  const run = jit(precision === "f32" ? update : lowPrecision(precision, update), { reuse: true });
  const measure = jit((params: object, stats: object, x: Tensor, y: Tensor) => {
    const out = network.apply(params, stats, x, false).y;
    return { loss: problem.loss(out, y), marks: problem.marks(out, y) };
  });
  const outputs = jit((params: object, stats: object, x: Tensor) => network.apply(params, stats, x, false).y);

  async function marked({ params, stats }: SupervisedState, part: Part, most = Number.POSITIVE_INFINITY): Promise<MarkedScores> {
    const count = Math.min(problem.count(part), most);
    const marks: number[] = [];
    let loss = 0;
    for (let at = 0; at < count; at += evaluationBatch) {
      const size = Math.min(evaluationBatch, count - at);
      const { x, y } = problem.batch(part, spreadRows(at, size, count, problem.count(part)));
      const result = await measure(params, stats, x, y);
      loss += item(result.loss) * (size / count);
      marks.push(...toNumbers(result.marks));
    }
    return { loss, score: problem.scoreOf(marks.reduce((s, v) => s + v, 0) / count, part), marks };
  }

  return {
    init(rng) {
      const { params, stats } = network.init(rng.fold("network"));
      requireFrozen(freeze, params);
      return {
        step: ndarray(new Int32Array(1), [], "i32"),
        params,
        stats,
        optimizer: optimizer.init(params, layers({ params, stats })?.layers),
        loss: ndarray(new Float32Array(1), [], "f32"),
      };
    },
    async step(state) {
      const { x, y } = problem.batch("train", rows(item(state.step)));
      const next = await run(state, x, y);
      return { state: next, metrics: { loss: item(next.loss) } };
    },
    async evaluate(state) {
      const { loss, score } = await marked(state, "validation", options.evaluationRows);
      return { validationLoss: loss, validationScore: score };
    },
    layers,
    async score(state, part) {
      const { loss, score } = await marked(state, part, part === "train" ? 20 * evaluationBatch : undefined);
      return { loss, score };
    },
    marked: (state, part) => marked(state, part),
    predict: ({ params, stats }, x) => outputs(params, stats, x),
  };
}

/** Numbers in a tree of arrays. */
export const countNumbers = (tree: unknown): number =>
  (flatten(tree, isArrayLeaf).leaves as NdArray[]).reduce((s, a) => s + sizeOf(a.shape), 0);

/** Whether `layers.0.w` lies at or below `layers.0`; `layers.01` does not. */
const isBelow = (path: string, beginning: string): boolean => path === beginning || path.startsWith(`${beginning}.`);

/** @throws UserError  for a beginning that no parameter has, or when nothing is left to train */
function requireFrozen(freeze: readonly string[], params: unknown): void {
  if (freeze.length === 0) return;
  const names = leafPaths(flatten(params, isArrayLeaf).structure);
  for (const f of freeze)
    if (!names.some((name) => isBelow(name, f)))
      throw new UserError(`no parameter begins with "${f}"`, `the parameters are ${list(names)}`);
  if (names.every((name) => freeze.some((f) => isBelow(name, f))))
    throw new UserError("every parameter is frozen: nothing is left to train");
}
