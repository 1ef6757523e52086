/** Runs an optimizer on given gradients, or on the gradient of a function, and keeps what it does. */
import { expect } from "vitest";
import { type NdArray, toNumbers } from "../../src/array/index.ts";
import { applyUpdates, type Optimizer, type State } from "../../src/optim/index.ts";
import { grad, jit, type Tensor } from "../../src/tensor/index.ts";

export interface Trace {
  readonly w: NdArray;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into states by path.
  readonly state: any;
  readonly u: NdArray;
}

/** A state as tests look into it, by path. */
// biome-ignore lint/suspicious/noExplicitAny: the layout of a state is the optimizer's own affair, and tests are about it.
export const inside = (state: object): any => state;

interface Whole {
  readonly w: Tensor;
}

/** Parameters w, states and updates after each of the gradients. */
export async function follow(optimizer: Optimizer, w0: NdArray, gradients: readonly NdArray[], batchSize = 1): Promise<Trace[]> {
  const step = jit((p: Whole, state: State, g: Tensor) => {
    const { updates, state: next } = optimizer.update({ w: g }, state, p, { batchSize });
    return { p: applyUpdates(p, updates), state: next, u: updates.w };
  });
  let p: { w: NdArray } = { w: w0 };
  let state = optimizer.init(p);
  const traces: Trace[] = [];
  for (const g of gradients) {
    const result = await step(p, state, g);
    p = result.p;
    state = result.state;
    traces.push({ w: p.w, state, u: result.u });
  }
  return traces;
}

/** w after n steps on the gradient of f, in one compiled step that is called n times. */
export async function descend(optimizer: Optimizer, w0: NdArray, f: (w: Tensor) => Tensor, n: number, batchSize = 1): Promise<Trace> {
  const step = jit((p: Whole, state: State) => {
    const { updates, state: next } = optimizer.update({ w: grad(f)(p.w) }, state, p, { batchSize });
    return { p: applyUpdates(p, updates), state: next, u: updates.w };
  });
  let p: { w: NdArray } = { w: w0 };
  let state = optimizer.init(p);
  let u = w0;
  for (let i = 0; i < n; i++) {
    const result = await step(p, state);
    p = result.p;
    u = result.u;
    state = result.state;
  }
  return { w: p.w, state, u };
}

export function near(actual: NdArray, expected: readonly number[] | readonly (readonly number[])[], tolerance = 1e-9): void {
  const flat = (expected as number[]).flat(3) as number[];
  const got = toNumbers(actual);
  expect(got.length).toBe(flat.length);
  got.forEach((v, i) => {
    if (!(Math.abs(v - flat[i]) <= tolerance * Math.max(1, Math.abs(flat[i]))))
      expect.fail(`element ${i}: ${v} is not ${flat[i]} within ${tolerance}`);
  });
}
