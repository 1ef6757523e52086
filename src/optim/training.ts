/** A loss and an optimizer as one compiled step. */

import { flatten, isArrayLeaf, item, mapTree } from "../array/index.ts";
import { UserError } from "../errors.ts";
import { type Arrays, type Feeds, type JitOptions, jit, minimum, type Tensor } from "../tensor/index.ts";
import { globalNorm } from "./clip.ts";
import { layersOf } from "./curvature/capture.ts";
import type { Layer, Uncovered } from "./curvature/layers.ts";
import { type GuardState, skipNonFinite } from "./guard.ts";
import { differentiate, differentiatePieces, type Loss } from "./micro-batches.ts";
import { applyUpdates, type Optimizer } from "./optimizer.ts";

/** How a step is made of a loss and an optimizer. */
export interface TrainingOptions<D extends unknown[]> {
  /** Examples in the mean of the loss; default the length of the first axis of the first array of data that has axes. */
  readonly batchSize?: number | ((...data: { [K in keyof D]: Feeds<D[K]> }) => number);
  /** Terms in the mean of the loss, if they are more than the examples: tokens. */
  readonly terms?: number | ((...data: { [K in keyof D]: Feeds<D[K]> }) => number);
  /** Bound on the norm of the gradient, before the optimizer and after the curvature was taken. */
  readonly clip?: number;
  /** Steps in a row with a gradient that is not finite after which training stops; default 10. They are skipped. */
  readonly patience?: number;
  /** Equal pieces, along the first axis of all data, that the batch is computed in: less memory, the same step. Default 1. */
  readonly microBatches?: number;
  /** Whether the loss is a mean over the batch (default) or a sum: what pieces of a batch are put together by. */
  readonly reduction?: "mean" | "sum";
  readonly jit?: JitOptions;
}

/** What a step returns. */
export interface Step<P, S> {
  readonly params: Arrays<P>;
  readonly state: Arrays<GuardState<S>>;
  /** The loss before the step. */
  readonly value: number;
  readonly gradientNorm: number;
  /** Steps skipped so far because the gradient was not finite. */
  readonly skipped: number;
}

/** Parameters P, data D of a step, state S of the optimizer. */
export interface Training<P, D extends unknown[], S> {
  /** First state. The data are an example batch, of which only shapes count. */
  init(params: Arrays<P>, ...data: { [K in keyof D]: Feeds<D[K]> }): Arrays<GuardState<S>>;
  step(params: Feeds<P>, state: Feeds<GuardState<S>>, ...data: { [K in keyof D]: Feeds<D[K]> }): Promise<Step<P, S>>;
  /** The layers with curvature, and the parameters in none with the reason. */
  layers(params: Arrays<P>, ...data: { [K in keyof D]: Feeds<D[K]> }): { layers: readonly Layer[]; uncovered: readonly Uncovered[] };
}

/**
 * A training step of any optimizer, compiled as one program: gradient, curvature if the optimizer uses it, clipping, update.
 *
 *   const run = training(loss, singd(4e-3));
 *   let [params, state] = [init, run.init(init, x, y)];
 *   for (const [x, y] of batches) ({ params, state } = await run.step(params, state, x, y));
 *
 * @param loss  (params, ...data) -> scalar, the mean over the first axis of the data
 * @throws  UserError after `patience` steps in a row without a finite gradient
 */
export function training<P extends object, D extends unknown[], S>(
  loss: Loss<P, D>,
  optimizer: Optimizer<S>,
  options: TrainingOptions<D> = {},
): Training<P, D, S> {
  const { clip, patience = 10, microBatches = 1, reduction = "mean" } = options;
  const guarded = skipNonFinite(optimizer);
  const find = layersOf(loss as (...args: unknown[]) => Tensor);
  const compile = ({ batchSize, terms }: Counts) =>
    jit((params: P, state: GuardState<S>, ...data: D) => {
      const measured =
        microBatches === 1
          ? differentiate(loss, optimizer.statistics !== undefined, params, data)
          : differentiatePieces(loss, optimizer, state.inner, params, data, { count: microBatches, batchSize, reduction });
      const norm = globalNorm(measured.grads);
      const grads = clip === undefined ? measured.grads : clipped(measured.grads, norm, clip);
      const { curvature, statistics } = measured;
      const context = {
        batchSize,
        ...(terms === undefined ? {} : { terms }),
        ...(curvature ? { curvature } : {}),
        ...(statistics ? { statistics } : {}),
      };
      const { updates, state: next } = guarded.update(grads, state, params, context);
      return { params: applyUpdates(params, updates), state: next, value: measured.value, norm };
    }, options.jit);
  const programs = new Map<string, ReturnType<typeof compile>>();
  const program = (counts: Counts) => {
    const key = `${counts.batchSize} ${counts.terms}`;
    const step = programs.get(key) ?? compile(counts);
    programs.set(key, step);
    return step;
  };

  return {
    init: (params, ...data) => guarded.init(params, optimizer.statistics ? find(params, ...data).layers : undefined),
    layers: (params, ...data) => find(params, ...data),
    async step(params, state, ...data) {
      const batchSize = countExamples(data, options.batchSize as Count);
      const terms = options.terms === undefined ? undefined : countExamples(data, options.terms as Count);
      const result = await program({ batchSize, terms })(params, state, ...data);
      const inRow = item(result.state.inRow);
      if (inRow >= patience)
        throw new UserError(
          `the gradient was not finite in ${inRow} steps in a row`,
          "lower the rate, clip the gradient, raise the damping, or look for NaN in the data",
        );
      return {
        params: result.params,
        state: result.state,
        value: item(result.value),
        gradientNorm: item(result.norm),
        skipped: item(result.state.skipped),
      };
    },
  };
}

type Count = number | ((...data: unknown[]) => number) | undefined;

/** What a compiled step depends on. */
type Counts = { readonly batchSize: number; readonly terms: number | undefined };

const clipped = <P>(grads: P, norm: Tensor, bound: number): P =>
  mapTree<P>((g: Tensor) => g.mul(minimum(norm.pow(-1).mul(bound), 1).cast(g.dtype)), grads);

function countExamples(data: readonly unknown[], given: Count): number {
  const size = typeof given === "function" ? given(...data) : given;
  const found =
    size ?? (flatten(data, isArrayLeaf).leaves as { shape: readonly number[] }[]).find(({ shape }) => shape.length > 0)?.shape[0];
  if (found === undefined || !(found > 0) || !Number.isInteger(found))
    throw new UserError(
      `the number of examples of a batch is ${found === undefined ? "not known" : found}`,
      "give training(loss, optimizer, { batchSize }) a positive whole number, or a function of the data",
    );
  return found;
}
