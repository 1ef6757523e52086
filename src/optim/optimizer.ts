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
import {
  allocate,
  broadcastTo,
  flatten,
  isArrayLeaf,
  mapTree,
  type NdArray,
  type Shape,
  scalar,
  type Tensor,
  unflatten,
} from "../tensor/index.ts";

/** State of an optimizer: a tree of tensors in programs, of arrays outside. Its layout is the optimizer's own affair. */
export interface State<T = Tensor> {
  readonly [part: string]: T | State<T>;
}

export interface Optimizer {
  /** First state for parameters (a tree of arrays). */
  init(params: object): State<NdArray>;
  /** Updates for gradients; trees like the parameters. */
  update<P>(grads: P, state: State, params: P): { updates: P; state: State };
}

/** An optimizer from functions that know the type of its state; `S<T>` is a tree of T. */
export const optimizer = <S, A>(
  init: (params: object) => A,
  update: <P>(grads: P, state: S, params: P) => { updates: P; state: S },
): Optimizer => ({ init, update }) as unknown as Optimizer;

/** params + updates. */
export const applyUpdates = <P>(params: P, updates: P): P => mapTree<P>((p: Tensor, u: Tensor) => p.add(u), params, updates);

/** Optimizers in sequence: the updates of each are the gradients of the next. `chain(clipByGlobalNorm(1), adam(1e-3))`. */
export function chain(...parts: readonly Optimizer[]): Optimizer {
  return {
    init: (params) => Object.fromEntries(parts.map((part, i) => [i, part.init(params)])),
    update(grads, states, params) {
      let updates = grads;
      const next = parts.map((part, i) => {
        const result = part.update(updates, states[i] as State, params);
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
export function masked(optimizer: Optimizer, mask: Mask): Optimizer {
  const pick = (tree: unknown): Record<string, unknown> => {
    const picked: Record<string, unknown> = {};
    mapTree((x: { shape: Shape }, path: string) => (mask(path, x.shape) ? (picked[path] = x) : x), tree);
    return picked;
  };
  return {
    init: (params) => optimizer.init(pick(params)),
    update<P>(grads: P, state: State, params: P) {
      const result = optimizer.update(pick(grads), state, pick(params));
      const updates = mapTree<P>(
        (g: Tensor, path: string) => result.updates[path] ?? broadcastTo(scalar(0, g.dtype), g.shape),
        grads,
      );
      return { updates, state: result.state };
    },
  };
}

/** Gradients plus decay times the parameters: with the gradient of (decay / 2) |params|². */
export const addDecayedWeights = (decay: number, mask: Mask = () => true): Optimizer =>
  stateless(<P>(grads: P, params: P) =>
    mapTree<P>((g: Tensor, p: Tensor, path: string) => (mask(path, p.shape) ? g.add(p.mul(decay)) : g), grads, params),
  );

/** Arrays of zeros like the parameters. */
export const zerosLike = (params: object): State<NdArray> =>
  mapTree<State<NdArray>>((p: NdArray) => allocate(p.dtype, p.shape), params);

/** A scalar array of the dtype of the parameters. */
export function scalarArray(value: number, params: object): NdArray {
  const a = allocate(dtypeOf(params), []);
  a.data[0] = value;
  return a;
}

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
