/** Training a critic: some steps of Adam on some rows, and of all states on the way the one that is best on others. */
import { type NdArray, ndarray, type Random } from "../../../array/index.ts";
import type { Mlp } from "../../../nn/index.ts";
import {
  adam,
  applyUpdates,
  chain,
  clipByGlobalNorm,
  cosine,
  flat,
  type GuardState,
  type State,
  skipNonFinite,
} from "../../../optim/index.ts";
import { jit, type Tensor, valueAndGrad } from "../../../tensor/index.ts";

/** How long and with what. */
export interface Budget {
  readonly width: number;
  readonly steps: number;
  readonly batch: number;
  readonly learningRate: number;
}

/** Rows of x and z, as networks see them. */
export interface Rows {
  readonly x: NdArray<"f32">;
  readonly z: NdArray<"f32">;
}

/** Networks by name: what is trained. */
export type Networks<T = Tensor> = Readonly<Record<string, Mlp<T>>>;

/** A loss of a batch; and the running mean of e^T that MINE divides by, which others pass on. */
export type Objective = (params: Networks, x: Tensor, z: Tensor, running: Tensor) => { readonly loss: Tensor; readonly running: Tensor };

/** Rows of an array, by number. */
function gather(a: NdArray<"f32">, rows: ArrayLike<number>): NdArray<"f32"> {
  const d = a.shape[1];
  const data = new Float32Array(rows.length * d);
  for (let r = 0; r < rows.length; r++) data.set(a.data.subarray(rows[r] * d, (rows[r] + 1) * d), r * d);
  return ndarray(data, [rows.length, d], "f32");
}

export const rowsOf = ({ x, z }: Rows, rows: ArrayLike<number>): Rows => ({ x: gather(x, rows), z: gather(z, rows) });

/** Looks at the validation part between steps. */
const looks = 12;

/** Epochs as one stream of batches: every row once before any twice. */
function* batches(n: number, size: number, rng: Random): Generator<Int32Array> {
  for (let epoch = 0; ; epoch++) {
    const order = rng.fold(epoch).permutation(n).data;
    for (let at = 0; at + size <= n; at += size) yield order.slice(at, at + size);
  }
}

/**
 * Adam with a cosine schedule and clipped gradients, on the training rows; the state with the highest value on the validation rows is
 * the result. Neither has seen the rows that the bound is evaluated on.
 *
 * @param value  of validation rows: larger is better
 * @param step   called after every step; true stops
 */
export async function train(
  first: Networks<NdArray>,
  objective: Objective,
  value: (params: Networks<NdArray>, rows: Rows) => Promise<number>,
  { training, validation }: { readonly training: Rows; readonly validation: Rows },
  { steps, batch, learningRate }: Budget,
  rng: Random,
  step: () => boolean = () => false,
): Promise<{ readonly params: Networks<NdArray>; readonly validated: number }> {
  const rule = skipNonFinite(flat(chain(clipByGlobalNorm(5), adam(cosine(learningRate, steps)))));
  const program = jit((params: Networks, state: GuardState<State>, x: Tensor, z: Tensor, running: Tensor) => {
    // the running mean is no part of what is differentiated: it comes out of the same trace
    let next = running;
    const loss = (p: Networks): Tensor => {
      const found = objective(p, x, z, running);
      next = found.running;
      return found.loss;
    };
    const [, grads] = valueAndGrad(loss)(params);
    // gradients are a tree like the parameters, which the type of valueAndGrad forgets
    const { updates, state: after } = rule.update(grads as Networks, state, params);
    return { params: applyUpdates(params, updates), state: after, running: next };
  });
  let now = { params: first, state: rule.init(first), running: scalarZero };
  let best = { params: first, validated: await value(first, validation) };
  const order = batches(training.x.shape[0], Math.min(batch, training.x.shape[0]), rng);
  for (let s = 1; s <= steps; s++) {
    const { x, z } = rowsOf(training, order.next().value ?? []);
    now = await program(now.params, now.state, x, z, now.running);
    if (s % Math.ceil(steps / looks) === 0 || s === steps) {
      const validated = await value(now.params, validation);
      if (validated > best.validated || Number.isNaN(best.validated)) best = { params: now.params, validated };
    }
    if (step()) break;
  }
  return best;
}

const scalarZero: NdArray = ndarray(Float32Array.of(0), [], "f32");
