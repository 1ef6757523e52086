/** Statistics and factors of all layers in a step. */
import { flatten, isArrayLeaf, mapTree } from "../../array/index.ts";
import { type Arrays, broadcastTo, cond, isFinite, not, scalar, type Tensor, where } from "../../tensor/index.ts";
import type { Precision } from "../hyper.ts";
import type { State, StepContext } from "../optimizer.ts";
import { isDue, rounded } from "../preconditioner.ts";
import type { Rate } from "../schedules.ts";
import type { Float } from "../structures/structure.ts";
import { type ByPath, eachLayer } from "./layer-matrices.ts";
import type { Layer, Seen } from "./layers.ts";

/** Second moments of what a layer saw, of its inputs and of the gradients of its outputs: in any layout. */
export interface LayerMoments {
  readonly inputs: unknown;
  readonly gradients: unknown;
}

/** Factors F of one layer, and statistics M of what it saw. */
export interface LayerPreconditioner<F, M> {
  init(layer: Layer, dtype: Float): Arrays<F>;
  /** From the curvature, with the factors as they are. */
  statistics(factors: F, layer: Layer, seen: readonly Seen[], batchSize: number): M;
  /** New factors from statistics. */
  refresh(factors: F, layer: Layer, statistics: M, step: Tensor): F;
  /** The preconditioned gradient, as the matrix of the weight with its bias. */
  direction(factors: F, layer: Layer, g: Tensor): Tensor;
}

/** When factors are renewed, and how they are rounded. */
export interface FactorSchedule {
  /** T, or a program that says at which steps. */
  readonly every: Rate;
  readonly precision: Precision;
}

/** The layers of a step, and the examples in its batch. */
export interface LayersOfStep {
  readonly layers: readonly Layer[];
  readonly context: StepContext;
  /** A function, since a batch size that is missing is an error only where it is needed. */
  readonly batchSize: () => number;
}

type SeenByLayer = ByPath<readonly Seen[]>;

const seenBy = ({ layers, context }: LayersOfStep): SeenByLayer => eachLayer(layers, ({ weight }) => context.curvature?.seen[weight] ?? []);

/** Geometry is plain data, and stays out of the operands of a branch. */
const tensorsOf = (seen: SeenByLayer) =>
  Object.fromEntries(Object.entries(seen).map(([path, list]) => [path, list.map(({ x, gradients }) => ({ x, gradients }))]));

const withGeometry = (seen: SeenByLayer, from: SeenByLayer): SeenByLayer =>
  Object.fromEntries(Object.entries(seen).map(([path, list]) => [path, list.map((use, i) => ({ ...from[path][i], ...use }))]));

/** Statistics of all layers; zeros in steps that do not renew the factors. */
export function layerStatistics<F, M extends State & LayerMoments>(
  own: LayerPreconditioner<F, M>,
  { every, precision }: FactorSchedule,
  step: Tensor,
  factors: ByPath<F>,
  of: LayersOfStep,
): ByPath<M> {
  const batchSize = of.batchSize();
  const seen = seenBy(of);
  const measure = (o: { factors: ByPath<F>; seen: SeenByLayer }) =>
    sharesOf(measured(own, precision, of.layers, o.factors, withGeometry(o.seen, seen), batchSize), of.context.pieces);
  const due = isDue(every, step);
  if (due === true) return measure({ factors, seen });
  const zeros = mapTree<ByPath<M>>((x: Tensor) => broadcastTo(scalar(0, x.dtype), x.shape), measure({ factors, seen }));
  return cond(due, measure, () => zeros, { factors, seen: tensorsOf(seen) });
}

/**
 * The share of a piece in the statistics of its batch. Moments of inputs are means over the examples whatever the loss is; those of
 * gradients are means if the loss is one, and sums otherwise.
 */
const sharesOf = <M extends LayerMoments>(moments: ByPath<M>, pieces: StepContext["pieces"]): ByPath<M> => {
  if (!pieces) return moments;
  const part = <T>(tree: T, share: number): T => mapTree<T>((x: Tensor) => x.mul(share), tree);
  const mean = 1 / pieces.count;
  const gradientShare = pieces.reduction === "mean" ? mean : 1;
  return Object.fromEntries(
    Object.entries(moments).map(([path, m]) => [path, { ...m, inputs: part(m.inputs, mean), gradients: part(m.gradients, gradientShare) }]),
  );
};

const measured = <F, M>(
  own: LayerPreconditioner<F, M>,
  precision: Precision,
  layers: readonly Layer[],
  factors: ByPath<F>,
  seen: SeenByLayer,
  batchSize: number,
): ByPath<M> => eachLayer(layers, (l) => rounded(precision, own.statistics)(factors[l.weight], l, seen[l.weight], batchSize));

/** Factors after a step, and how many layers had to keep theirs; -1 in steps that do not renew them. */
export interface Renewed<F> {
  readonly factors: ByPath<F>;
  readonly bad: Tensor;
}

/** Factors after a step: from the statistics in its context, where there are any, or from what the layers saw. */
export function renewedFactors<F, M extends State & LayerMoments>(
  own: LayerPreconditioner<F, M>,
  { every, precision }: FactorSchedule,
  step: Tensor,
  factors: ByPath<F>,
  of: LayersOfStep,
): Renewed<F> {
  const { layers, context } = of;
  const due = isDue(every, step);
  const refresh = (factors: ByPath<F>, statistics: ByPath<M>): Renewed<F> => {
    const results = eachLayer(layers, ({ weight, ...l }) =>
      keepFinite(rounded(precision, own.refresh)(factors[weight], { weight, ...l }, statistics[weight], step), factors[weight]),
    );
    const bad = layers.reduce((n, { weight }) => n.add(results[weight].bad), step.mul(0));
    return { factors: eachLayer(layers, ({ weight }) => results[weight].state), bad };
  };
  // what `layerStatistics` returned, averaged
  if (context.statistics)
    return choose(due, { factors, statistics: context.statistics as ByPath<M> }, (o) => refresh(o.factors, o.statistics), step);
  const seen = seenBy(of);
  return choose(
    due,
    { factors, seen: tensorsOf(seen) },
    (o) => refresh(o.factors, measured(own, precision, layers, o.factors, withGeometry(o.seen, seen), of.batchSize())),
    step,
  );
}

/** The branch that updates factors, or the factors as they are. */
function choose<F, O extends { factors: ByPath<F> }>(
  due: Tensor | true,
  operands: O,
  renew: (operands: O) => Renewed<F>,
  step: Tensor,
): Renewed<F> {
  if (due === true) return renew(operands);
  return cond(due, renew, ({ factors }) => ({ factors, bad: scalar(-1, step.dtype) }), operands);
}

/** A state that is finite throughout, or the one before. */
function keepFinite<F>(next: F, before: F): { state: F; bad: Tensor } {
  const sums = flatten(next, isArrayLeaf).leaves.map((x) => (x as Tensor).mul(0).sum());
  const good = isFinite(sums.reduce((a, b) => a.add(b)));
  return {
    state: mapTree<F>((x: Tensor, old: Tensor) => where(good, x, old), next, before),
    bad: not(good).cast(sums[0].dtype),
  };
}
