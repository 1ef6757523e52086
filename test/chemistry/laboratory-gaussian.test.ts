/** Flows that stay Gaussian, against the closed forms and their own differential equations. */
import { expect, test } from "vitest";
import { array, toNumbers } from "../../src/array/index.ts";
import {
  type Gaussian,
  gaussianDissipation,
  gaussianDistance,
  gaussianEnergy,
  gaussianFidelity,
  gaussianFlow,
  groundGaussian,
  reweighted,
  type Trap,
  transported,
} from "../../src/chemistry/laboratory/gaussian.ts";
import { adaptiveSteps, integrate } from "../../src/solve/index.ts";
import { jit, type Tensor } from "../../src/tensor/index.ts";

const W = { transport: 1, reweighting: 0 };
const FR = { transport: 0, reweighting: 1 };
const WFR = { transport: 1, reweighting: 1 };

/** ω, start, t, and (s, m) under W, FR, WFR: computed to nine digits by an independent program. */
const table: readonly (readonly [number, Gaussian, number, readonly (readonly [number, number])[]])[] = [
  [
    ...([1, { variance: 2, mean: 1 }, 0.5] as const),
    [
      [0.87034896, 0.60653066],
      [1.072125327, 0.489748974],
      [0.649836995, 0.353394082],
    ],
  ],
  [
    ...([1, { variance: 0.1, mean: 1 }, 0.5] as const),
    [
      [0.466389893, 0.60653066],
      [0.212071288, 0.924269461],
      [0.4773779, 0.50042539],
    ],
  ],
  [
    ...([0.5, { variance: 0.3, mean: -2 }, 1] as const),
    [
      [0.815616153, -1.557601566],
      [0.507620912, -1.80636361],
      [0.872849554, -1.313691258],
    ],
  ],
];

test.each(table)("ω = %d from %o for %d: closed forms and equations give the table", async (omega, start, t, expected) => {
  const trap = { omega, dimension: 3 };
  const flows = await Promise.all([W, FR, WFR].map(async (weights) => (await gaussianFlow(trap, start, [0, t / 3, t], weights))[2]));
  [transported(trap, start, t), reweighted(trap, start, t), flows[2]].forEach(({ variance, mean }, i) => {
    expect(variance).toBeCloseTo(expected[i][0], 8);
    expect(mean).toBeCloseTo(expected[i][1], 8);
    // rtol 1e-11 a step
    expect(flows[i].variance).toBeCloseTo(variance, 9);
    expect(flows[i].mean).toBeCloseTo(mean, 9);
  });
});

test("general weights: twice the weights is twice the time, and the ground state rests", async () => {
  const trap: Trap = { omega: 0.7, dimension: 2 };
  const start = { variance: 3, mean: -1 };
  const [slow, fast] = await Promise.all([
    gaussianFlow(trap, start, [0, 1], { transport: 0.3, reweighting: 0.8 }),
    gaussianFlow(trap, start, [0, 0.5], { transport: 0.6, reweighting: 1.6 }),
  ]);
  expect(fast[1].variance).toBeCloseTo(slow[1].variance, 9);
  expect(fast[1].mean).toBeCloseTo(slow[1].mean, 9);
  for (const flow of [transported, reweighted]) {
    const { mean, variance } = flow(trap, groundGaussian(trap), 5);
    expect(mean).toBe(0);
    expect(variance).toBeCloseTo(1 / 1.4, 14);
  }
  expect(gaussianEnergy(trap, groundGaussian(trap))).toBeCloseTo(0.7, 12);
  expect([gaussianDistance(trap, groundGaussian(trap)), gaussianFidelity(trap, groundGaussian(trap))]).toEqual([0, 1]);
});

test.each([1, 2, 5])("in %d dimensions the energy falls by Var E_loc under FR, by E|∇E_loc|² under W", (dimension) => {
  const trap = { omega: 0.8, dimension };
  const start = { variance: 1.7, mean: 0.6 };
  const [t, h] = [0.3, 1e-4];
  for (const [flow, name] of [
    [reweighted, "variance"],
    [transported, "squaredGradient"],
  ] as const) {
    const [before, at, after] = [t - h, t, t + h].map((time) => flow(trap, start, time));
    const slope = (gaussianEnergy(trap, after) - gaussianEnergy(trap, before)) / (2 * h);
    // central differences: h² E''' / 6 < 1e-8 · 100
    expect(slope).toBeCloseTo(-gaussianDissipation(trap, at)[name], 5);
  }
});

test("particles that follow -∂E_loc of W keep their places in the Gaussian", async () => {
  const trap = { omega: 1.3, dimension: 1 };
  const [start, end] = [{ variance: 0.9, mean: 0.5 }, 0.4];
  // with the moments beside them: x' = -ω² x + (x - m)/(4s²)
  const squared = trap.omega ** 2;
  const places = [-2, -0.3, 0.5, 1.9];
  const field = (t: Tensor, x: Tensor): Tensor => {
    const decay = t.mul(-squared).exp();
    const s2 = decay
      .square()
      .square()
      .mul(start.variance ** 2 - 1 / (4 * squared))
      .add(1 / (4 * squared));
    return x.mul(-squared).add(x.sub(decay.mul(start.mean)).div(s2.mul(4)));
  };
  const run = jit((x: Tensor, t: Tensor) => integrate(field, x, t, { control: adaptiveSteps({ rtol: 1e-10, atol: 1e-10 }) }).states);
  const found = toNumbers(await run(array(places, "f64", [4, 1]), array([0, end], "f64")));
  const after = transported(trap, start, end);
  places.forEach((x, i) => expect(found[i]).toBeCloseTo(after.mean + Math.sqrt(after.variance / start.variance) * (x - start.mean), 7));
});
