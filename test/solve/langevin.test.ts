/** Second-order mechanics by splitting: damped, driven and shaken oscillators, whose law is known at every time. */
import { expect, test } from "vitest";
import { array, type NdArray, ndarray, randomStream, toNumbers } from "../../src/array/index.ts";
import { type Mechanics, marchPhase } from "../../src/solve/index.ts";
import { constant, grad, jit, type Tensor } from "../../src/tensor/index.ts";

const [omega, gamma] = [1.7, 0.6];
const wide = Math.sqrt(omega ** 2 - gamma ** 2 / 4);
const spring = (friction: number, noise = 0): Mechanics => ({ acceleration: (_, x) => x.mul(-(omega ** 2)), friction, noise });

/** Response of place and velocity to a unit kick, a time ago. */
const kick = (t: number) => Math.exp((-gamma * t) / 2) * (Math.sin(wide * t) / wide);
const kickVelocity = (t: number) => Math.exp((-gamma * t) / 2) * (Math.cos(wide * t) - (gamma / (2 * wide)) * Math.sin(wide * t));

const even = (end: number, steps: number): NdArray =>
  array(
    Array.from({ length: steps + 1 }, (_, i) => (end * i) / steps),
    "f64",
  );

/** x and v at the last time. */
async function last(system: Mechanics, x: NdArray, v: NdArray, times: NdArray, z?: NdArray): Promise<number[][]> {
  const run = jit((at: { x: Tensor; v: Tensor; times: Tensor; z?: Tensor }) => {
    const path = marchPhase(system, at, at.times, at.z);
    return { x: path.x.slice(-1), v: path.v.slice(-1) };
  });
  const end = await run({ x, v, times, ...(z && { z }) });
  return [toNumbers(end.x), toNumbers(end.v)];
}

test("a damped oscillator is solved with order two, and without friction the way back is the way there", async () => {
  const [x0, v0] = [array([[1.2]], "f64"), array([[-0.4]], "f64")];
  const end = 3;
  const exact = 1.2 * (kickVelocity(end) + gamma * kick(end)) - 0.4 * kick(end);
  const errors = [];
  for (const steps of [20, 80]) errors.push(Math.abs((await last(spring(gamma), x0, v0, even(end, steps)))[0][0] - exact));
  expect(Math.abs(Math.log2(errors[0] / errors[1]) / 2 - 2)).toBeLessThan(0.1);
  const [x, v] = await last(spring(0), x0, v0, even(end, 20));
  const back = await last(spring(0), array([x], "f64"), array([v], "f64"), array([...toNumbers(even(end, 20))].reverse(), "f64"));
  expect(back[0][0]).toBeCloseTo(1.2, 12);
  expect(back[1][0]).toBeCloseTo(-0.4, 12);
});

test("noise gives the covariance of Chandrasekhar's oscillator, and friction alone an Ornstein–Uhlenbeck velocity", async () => {
  const [n, steps, end, sigma] = [4000, 60, 2.5, 0.8];
  const zero = ndarray(new Float64Array(n), [n, 1], "f64");
  const z = randomStream(3).normal([steps, n, 1], "f64");
  const [x, v] = await last(spring(gamma, sigma), zero, zero, even(end, steps), z);
  const stationary = sigma ** 2 / (2 * gamma * omega ** 2);
  const s = Math.sin(wide * end);
  const decay = Math.exp(-gamma * end);
  const varX = stationary * (1 - decay * (1 + (gamma / (2 * wide)) * Math.sin(2 * wide * end) + (gamma ** 2 / (2 * wide ** 2)) * s ** 2));
  // ∫ g g' = g² / 2
  const covariance = (sigma ** 2 * kick(end) ** 2) / 2;
  const mean = (f: (i: number) => number): number => x.reduce((a, _, i) => a + f(i), 0) / n;
  // four standard errors of a second moment, and 1 % for the steps
  expect(Math.abs(mean((i) => x[i] ** 2) / varX - 1)).toBeLessThan(4 * Math.sqrt(2 / n) + 0.01);
  const spread = Math.sqrt(mean((i) => (x[i] * v[i]) ** 2) / n);
  expect(Math.abs(mean((i) => x[i] * v[i]) - covariance)).toBeLessThan(4 * spread + 0.01 * covariance);
  const free: Mechanics = { acceleration: (_, y) => y.mul(0), friction: gamma, noise: sigma };
  const [, w] = await last(free, zero, zero, even(end, 5), first(z, 5, n));
  // exact for steps of any length
  const varV = (sigma ** 2 / (2 * gamma)) * (1 - Math.exp(-2 * gamma * end));
  expect(Math.abs(w.reduce((a, b) => a + b * b, 0) / n / varV - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
});

const first = (z: NdArray, steps: number, n: number): NdArray =>
  ndarray((z.data as Float64Array).slice(0, steps * n), [steps, n, 1], "f64");

test("no friction and very little of it are the same, in the noise too", async () => {
  const [n, steps] = [5, 8];
  const zero = ndarray(new Float64Array(n), [n, 1], "f64");
  const z = randomStream(5).normal([steps, n, 1], "f64");
  const ends: number[][] = [];
  for (const friction of [0, 1e-7]) ends.push((await last(spring(friction, 1), zero, zero, even(1, steps), z))[0]);
  ends[0].forEach((x, i) => void expect(x).toBeCloseTo(ends[1][i], 6));
});

test("gradients through the solver are those of finite differences, of forces, friction, noise and where particles begin", async () => {
  const rng = randomStream(2);
  const z = rng.normal([12, 4, 2], "f64");
  const loss = (p: Tensor, start: Tensor): Tensor => {
    const system: Mechanics = {
      acceleration: (t, x) => x.mul(p.slice(0).neg()).add(x.square().mul(p.slice(1)).mul(t)),
      friction: p.slice(2),
      noise: 0.3,
    };
    const at = { x: start.slice(0), v: start.slice(1) };
    const { x, v } = marchPhase(system, at, constant(even(1.5, 12)), constant(z));
    return x.square().mul(v).sum().add(v.sin().sum());
  };
  const [p, start] = [array([1.3, 0.2, 0.7], "f64"), rng.normal([2, 4, 2], "f64")];
  const value = jit(loss);
  const [dp, ds] = await jit((a: Tensor, b: Tensor) => [grad((q: Tensor) => loss(q, b))(a), grad((q: Tensor) => loss(a, q))(b)])(p, start);
  const h = 1e-5;
  const moved = (a: NdArray, i: number, by: number): NdArray => {
    const data = (a.data as Float64Array<ArrayBuffer>).slice();
    data[i] += by;
    return { ...a, data };
  };
  for (let i = 0; i < 3; i++) {
    const slope = (toNumbers(await value(moved(p, i, h), start))[0] - toNumbers(await value(moved(p, i, -h), start))[0]) / (2 * h);
    expect(toNumbers(dp)[i]).toBeCloseTo(slope, 6);
  }
  for (const i of [0, 5, 9, 15]) {
    const slope = (toNumbers(await value(p, moved(start, i, h)))[0] - toNumbers(await value(p, moved(start, i, -h)))[0]) / (2 * h);
    expect(toNumbers(ds)[i]).toBeCloseTo(slope, 6);
  }
});
