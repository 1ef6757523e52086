/** The examples of docs/optimizers.md; and what the guide says about layers and gradients that carry nothing. */
import { expect, test } from "vitest";
import { type NdArray, randomStream, toNumbers } from "../../src/array/index.ts";
import {
  applyUpdates,
  ifShampoo,
  ingd,
  makeOptimizer,
  type State,
  singd,
  stateSize,
  training,
  warmUpCosine,
  withCurvature,
} from "../../src/optim/index.ts";
import { jit, stopGradient, type Tensor } from "../../src/tensor/index.ts";

interface Params<T = Tensor> {
  readonly a: { readonly w: T; readonly b: T };
  readonly c: { readonly w: T };
}

const rng = randomStream("guide");
const start: Params<NdArray> = { a: { w: rng.normal([3, 8]), b: rng.normal([8]) }, c: { w: rng.normal([8, 1]) } };
const [x, y] = [rng.normal([128, 3]), rng.normal([128, 1])];
const loss = (p: Params, x: Tensor, y: Tensor): Tensor => x.matmul(p.a.w).add(p.a.b).tanh().matmul(p.c.w).sub(y).square().mean();

test("five lines train a user's own loss", async () => {
  const run = training(loss, singd(4e-3));
  let [params, state] = [start, run.init(start, x, y)];
  const first = await run.step(params, state, x, y);
  for (let i = 0; i < 100; i++) ({ params, state } = await run.step(params, state, x, y));
  expect((await run.step(params, state, x, y)).value).toBeLessThan(0.5 * first.value);
});

test("the same without training()", async () => {
  const optimizer = ifShampoo(warmUpCosine(0.1, 5, 100));
  const step = jit((params: Params, state: State, x: Tensor, y: Tensor) => {
    const [value, grads, curvature] = withCurvature(loss)(params, x, y);
    const { updates, state: next } = optimizer.update(grads, state, params, { curvature, batchSize: 128 });
    return { params: applyUpdates(params, updates), state: next, value };
  });
  let [params, state] = [start, optimizer.init(start)];
  const values: number[] = [];
  for (let i = 0; i < 100; i++) {
    const next = await step(params, state, x, y);
    [params, state] = [next.params, next.state as State<NdArray>];
    values.push(toNumbers(next.value)[0]);
  }
  expect(values[99]).toBeLessThan(0.5 * values[0]);
});

test("a frozen layer, inputs of low rank and no damping leave everything finite", async () => {
  const frozen = (p: Params, x: Tensor, y: Tensor): Tensor => loss({ a: stopGradient(p.a), c: p.c }, x, y);
  // The third column repeats the first: AᵀA is singular.
  const flat = { ...x, data: x.data.map((v, i) => (i % 3 === 2 ? x.data[i - 2] : v)) } as NdArray;
  for (const optimizer of [
    ingd(1e-3, { damping: 0, weightDecay: 0 }),
    makeOptimizer("if-shampoo", { lr: 1e-3, damping: 0, weightDecay: 0 }),
  ]) {
    const run = training(frozen, optimizer);
    let [params, state] = [start, run.init(start, flat, y)];
    for (let i = 0; i < 50; i++) ({ params, state } = await run.step(params, state, flat, y));
    expect(toNumbers(params.a.w)).toEqual(toNumbers(start.a.w));
    expect(toNumbers(params.c.w).every(Number.isFinite)).toBe(true);
    expect(toNumbers(params.c.w)).not.toEqual(toNumbers(start.c.w));
    expect(stateSize(state).bytes).toBeGreaterThan(0);
  }
});

test("a loss that explodes ends in a message, with the parameters as they were", async () => {
  const wild = (p: Params, x: Tensor, y: Tensor): Tensor => loss(p, x, y).mul(1e30).square();
  const run = training(wild, makeOptimizer("sgd", { lr: 1 }), { patience: 3 });
  let [params, state] = [start, run.init(start, x, y)];
  const go = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) ({ params, state } = await run.step(params, state, x, y));
  };
  await expect(go()).rejects.toThrow(/the gradient was not finite in 3 steps in a row/);
  expect(toNumbers(params.a.w).every(Number.isFinite)).toBe(true);
});
