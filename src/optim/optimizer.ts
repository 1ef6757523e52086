/**
 * Optimizers as values. An optimizer turns gradients into updates that are added to the parameters; it is a tensor program, so that it
 * runs in the same compiled step as the gradient, and its state is a tree of tensors like the parameters.
 *
 *   const step = jit((params, state, batch) => {
 *     const [loss, grads] = valueAndGrad(f)(params, batch);
 *     const { updates, state: next } = optimizer.update(grads, state, params);
 *     return { params: applyUpdates(params, updates), state: next, loss };
 *   });
 */
import { allocate, flatten, isArrayLeaf, mapTree, type NdArray, type Shape, unflatten } from "../array/index.ts";
import { type Arrays, broadcastTo, scalar, type Tensor } from "../tensor/index.ts";
import type { Curvature, Layer } from "./curvature/layers.ts";

/**
 * State of an optimizer: a tree of tensors in programs, of arrays outside. Its layout is the optimizer's own affair. Layouts are type
 * aliases, not interfaces: so every one of them is a `State` too.
 */
export interface State<T = Tensor> {
  readonly [part: string]: T | State<T>;
}

/** What some optimizers need to know of a step besides its gradient. */
export interface StepContext {
  /** Examples in the batch whose gradient this is. */
  readonly batchSize?: number | Tensor;
  /** Terms in the mean that the loss is, if they are more than the examples: tokens of a batch of texts. */
  readonly terms?: number | Tensor;
  /** What the layers saw in this step; see `withCurvature`. */
  readonly curvature?: Curvature;
  /** Equal pieces of the batch, of which this is one: statistics are then its share in those of the batch. */
  readonly pieces?: { readonly count: number; readonly reduction: "mean" | "sum" };
  /** Statistics of the curvature, from `statistics`, added up over micro-batches; then the curvature gives the layers only. */
  readonly statistics?: State;
}

/** `S` is the layout of the state; who does not look into it can leave it out, and hands on what `init` and `update` returned. */
export interface Optimizer<S = State> {
  /**
   * First state for parameters (a tree of arrays).
   *
   * @param layers  the layers that the loss has, for optimizers that need their curvature; see `layersOf`
   */
  init(params: object, layers?: readonly Layer[]): Arrays<S>;
  /** Updates for gradients; trees like the parameters. */
  update<P>(grads: P, state: S, params: P, context?: StepContext): { updates: P; state: S };
  /**
   * Present in optimizers that need curvature: what a step needs of it, additive over the pieces of a batch (`context.pieces`): their sum
   * goes to `update`.
   */
  statistics?(state: S, params: unknown, context: StepContext): State;
}

/** An optimizer from functions, of which `update` can rely on a context. */
export const optimizer = <S>(
  init: (params: object, layers?: readonly Layer[]) => Arrays<S>,
  update: <P>(grads: P, state: S, params: P, context: StepContext) => { updates: P; state: S },
  statistics?: (state: S, params: unknown, context: StepContext) => State,
): Optimizer<S> => ({
  init,
  ...(statistics ? { statistics } : {}),
  update: (grads, state, params, context = {}) => update(grads, state, params, context),
});

/** params + updates. */
export const applyUpdates = <P>(params: P, updates: P): P => mapTree<P>((p: Tensor, u: Tensor) => p.add(u), params, updates);

/** The context for a part of an optimizer, which has statistics of its own. */
const narrowed = (context: StepContext | undefined, part: string): StepContext =>
  context?.statistics ? { ...context, statistics: context.statistics[part] as State } : { ...context };

/** `statistics` of an optimizer made of parts, if one of them has it: its presence says that curvature is needed. */
const whenUsed = (
  parts: readonly Optimizer[],
  statistics: NonNullable<Optimizer<States>["statistics"]>,
): Pick<Optimizer<States>, "statistics"> => (parts.some((part) => part.statistics) ? { statistics } : {});

/** States of the parts of an optimizer, by number or name. */
type States = Readonly<Record<string, State>>;

/** Optimizers in sequence: the updates of each are the gradients of the next. `chain(clipByGlobalNorm(1), adam(1e-3))`. */
export function chain(...parts: readonly Optimizer[]): Optimizer {
  return {
    init: (params, layers) => Object.fromEntries(parts.map((part, i) => [i, part.init(params, layers)])),
    ...whenUsed(parts, (states, params, context) =>
      Object.fromEntries(parts.map((part, i) => [i, part.statistics?.(states[i], params, context) ?? {}])),
    ),
    update<P>(grads: P, states: States, params: P, context?: StepContext) {
      let updates = grads;
      const next = parts.map((part, i) => {
        const result = part.update(updates, states[i], params, narrowed(context, `${i}`));
        updates = result.updates;
        return [i, result.state];
      });
      return { updates, state: Object.fromEntries(next) };
    },
  };
}

/** An optimizer without a state: a function of gradients and parameters. */
export function stateless(update: <P>(grads: P, params: P) => P): Optimizer {
  return { init: () => ({}), update: (grads, state, params) => ({ updates: update(grads, params), state }) };
}

/** Picks parameters by path (`blocks.0.w`) and shape. */
export type Mask = (path: string, shape: Shape) => boolean;

/** Matrices and kernels, without biases and scales: what weight decay is usually for. */
export const matrices: Mask = (_, shape) => shape.length > 1;

/** Updates of the parameters that the mask picks; the others stay as they are. */
export const masked = (optimizer: Optimizer, mask: Mask): Optimizer =>
  partition((path, shape) => (mask(path, shape) ? "picked" : "frozen"), { picked: optimizer });

/**
 * Parameter groups: each parameter goes to the optimizer of its group. Parameters of a group without an optimizer stay as they are.
 *
 *   partition((path, shape) => (shape.length > 1 ? "matrices" : "rest"), { matrices: muon(0.02), rest: adamw(3e-4) })
 *
 * @param groupOf  name of the group, from the path (`blocks.0.w`) and shape of a parameter
 */
export function partition(groupOf: (path: string, shape: Shape) => string, groups: Readonly<Record<string, Optimizer>>): Optimizer {
  const split = (tree: unknown): Record<string, Record<string, unknown>> => {
    const parts: Record<string, Record<string, unknown>> = {};
    mapTree((x: { shape: Shape }, path: string) => {
      const group = groupOf(path, x.shape);
      (parts[group] ??= {})[path] = x;
      return x;
    }, tree);
    return parts;
  };
  const used = (parts: Record<string, unknown>): string[] => Object.keys(groups).filter((name) => parts[name]);
  return {
    init(params, layers) {
      const parts = split(params);
      return Object.fromEntries(used(parts).map((name) => [name, groups[name].init(parts[name], layers)]));
    },
    ...whenUsed(Object.values(groups), (state, params, context) => {
      const p = split(params);
      return Object.fromEntries(used(p).map((name) => [name, groups[name].statistics?.(state[name], p[name], context) ?? {}]));
    }),
    update<P>(grads: P, state: States, params: P, context?: StepContext) {
      const [g, p] = [split(grads), split(params)];
      const updates: Record<string, unknown> = {};
      const next = used(g).map((name) => {
        const result = groups[name].update(g[name], state[name], p[name], narrowed(context, name));
        Object.assign(updates, result.updates);
        return [name, result.state];
      });
      return {
        updates: mapTree<P>((g: Tensor, path: string) => updates[path] ?? broadcastTo(scalar(0, g.dtype), g.shape), grads),
        state: Object.fromEntries(next),
      };
    },
  };
}

/** Gradients plus decay times the parameters. */
export const decayed = <P>(grads: P, params: P, decay: number, mask: Mask = () => true): P =>
  mapTree<P>((g: Tensor, p: Tensor, path: string) => (mask(path, p.shape) ? g.add(p.mul(decay)) : g), grads, params);

/** Gradients plus decay times the parameters: with the gradient of (decay / 2) |params|². */
export const addDecayedWeights = (decay: number, mask: Mask = () => true): Optimizer =>
  stateless((grads, params) => decayed(grads, params, decay, mask));

/** Arrays of zeros like the parameters. */
export const zerosLike = (params: object): State<NdArray> => mapTree<State<NdArray>>((p: NdArray) => allocate(p.dtype, p.shape), params);

/** Arrays of one number like the parameters. */
export const filledLike = (params: object, value: number): State<NdArray> =>
  mapTree<State<NdArray>>((p: NdArray) => {
    const a = allocate(p.dtype, p.shape);
    (a.data as Float32Array).fill(value);
    return a;
  }, params);

/** A scalar array of the dtype of the parameters. */
export function scalarArray(value: number, params: object): NdArray {
  const a = allocate(dtypeOf(params), []);
  a.data[0] = value;
  return a;
}

/** The dtype of the parameters, by the first of them: f64 or else f32. */
export function dtypeOf(tree: unknown): "f32" | "f64" {
  const [first] = flatten(tree, isArrayLeaf).leaves;
  return first?.dtype === "f64" ? "f64" : "f32";
}

/** Applies f to corresponding leaves of trees, and sorts what it returns under each key into a tree. */
export function mapLeaves<K extends string>(
  f: (...leaves: never[]) => Readonly<Record<K, Tensor>>,
  tree: unknown,
  ...others: readonly unknown[]
): Record<K, State> {
  const results: Record<K, Tensor>[] = [];
  const { structure } = flatten(tree, isArrayLeaf);
  mapTree((...leaves) => results.push(f(...leaves)), tree, ...others);
  const keys = Object.keys(results[0] ?? {}) as K[];
  return Object.fromEntries(
    keys.map((key) => [
      key,
      unflatten(
        structure,
        results.map((r) => r[key]),
      ),
    ]),
  ) as Record<K, State>;
}
