/** Parts of the laboratory: banded systems, the stiff solver, energies of a line, distances on it. */
import { expect, test } from "vitest";
import { randomStream } from "../../src/array/index.ts";
import { bandedSolver } from "../../src/chemistry/laboratory/banded.ts";
import { edgesOf, lineDistance } from "../../src/chemistry/laboratory/observe.ts";
import { boundBox, hamiltonian, makeGrid, potentialOf } from "../../src/chemistry/laboratory/potential.ts";
import { rodas, rodasStep } from "../../src/chemistry/laboratory/rosenbrock.ts";
import { lineEnergies } from "../../src/chemistry/laboratory/spectrum.ts";
import { lowestStates } from "../../src/chemistry/laboratory/tridiagonal.ts";
import { UserError } from "../../src/errors.ts";

test.each([1, 2, 3, 4, 30])("a banded system of %d rows, whose pivots must be looked for", (n) => {
  const rng = randomStream(n);
  const bands = Array.from({ length: 5 }, () => Float64Array.from(rng.normal([n], "f64").data));
  bands[2].fill(1e-3); // the diagonal alone would be a bad pivot
  const x = Float64Array.from(rng.normal([n], "f64").data);
  const b = x.map((_, i) => bands.reduce((sum, band, k) => sum + (i + k - 2 >= 0 && i + k - 2 < n ? band[i] * x[i + k - 2] : 0), 0));
  const found = bandedSolver(bands)(b);
  x.forEach((value, i) => expect(found[i]).toBeCloseTo(value, 9));
});

/** y₀' = -y₀², y₁' = -λ (y₁ - y₀²): stiff for large λ, with y₀ = 1/(1 + t). */
const stiff = (lambda: number) => {
  const rate = async (y: Float64Array) => Float64Array.of(-(y[0] ** 2), -lambda * (y[1] - y[0] ** 2));
  return {
    rate,
    linearised: async (y: Float64Array) => ({
      rate: await rate(y),
      jacobian: [[], [0, 2 * lambda * y[0]], [-2 * y[0], -lambda], [0, 0], []].map((band) =>
        Float64Array.from({ length: 2 }, (_, i) => band[i] ?? 0),
      ),
    }),
    errorSize: (error: Float64Array) => Math.max(...error.map(Math.abs)) / 1e-8,
  };
};

test("the stiff solver has order 4, and steps over what has died out", async () => {
  const equation = stiff(1);
  // y₀ = 1/(1 + t); the local error falls with h⁵
  const errors = await Promise.all(
    [0.1, 0.05].map(async (h) => {
      const y = Float64Array.of(1, 0.5);
      return Math.abs((await rodasStep(equation, y, h, await equation.linearised(y))).next[0] - 1 / (1 + h));
    }),
  );
  expect(Math.log2(errors[0] / errors[1])).toBeGreaterThan(4.5);
  const { y, steps } = await rodas(stiff(1e6), Float64Array.of(1, 0), 2, 1e-6);
  expect(y[0]).toBeCloseTo(1 / 3, 6);
  // slaved: y₁ = y₀² - (y₀²)'/λ, off by 2/27 1e-6
  expect(y[1]).toBeCloseTo(1 / 9, 6);
  // explicit steps would be 2/λ at most: a million of them
  expect(steps).toBeLessThan(300);
});

test.each([
  ["x^4", [0.66798626]],
  ["x^2/2+x^4", [0.80377065]],
  ["(x^2-4)^2/8", [0.90040675, 0.94825269]],
  ["2*(x^2-1)^2", [1.40095726, 2.09274216]],
  ["10*(1-exp(-x/2))^2", [1.086783989, 3.072851966]],
  ["-1/sqrt(1+x^2)", [-0.66977714]],
  ["-1/sqrt(2+x^2)", [-0.5]],
  ["tanh(x)^2-1", [-0.5]],
  ["(x-50)^2/2", [0.5, 1.5]],
] as const)("energies of V = %s", async (formula, expected) => {
  const potential = potentialOf(formula);
  const energies = await lineEnergies(potential, await boundBox(potential), 2);
  expected.forEach((energy, n) => expect(energies[n]).toBeCloseTo(energy, 7));
});

test("states of a grid are orthonormal eigenvectors, also of a pair that nearly has one energy", async () => {
  const potential = potentialOf("(x^2-16)^2/32");
  const grid = await makeGrid(potential, await boundBox(potential), 255);
  const h = hamiltonian(grid);
  const states = lowestStates(h, 4);
  expect(states[1].energy - states[0].energy).toBeLessThan(1e-4);
  states.forEach(({ energy, vector }, n) => {
    const residual = vector.map((v, i) => h.diagonal[i] * v + h.off * ((vector[i - 1] ?? 0) + (vector[i + 1] ?? 0)) - energy * v);
    expect(Math.max(...residual.map(Math.abs))).toBeLessThan(1e-9);
    for (const other of states.slice(0, n + 1)) {
      const overlap = vector.reduce((sum, v, i) => sum + v * other.vector[i], 0);
      expect(overlap).toBeCloseTo(Number(other.vector === vector), 9);
    }
  });
});

test.each([
  ["-x^2", "no state is bound"],
  ["0", "no state is bound"],
  ["x", "no state is bound"],
  ["exp(-x^2)", "no state is bound"],
  ["1/x", "V is Infinity at x = 0 a0"],
  ["log(x)", "V is NaN at x = "],
])("V = %s is refused: %s", async (formula, message) => {
  await expect(boundBox(potentialOf(formula))).rejects.toThrow(message);
});

test.each(["", "x^", "y^2", "x^2)", "import('fs')"])("%j is no potential", (formula) => {
  expect(() => potentialOf(formula)).toThrow(UserError);
});

test("W₂ of densities on a line: a shift by its length, Gaussians by their deviations", async () => {
  const grid = await makeGrid(async (x) => x.map(() => 0), { low: -12, high: 12 }, 1199);
  const normal = (mean: number, deviation: number) => grid.x.map((x) => Math.exp(-(((x - mean) / deviation) ** 2) / 2) / deviation);
  const edges = edgesOf(grid);
  expect(lineDistance(edges, normal(0, 1), normal(0, 1))).toBe(0);
  // 150 cells of 0.02: the same numbers elsewhere, to the tails that end at the walls
  expect(lineDistance(edges, normal(-1, 1), normal(2, 1))).toBeCloseTo(3, 6);
  // densities that are constant in cells: h² / 12 more of variance in both, and levels at both ends of a piece, h² = 4e-4
  expect(Math.abs(lineDistance(edges, normal(0, 1), normal(1, 1.5)) - Math.hypot(1, 0.5))).toBeLessThan(4e-4);
});
