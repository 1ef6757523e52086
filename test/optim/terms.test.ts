/** What B counts: examples, or the tokens that a loss of texts is a mean over. */
import { expect, test } from "vitest";
import * as nd from "../../src/array/index.ts";
import { type NdArray, randomStream, toNumbers } from "../../src/array/index.ts";
import * as optim from "../../src/optim/index.ts";
import { jit, type Tensor } from "../../src/tensor/index.ts";
import { f64 } from "./matrices.ts";
import { near } from "./steps.ts";

const names = ["rf-rmsprop", "rf-adamw", "if-shampoo", "rf-shampoo"];
const params = { w: randomStream("w").normal([2, 3], "f64") };
const g = randomStream("g").normal([2, 3], "f64");

const update = async (name: string, settings: object, context: optim.StepContext): Promise<NdArray> => {
  const optimizer = optim.makeOptimizer(name, { lr: 0.1, ...settings });
  const step = jit((g: Tensor, state: optim.State) => optimizer.update({ w: g }, state, { w: g }, context).updates.w);
  return step(g, optimizer.init(params));
};

test.each(names)("%s: with a mean over tokens B is their number", async (name) => {
  const tokens = await update(name, { lossAverage: "batch+sequence" }, { batchSize: 4, terms: 24 });
  near(tokens, toNumbers(await update(name, {}, { batchSize: 24 })), 1e-14);
  expect(toNumbers(await update(name, {}, { batchSize: 4, terms: 24 }))).not.toEqual(toNumbers(tokens));
});

test.each(names)("%s: tokens that nobody counted are an error", async (name) => {
  await expect(update(name, { lossAverage: "batch+sequence" }, { batchSize: 4 })).rejects.toThrow(/number of terms in the mean/);
});

test("training hands their number on", async () => {
  const loss = (p: { w: Tensor }, x: Tensor): Tensor => x.matmul(p.w).square().mean();
  const x = randomStream("x").normal([4, 6, 2], "f64");
  const flat = { ...x, shape: [24, 2] };
  const by = { momentum: 0, weightDecay: 0 };
  const tokens = optim.training(loss, optim.rfRmsprop(0.1, { ...by, lossAverage: "batch+sequence" }), {
    terms: 24,
  });
  const rows = optim.training(loss, optim.rfRmsprop(0.1, by));
  const [a, b] = [await tokens.step(params, tokens.init(params, x), x), await rows.step(params, rows.init(params, flat), flat)];
  near(a.params.w, toNumbers(b.params.w), 1e-12);
});

test("gradient descent with decay follows the gradient of (κ/2) |w|² as well, also through its momentum", async () => {
  const options = { momentum: 0.8, weightDecay: 0.3, mask: (path: string) => path !== "b" };
  const optimizer = optim.sgd(0.1, options);
  type Two<T> = { readonly w: T; readonly b: T };
  const step = jit((p: Two<Tensor>, s: optim.SgdState, g: Two<Tensor>) => {
    const { updates, state } = optimizer.update(g, s, p);
    return { p: optim.applyUpdates(p, updates), state };
  });
  let p: Two<NdArray> = { w: f64([1]), b: f64([1]) };
  let state = optimizer.init(p);
  let [w, v, b, u] = [1, 0, 1, 0];
  for (const g of [0.3, -2, 5]) {
    ({ p, state } = await step(p, state, { w: f64([g]), b: f64([g]) }));
    v = 0.8 * v + g + 0.3 * w;
    w -= 0.1 * v;
    u = 0.8 * u + g;
    b -= 0.1 * u;
    near(p.w, [w], 1e-13);
    near(p.b, [b], 1e-13);
  }
});

test("a training in f64 that diverges stops where it stops in f32: beyond 3.4e38", async () => {
  const loss = (p: { w: Tensor }, x: Tensor): Tensor => p.w.mul(x).square().sum().mul(0.5);
  const stops = async (dtype: "f32" | "f64"): Promise<number> => {
    const run = optim.training(loss, optim.sgd(3), { patience: 3 });
    const x = nd.array([1, 2], dtype);
    let [params, state] = [{ w: nd.array([1, 1], dtype) }, run.init({ w: nd.array([1, 1], dtype) }, x)];
    for (let i = 1; i < 2000; i++)
      try {
        ({ params, state } = await run.step(params, state, x));
      } catch (error) {
        expect(String(error)).toMatch(/not finite in 3 steps in a row/);
        return i;
      }
    return Number.POSITIVE_INFINITY;
  };
  // w grows by the factor 1 - 3 · 4 = -11 a step; the gradient 4 w reaches 3.4e38 in step ⌈log(3.4e38 / 4) / log 11⌉ + 1 = 38
  const [f32, f64] = [await stops("f32"), await stops("f64")];
  expect(f64).toBe(38 + 2);
  expect(f32).toBe(f64);
});
