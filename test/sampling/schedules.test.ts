/** Schedules of annealing paths. */
import { expect, test } from "vitest";
import { adaptiveSchedule, linearSchedule, powerSchedule, sigmoidSchedule } from "../../src/sampling/index.ts";

test("linear, power and sigmoid schedules have their formulas", () => {
  expect([...linearSchedule(4)]).toEqual([0, 0.25, 0.5, 0.75, 1]);
  expect([...powerSchedule(2, 3)]).toEqual([0, 0.125, 1]);
  const sigmoid = [0, 0.1049935854, 0.5, 0.8950064146, 1];
  sigmoidSchedule(4, 4).forEach((beta, t) => void expect(beta).toBeCloseTo(sigmoid[t], 10));
  expect([...sigmoidSchedule(1, 40)]).toEqual([0, 1]);
  // as the radius goes to 0 the schedule becomes linear
  sigmoidSchedule(8, 1e-4).forEach((beta, t) => void expect(beta).toBeCloseTo(t / 8, 8));
  for (const wrong of [0, -1, 1.5, Number.NaN]) expect(() => linearSchedule(wrong)).toThrow(/not a number of increments/);
});

/** V(β) of a linear-Gaussian model, averaged over x, for eigenvalues λ of WᵀW/σ². */
const fluctuations = (lambdas: readonly number[]) => (beta: number) =>
  lambdas.reduce((sum, l) => {
    const v = 1 / (1 + beta * l);
    return sum + (l * l * v * v) / 2 + (l * l + l) * v ** 3;
  }, 0);

const grid = [0, ...Array.from({ length: 1500 }, (_, i) => 1e-8 ** (1 - i / 1499))];

/** ∫₀¹ √V dβ by the trapezoid rule in log β (the integrand is smooth there). */
function lengthOf(V: (beta: number) => number): number {
  const n = 200_000;
  const h = Math.log(1e14) / n;
  let sum = 0;
  for (let i = 0; i <= n; i++) {
    const beta = Math.exp(-i * h);
    sum += (i === 0 || i === n ? 0.5 : 1) * beta * Math.sqrt(V(beta)) * h;
  }
  return sum + 1e-14 * Math.sqrt(V(0));
}

test("the adaptive schedule has constant thermodynamic speed, and the length of the path", () => {
  const V = fluctuations([9, 400, 3]);
  const { betas, length, gap } = adaptiveSchedule({ betas: grid, variances: grid.map(V) }, 200, { exact: true });
  const exact = lengthOf(V);
  expect(Math.abs(length / exact - 1)).toBeLessThan(1e-3); // trapezoids of a grid of ratio e^0.012
  expect(gap).toBeCloseTo(length ** 2 / 200, 12);
  expect([betas[0], betas[200]]).toEqual([0, 1]);
  // the floor on the speed adds at most 2 % of the largest β √V a unit of log β, over 8 decades
  const floor = (0.02 * Math.max(...grid.map((b) => b * Math.sqrt(V(b)))) * Math.log(1e8)) / exact;
  for (let t = 1; t <= 200; t++) {
    expect(betas[t]).toBeGreaterThan(betas[t - 1]);
    // one step travels Λ / T, by Simpson's rule
    const [a, b] = [betas[t - 1], betas[t]];
    const way = ((b - a) / 6) * (Math.sqrt(V(a)) + 4 * Math.sqrt(V((a + b) / 2)) + Math.sqrt(V(b)));
    if (a * Math.sqrt(V(a)) > 0.5) expect(Math.abs((way * 200) / exact - 1)).toBeLessThan(floor + 0.005);
  }
});

test("its bounds are closer than those of any sigmoid", () => {
  const V = fluctuations([1e3, 2e3, 5e2, 9e2]);
  const gap = (betas: Float64Array) => betas.slice(1).reduce((sum, b, i) => sum + (b - betas[i]) ** 2 * V((b + betas[i]) / 2), 0);
  const { betas } = adaptiveSchedule({ betas: grid, variances: grid.map(V) }, 100);
  for (const radius of [1, 4, 8, 12]) expect(gap(betas)).toBeLessThan(gap(sigmoidSchedule(100, radius)));
});

test("a pilot that saw nothing gives the linear schedule; a few noisy temperatures still give one that rises", () => {
  expect([...adaptiveSchedule({ betas: [0, 0.5, 1], variances: [0, 0, 0] }, 4).betas]).toEqual([0, 0.25, 0.5, 0.75, 1]);
  const { betas } = adaptiveSchedule({ betas: [0, 0.1, 0.5, 1], variances: [Number.NaN, 1e6, 0, 1e-6] }, 1000);
  for (let t = 1; t < betas.length; t++) expect(betas[t]).toBeGreaterThan(betas[t - 1]);
});
