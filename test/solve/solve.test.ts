import { expect, test } from "vitest";
import { array, type NdArray, toNumbers } from "../../src/array/index.ts";
import { type FixedMethod, solveAdaptive, solveFixed } from "../../src/solve/index.ts";
import { jit, type Tensor } from "../../src/tensor/index.ts";

/** dx/dt = (cos t) x has the solution x(t) = x₀ e^{sin t - sin t₀}. */
const field = (t: Tensor, x: Tensor): Tensor => x.mul(t.cos());
const x0: NdArray = array([[1], [2]], "f64");
const at = (t: number): number[] => [1, 2].map((x) => x * Math.exp(Math.sin(t)));
const worst = (states: NdArray, times: readonly number[]): number =>
  Math.max(...toNumbers(states).map((y, i) => Math.abs(y - at(times[i >> 1])[i & 1])));

test.each([
  ["euler", 1],
  ["heun", 2],
  ["rk4", 4],
] as [FixedMethod, number][])("%s converges with order %i", async (method, order) => {
  const errors: number[] = [];
  for (const steps of [16, 32]) {
    const run = jit((x: Tensor, t: Tensor) => solveFixed(field, x, t, { method, steps }));
    errors.push(worst(await run(x0, array([0, 1, 2], "f64")), [1, 2]));
  }
  expect(Math.log2(errors[0] / errors[1])).toBeGreaterThan(order - 0.3);
  expect(Math.log2(errors[0] / errors[1])).toBeLessThan(order + 0.5);
});

test("Dormand–Prince keeps its tolerance between its steps too, forwards and backwards", async () => {
  const run = jit((x: Tensor, t: Tensor) => solveAdaptive(field, x, t, { rtol: 1e-8, atol: 1e-8 }));
  const times = Array.from({ length: 41 }, (_, i) => i * 0.1);
  const forward = await run(x0, array(times, "f64"));
  expect(worst(forward.states, times.slice(1))).toBeLessThan(3e-7);
  expect(toNumbers(forward.accepted)[0]).toBeLessThan(40);
  const end = { ...x0, data: forward.states.data.slice(-2) } as NdArray;
  const back = await run(end, array([...times].reverse(), "f64"));
  expect(worst(back.states, [...times].reverse().slice(1))).toBeLessThan(1e-6);
});

test("Dormand–Prince's work grows like the fifth root of the accuracy asked for", async () => {
  const count = async (tolerance: number): Promise<number> => {
    const run = jit((x: Tensor, t: Tensor) => solveAdaptive(field, x, t, { rtol: tolerance, atol: tolerance }).accepted);
    return toNumbers(await run(x0, array([0, 20], "f64")))[0];
  };
  const ratio = (await count(1e-10)) / (await count(1e-5));
  expect(ratio).toBeGreaterThan(5);
  expect(ratio).toBeLessThan(20);
});

test("an integration that cannot finish in its steps is NaN where it did not arrive", async () => {
  const run = jit((x: Tensor, t: Tensor) => solveAdaptive(field, x, t, { maxSteps: 5 }).states);
  const states = toNumbers(await run(x0, array([0, 0.001, 50], "f64")));
  expect(states.slice(0, 2).every(Number.isFinite)).toBe(true);
  expect(states.slice(2).every(Number.isNaN)).toBe(true);
});
