/** Ordinary differential equations: orders of convergence, tolerances, and times in between. */
import { expect, test } from "vitest";
import { array, type NdArray, toNumbers } from "../../src/array/index.ts";
import {
  adaptiveSteps,
  bogackiShampine,
  type Control,
  constantSteps,
  dormandPrince,
  euler,
  heun,
  integrate,
  midpoint,
  rungeKutta4,
  type Tableau,
} from "../../src/solve/index.ts";
import { jit, type Tensor } from "../../src/tensor/index.ts";

/** dx/dt = (cos t) x has the solution x(t) = x₀ e^{sin t - sin t₀}. */
const field = (t: Tensor, x: Tensor): Tensor => x.mul(t.cos());
const x0: NdArray = array([[1], [2]], "f64");
const at = (t: number): number[] => [1, 2].map((x) => x * Math.exp(Math.sin(t)));
const worst = (states: NdArray, times: readonly number[]): number =>
  Math.max(...toNumbers(states).map((y, i) => Math.abs(y - at(times[i >> 1])[i & 1])));
const solved = (times: readonly number[], solver: Tableau, control: Control) =>
  jit((x: Tensor, t: Tensor) => integrate(field, x, t, { solver, control }))(x0, array([...times], "f64"));

const tableaus: Record<string, Tableau> = { euler, midpoint, heun, bogackiShampine, rungeKutta4, dormandPrince };
const embedded: Record<string, Tableau> = { heun, bogackiShampine, dormandPrince };

test.each(Object.keys(tableaus))("%s converges with its order", async (name) => {
  const solver = tableaus[name];
  const errors: number[] = [];
  for (const steps of [16, 32]) errors.push(worst((await solved([0, 1, 2], solver, constantSteps(steps))).states, [1, 2]));
  const order = Math.log2(errors[0] / errors[1]);
  expect(order).toBeGreaterThan(solver.order - 0.3);
  expect(order).toBeLessThan(solver.order + 0.5);
});

test.each(Object.keys(tableaus))("%s is consistent: weights add up to one, rows of stages to nodes, errors to zero", (name) => {
  const { nodes, stages, weights, denominator = 1, error = [] } = tableaus[name];
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  expect(sum(weights) / denominator).toBeCloseTo(1, 14);
  expect(sum(error)).toBeCloseTo(0, 14);
  stages.forEach((row, i) => void expect(sum(row)).toBeCloseTo(nodes[i], 13));
});

test("evaluations count the slopes that were taken", async () => {
  const { evaluations, accepted } = await solved([0, 1, 2], rungeKutta4, constantSteps(5));
  expect([evaluations, accepted].map((v) => toNumbers(v)[0])).toEqual([40, 10]);
});

test("Dormand–Prince keeps its tolerance between its steps too, forwards and backwards", async () => {
  const control = adaptiveSteps({ rtol: 1e-8, atol: 1e-8 });
  const times = Array.from({ length: 41 }, (_, i) => i * 0.1);
  const forward = await solved(times, dormandPrince, control);
  expect(worst(forward.states, times.slice(1))).toBeLessThan(3e-7);
  expect(toNumbers(forward.accepted)[0]).toBeLessThan(40);
  const end = { ...x0, data: forward.states.data.slice(-2) } as NdArray;
  const run = jit((x: Tensor, t: Tensor) => integrate(field, x, t, { control }));
  const back = await run(end, array([...times].reverse(), "f64"));
  expect(worst(back.states, [...times].reverse().slice(1))).toBeLessThan(1e-6);
});

test.each(Object.keys(embedded))("%s: work grows like the power of the accuracy asked for that its error has", async (name) => {
  const solver = embedded[name];
  const [loose, tight] = solver.order > 3 ? [1e-5, 1e-10] : [1e-3, 1e-6];
  const count = async (tolerance: number): Promise<number> =>
    toNumbers((await solved([0, 20], solver, adaptiveSteps({ rtol: tolerance, atol: tolerance }))).accepted)[0];
  const ratio = (await count(tight)) / (await count(loose));
  const expected = (loose / tight) ** (1 / solver.order);
  expect(ratio).toBeGreaterThan(expected / 2);
  expect(ratio).toBeLessThan(2 * expected);
});

/** Prothero and Robinson's equation, dx/dt = -λ (x - cos t) - sin t: the solution cos t draws everything to it with rate λ. */
const stiff =
  (rate: number) =>
  (t: Tensor, x: Tensor): Tensor =>
    x.sub(t.cos()).mul(-rate).sub(t.sin());

test.each([
  ["I", { integral: 1, proportional: 0 }],
  ["PI", { integral: 0.4, proportional: 0.3 }],
] as const)("%s control keeps its tolerance on a rather stiff equation, for every embedded method", async (_, gains) => {
  const times = Array.from({ length: 11 }, (_v, k) => k / 2);
  for (const solver of Object.values(embedded)) {
    const control = adaptiveSteps({ rtol: 1e-6, atol: 1e-6, ...gains });
    const run = jit((x: Tensor, t: Tensor) => integrate(stiff(100), x, t, { solver, control }));
    const { states } = await run(array([[1]], "f64"), array(times, "f64"));
    // errors of steps die out with rate λ: what is left is of the order of one step's
    toNumbers(states).forEach((x, k) => void expect(Math.abs(x - Math.cos(times[k + 1]))).toBeLessThan(1e-5));
  }
});

test("PI control rejects fewer steps than I control where stability bounds them", async () => {
  const rejected = async (integral: number, proportional: number): Promise<number> => {
    const control = adaptiveSteps({ rtol: 1e-4, atol: 1e-4, integral, proportional });
    const run = jit((x: Tensor, t: Tensor) => integrate(stiff(1000), x, t, { control }).rejected);
    return toNumbers(await run(array([[1]], "f64"), array([0, 5], "f64")))[0];
  };
  expect(await rejected(0.4, 0.3)).toBeLessThan((await rejected(1, 0)) / 2);
});

test("an integration that cannot finish in its steps is NaN where it did not arrive", async () => {
  const { states } = await solved([0, 0.001, 50], dormandPrince, adaptiveSteps({ maxSteps: 5 }));
  const values = toNumbers(states);
  expect(values.slice(0, 2).every(Number.isFinite)).toBe(true);
  expect(values.slice(2).every(Number.isNaN)).toBe(true);
});

test("steps by their error need an embedded method", async () => {
  await expect(solved([0, 1], rungeKutta4, adaptiveSteps())).rejects.toThrow(/embedded method/);
});

test("states saved on the way are those of integrations that stop there", async () => {
  const times = [0, 0.3, 1.1, 2];
  const stopped = async (solver: Tableau, control: Control, end: number): Promise<number[]> => {
    const run = jit((x: Tensor, t: Tensor) => integrate(field, x, t, { solver, control, save: "end" }).states);
    return toNumbers(await run(x0, array(times.slice(0, end + 1), "f64")));
  };
  for (const solver of [euler, midpoint, rungeKutta4]) {
    const saved = toNumbers((await solved(times, solver, constantSteps(6))).states);
    for (const k of [1, 2, 3]) expect(saved.slice(2 * k - 2, 2 * k)).toEqual(await stopped(solver, constantSteps(6), k));
  }
  for (const solver of Object.values(embedded)) {
    // by interpolation between steps, within the error that is asked for
    const control = adaptiveSteps({ rtol: 1e-7, atol: 1e-7 });
    const saved = toNumbers((await solved(times, solver, control)).states);
    for (const k of [1, 2, 3])
      (await stopped(solver, control, k)).forEach((x, i) => void expect(Math.abs(saved[2 * k - 2 + i] - x)).toBeLessThan(3e-6));
  }
});
