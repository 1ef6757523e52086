/** The frame of optimizers that precondition layer by layer with two Kronecker factors, and leave other parameters to a fallback. */

import { flatten, isArrayLeaf, mapTree, type NdArray } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { type Arrays, broadcastTo, concat, cond, isFinite, less, minimum, not, scalar, type Tensor, where } from "../../tensor/index.ts";
import { batchSizeOf } from "../batch-size.ts";
import { type FinishOptions, finish, initVelocity } from "../finish.ts";
import type { Precision } from "../hyper.ts";
import { dtypeOf, type Mask, type Optimizer, optimizer, type State, type StepContext, scalarArray } from "../optimizer.ts";
import { isDue, rounded } from "../preconditioner.ts";
import { type Rate, rateAt, times } from "../schedules.ts";
import type { Float } from "../structures/structure.ts";
import { leavesByPath } from "../units.ts";
import type { Layer, Seen } from "./layers.ts";

/** Factors F of one layer, and statistics M of what it saw. */
export interface LayerPreconditioner<F, M> {
  init(layer: Layer, dtype: Float): Arrays<F>;
  /** From the curvature, with the factors as they are: additive over micro-batches. */
  statistics(factors: F, layer: Layer, seen: readonly Seen[], batchSize: number): M;
  /** New factors from statistics. */
  refresh(factors: F, layer: Layer, statistics: M, step: Tensor): F;
  /** The preconditioned gradient, as the matrix of the weight with its bias. */
  direction(factors: F, layer: Layer, g: Tensor): Tensor;
}

interface LayerwiseOptions extends FinishOptions {
  readonly every: Rate;
  /** First steps that move only the factors. */
  readonly burnIn: number;
  /** Bound on η² Σ ⟨U, G⟩ per step; 0: none. */
  readonly klClip: number;
  readonly fallback: Optimizer;
  readonly precision: Precision;
  /** Which layers to precondition; others go to the fallback. */
  readonly layers?: Mask;
}

type LayerwiseState<F> = {
  readonly step: Tensor;
  /** By path of the weight. */
  readonly factors: ByPath<F>;
  readonly velocity: State;
  readonly fallback: State;
  /** Updates of factors in a row that were not finite and therefore dropped. */
  readonly dropped: Tensor;
};

type ByPath<T> = Readonly<Record<string, T>>;

/** Matrix of a layer's weight (or its gradient) with the bias: [in (+ 1), out], or [out, in (+ 1)]. */
function joinLayer({ weight, bias, inputs, outputs, inputsFirst }: Layer, at: ByPath<Tensor>): Tensor {
  const w = at[weight].reshape(inputsFirst ? [inputs, outputs] : [outputs, inputs]);
  if (bias === undefined) return w;
  return inputsFirst ? concat([w, at[bias].reshape([1, outputs])], 0) : concat([w, at[bias].reshape([outputs, 1])], 1);
}

function splitLayer({ weight, bias, inputs, inputsFirst }: Layer, m: Tensor, at: ByPath<Tensor>): ByPath<Tensor> {
  if (bias === undefined) return { [weight]: m.reshape(at[weight].shape) };
  const cut = (from: number, to: number): Tensor => (inputsFirst ? m.slice([from, to]) : m.slice(null, [from, to]));
  return { [weight]: cut(0, inputs).reshape(at[weight].shape), [bias]: cut(inputs, inputs + 1).reshape(at[bias].shape) };
}

/** Layers of which all parameters are present; a layer whose bias is elsewhere loses it. */
function present(layers: readonly Layer[], at: ReadonlyMap<string, unknown>, mask: Mask | undefined): Layer[] {
  return layers.flatMap((layer) => {
    const leaf = at.get(layer.weight) as { shape: readonly number[] } | undefined;
    if (!leaf || (mask && !mask(layer.weight, leaf.shape))) return [];
    if (layer.bias === undefined || at.has(layer.bias)) return [layer];
    const { bias: _, ...rest } = layer;
    return [rest];
  });
}

/**
 * U = the preconditioned gradients of the layers,  v ← α v + U + κ W,  W ← W - η v;  other parameters follow the fallback.
 *
 * @throws  UserError in a step without curvature, or with other layers than the state was made for
 */
export function layerwise<F extends object, M extends State>(
  name: string,
  rate: Rate,
  own: LayerPreconditioner<F, M>,
  options: LayerwiseOptions,
): Optimizer<LayerwiseState<F>> {
  const low = <A extends unknown[], R>(f: (...args: A) => R) => rounded(options.precision, f);
  /** Parameters of the layers, and the others. */
  const divide = <T>(tree: unknown, layers: readonly Layer[]): [ByPath<T>, ByPath<T>] => {
    const covered = new Set(layers.flatMap(({ weight, bias }) => (bias === undefined ? [weight] : [weight, bias])));
    const all = [...leavesByPath<T>(tree)];
    return [Object.fromEntries(all.filter(([path]) => covered.has(path))), Object.fromEntries(all.filter(([path]) => !covered.has(path)))];
  };
  const layersFor = (params: unknown, context: StepContext, factors: object): Layer[] => {
    if (!context.curvature)
      throw new UserError(
        `${name}: needs what the layers saw in the step`,
        "take [value, grads, curvature] from withCurvature(loss)(params, ...) and pass { curvature, batchSize } to update, " +
          "or use training(loss, optimizer)",
      );
    const layers = present(context.curvature.layers, leavesByPath(params), options.layers);
    const [a, b] = [layers.map((l) => l.weight).sort(), Object.keys(factors).sort()];
    if (a.join() !== b.join())
      throw new UserError(
        `${name}: the loss has the layers ${a.join(", ") || "none"}, but the state was made for ${b.join(", ") || "none"}`,
        "make the state with init(params, layersOf(loss)(params, ...data).layers)",
      );
    return layers;
  };
  const examplesOf = (context: StepContext): number => {
    const batchSize = batchSizeOf(name, context);
    if (typeof batchSize !== "number") throw new UserError(`${name}: the batch size must be a number, not a tensor`);
    return batchSize;
  };
  const each = <T>(layers: readonly Layer[], f: (layer: Layer) => T): ByPath<T> =>
    Object.fromEntries(layers.map((layer) => [layer.weight, f(layer)]));
  const measure = (layers: readonly Layer[], factors: ByPath<F>, seen: ByPath<readonly Seen[]>, batchSize: number) =>
    each(layers, (l) => low(own.statistics)(factors[l.weight], l, seen[l.weight], batchSize));
  /** Geometry is plain data, and stays out of the operands of a branch. */
  const tensorsOf = (seen: ByPath<readonly Seen[]>) =>
    Object.fromEntries(Object.entries(seen).map(([path, list]) => [path, list.map(({ x, gradients }) => ({ x, gradients }))]));
  const withGeometry = (seen: ByPath<readonly Seen[]>, from: ByPath<readonly Seen[]>): ByPath<readonly Seen[]> =>
    Object.fromEntries(Object.entries(seen).map(([path, list]) => [path, list.map((use, i) => ({ ...from[path][i], ...use }))]));
  const init = (params: object, layers?: readonly Layer[]): Arrays<LayerwiseState<F>> => {
    if (!layers)
      throw new UserError(
        `${name}: needs the layers of the loss to make its state`,
        "init(params, layersOf(loss)(params, ...data).layers), or use training(loss, optimizer)",
      );
    const list = present(layers, leavesByPath(params), options.layers);
    const [covered, rest] = divide<NdArray>(params, list);
    return {
      step: scalarArray(0, params),
      dropped: scalarArray(0, params),
      factors: each(list, (l) => own.init(l, dtypeOf(params))),
      velocity: initVelocity(covered, options),
      fallback: Object.keys(rest).length ? options.fallback.init(rest, layers) : {},
    };
  };

  /** Factors after this step, and how many layers had to keep theirs; -1 in steps without an update. */
  const renewed = (layers: readonly Layer[], { step, factors }: LayerwiseState<F>, context: StepContext): Renewed<F> => {
    const due = isDue(options.every, step);
    const refresh = (factors: ByPath<F>, statistics: ByPath<M>): Renewed<F> => {
      const results = each(layers, ({ weight, ...l }) =>
        keepFinite(low(own.refresh)(factors[weight], { weight, ...l }, statistics[weight], step), factors[weight]),
      );
      const bad = layers.reduce((n, { weight }) => n.add(results[weight].bad), step.mul(0));
      return { factors: each(layers, ({ weight }) => results[weight].state), bad };
    };
    // what `statistics` returned, averaged
    if (context.statistics)
      return choose(due, { factors, statistics: context.statistics as ByPath<M> }, (o) => refresh(o.factors, o.statistics), step);
    const seen = each(layers, ({ weight }) => context.curvature?.seen[weight] ?? []);
    return choose(
      due,
      { factors, seen: tensorsOf(seen) },
      (o) => refresh(o.factors, measure(layers, o.factors, withGeometry(o.seen, seen), examplesOf(context))),
      step,
    );
  };

  const update = <P>(grads: P, state: LayerwiseState<F>, params: P, context: StepContext) => {
    const { step } = state;
    const layers = layersFor(params, context, state.factors);
    const [g, otherGrads] = divide<Tensor>(grads, layers);
    const [p, otherParams] = divide<Tensor>(params, layers);
    const { factors, bad } = renewed(layers, state, context);
    const matrices = each(layers, (l) => joinLayer(l, g));
    const u = each(layers, (l) => low(own.direction)(factors[l.weight], l, matrices[l.weight]));
    const eta = rateAt(rate, step);
    const scale = options.klClip
      ? klScale(
          layers.map(({ weight }) => u[weight].mul(matrices[weight])),
          eta,
          options.klClip,
        )
      : 1;
    const directions: ByPath<Tensor> = Object.assign({}, ...layers.map((l) => splitLayer(l, times(u[l.weight], scale) as Tensor, g)));
    const done = finish(directions, p, state.velocity, eta, options);
    const rest = Object.keys(otherGrads).length
      ? options.fallback.update(otherGrads, state.fallback, otherParams, context)
      : { updates: {}, state: state.fallback };
    const moves = { ...done.updates, ...rest.updates } as ByPath<Tensor>;
    const burning = options.burnIn ? less(step, options.burnIn) : undefined;
    const later = (x: Tensor, before: Tensor | number): Tensor => (burning ? where(burning, before, x) : x);
    return {
      updates: mapTree<P>((_: Tensor, path: string) => later(moves[path], 0), grads),
      state: {
        step: step.add(1),
        factors,
        velocity: options.momentum ? mapTree<State>(later, done.velocity, state.velocity) : state.velocity,
        fallback: rest.state,
        dropped: where(less(bad, 0), state.dropped, where(less(0, bad), state.dropped.add(1), 0)),
      },
    };
  };

  /** Of the layers; zeros in steps that do not update the factors. */
  const statistics = ({ step, factors }: LayerwiseState<F>, params: unknown, context: StepContext): ByPath<M> => {
    const layers = layersFor(params, context, factors);
    const batchSize = examplesOf(context);
    const seen = each(layers, ({ weight }) => context.curvature?.seen[weight] ?? []);
    const f = (o: { factors: ByPath<F>; seen: ByPath<readonly Seen[]> }) =>
      measure(layers, o.factors, withGeometry(o.seen, seen), batchSize);
    const due = isDue(options.every, step);
    if (due === true) return f({ factors, seen });
    const zeros = mapTree<ByPath<M>>((x: Tensor) => broadcastTo(scalar(0, x.dtype), x.shape), f({ factors, seen }));
    return cond(due, f, () => zeros, { factors, seen: tensorsOf(seen) });
  };

  return optimizer<LayerwiseState<F>>(init, update, statistics);
}

interface Renewed<F> {
  readonly factors: ByPath<F>;
  readonly bad: Tensor;
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

/** min(1, √(c / (η² Σ |⟨U, G⟩|))): the step's Kullback–Leibler size stays below c. Ba, Grosse & Martens, ICLR 2017. */
function klScale(products: readonly Tensor[], eta: number | Tensor, bound: number): Tensor {
  const size = products.map((x) => x.sum().abs()).reduce((a, b) => a.add(b));
  const kl = times(times(size, eta), eta) as Tensor;
  return minimum(kl.pow(-1).mul(bound).sqrt(), 1);
}
