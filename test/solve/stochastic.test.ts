/** Stochastic differential equations: strong and weak orders on geometric Brownian motion, whose solution is known path by path. */
import { expect, test } from "vitest";
import { array, type NdArray, ndarray, randomStream, toNumbers } from "../../src/array/index.ts";
import { eulerMaruyama, integrate, type Noisy, type Scheme, stochasticHeun } from "../../src/solve/index.ts";
import { jit, type Tensor } from "../../src/tensor/index.ts";

const [mu, sigma] = [0.8, 0.6];
const paths = 4000;
const finest = 64;
/** z [1, finest, paths, 1] of steps over [0, 1]. */
const fine = randomStream(4).normal([1, finest, paths, 1], "f64");

/** The same Brownian motions in longer steps: (z_1 + … + z_r) / √r. */
function coarse(steps: number): NdArray {
  const r = finest / steps;
  const z = fine.data as Float64Array;
  const data = Float64Array.from({ length: steps * paths }, (_, e) => {
    const [k, i] = [Math.floor(e / paths), e % paths];
    let sum = 0;
    for (let j = 0; j < r; j++) sum += z[(k * r + j) * paths + i];
    return sum / Math.sqrt(r);
  });
  return ndarray(data, [1, steps, paths, 1], "f64");
}

const motion: Noisy = { drift: (_, x) => x.mul(mu), diffusion: (_, x, dW) => x.mul(sigma).mul(dW) };
/** W(1) of each path. */
const brownian = toNumbers(coarse(1));
/** dX = μ X dt + σ X dW from 1: exp((μ - σ²/2) t + σ W) for Itô, exp(μ t + σ W) for Stratonovich. */
const exact = (scheme: Scheme): number[] => brownian.map((w) => Math.exp(mu - (scheme === eulerMaruyama ? sigma ** 2 / 2 : 0) + sigma * w));

async function ends(solver: Scheme, steps: number): Promise<number[]> {
  const run = jit((x: Tensor, t: Tensor, noise: Tensor) => integrate(motion, x, t, { solver, noise, save: "end" }).states);
  const start = ndarray(new Float64Array(paths).fill(1), [paths, 1], "f64");
  return toNumbers(await run(start, array([0, 1], "f64"), coarse(steps)));
}
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

test.each([
  ["Euler–Maruyama", eulerMaruyama, 0.5],
  ["Heun", stochasticHeun, 1],
] as const)("%s converges strongly, path by path, with its order", async (_, scheme, order) => {
  const truth = exact(scheme);
  const errors: number[] = [];
  for (const steps of [8, 32]) errors.push(Math.sqrt(mean((await ends(scheme, steps)).map((x, i) => (x - truth[i]) ** 2))));
  // means over 4,000 paths: a few hundredths of the slope
  expect(Math.abs(Math.log2(errors[0] / errors[1]) / 2 - order)).toBeLessThan(0.2);
});

test("Euler–Maruyama converges weakly with order one", async () => {
  // the mean after n steps is (1 + μ / n)^n: compared with the mean of the exact paths of the same noise, most of the sampling error goes
  const truth = mean(exact(eulerMaruyama));
  const errors: number[] = [];
  for (const steps of [4, 16]) errors.push(truth - mean(await ends(eulerMaruyama, steps)));
  const expected = [4, 16].map((n) => Math.exp(mu) - (1 + mu / n) ** n);
  errors.forEach((e, i) => void expect(Math.abs(e - expected[i])).toBeLessThan(0.35 * expected[i]));
  expect(Math.abs(Math.log2(errors[0] / errors[1]) / 2 - 1)).toBeLessThan(0.3);
});

test("without noise Heun is of second order, and the noise of one interval after the other gives the same path", async () => {
  const still: Noisy = { drift: (t, x) => x.mul(t.cos()), diffusion: (_, x, dW) => x.mul(0).mul(dW) };
  const misses: number[] = [];
  for (const steps of [8, 16]) {
    const run = jit((x: Tensor, t: Tensor, noise: Tensor) => integrate(still, x, t, { solver: stochasticHeun, noise, save: "end" }).states);
    const z = ndarray(new Float64Array(steps), [1, steps, 1, 1], "f64");
    misses.push(Math.abs(toNumbers(await run(array([[1]], "f64"), array([0, 2], "f64"), z))[0] - Math.exp(Math.sin(2))));
  }
  expect(Math.abs(Math.log2(misses[0] / misses[1]) - 2)).toBeLessThan(0.4);
  const run = jit((x: Tensor, t: Tensor, noise: Tensor) => integrate(motion, x, t, { noise }).states);
  const one = array([[1]], "f64");
  const halves = ndarray(Float64Array.of(0.3, -0.2, 0.5, 0.1), [2, 2, 1, 1], "f64");
  const [middle, end] = toNumbers(await run(one, array([0, 1, 2], "f64"), halves));
  const first = ndarray(Float64Array.of(0.3, -0.2), [1, 2, 1, 1], "f64");
  const second = ndarray(Float64Array.of(0.5, 0.1), [1, 2, 1, 1], "f64");
  expect(toNumbers(await run(one, array([0, 1], "f64"), first))[0]).toBe(middle);
  expect(toNumbers(await run(array([[middle]], "f64"), array([1, 2], "f64"), second))[0]).toBe(end);
});
