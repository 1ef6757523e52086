/** Flows on a line: against the Gaussian closed forms, their own identities, and the gaps of the Hamiltonian. */
import { expect, test } from "vitest";
import { randomStream } from "../../src/array/index.ts";
import { transportCost } from "../../src/chemistry/flows/costs.ts";
import { reweighted, transported } from "../../src/chemistry/laboratory/gaussian.ts";
import { gaussianRace } from "../../src/chemistry/laboratory/gaussian-race.ts";
import { gaussianExtent, gaussianStart, lineFlow, type Snapshot } from "../../src/chemistry/laboratory/line-flow.ts";
import type { LineFlow } from "../../src/chemistry/laboratory/line-program.ts";
import { lineField, lineRace } from "../../src/chemistry/laboratory/line-race.ts";
import { decayRate } from "../../src/chemistry/laboratory/modes.ts";
import { cumulated, edgesOf, observe, quantile } from "../../src/chemistry/laboratory/observe.ts";
import { boundBox, type Grid, hamiltonian, makeGrid, potentialOf } from "../../src/chemistry/laboratory/potential.ts";
import { lowestStates } from "../../src/chemistry/laboratory/tridiagonal.ts";
import { evenPlaces, moveWalkers } from "../../src/chemistry/laboratory/walkers.ts";

const l2 = transportCost("l2");
const W: LineFlow = { weights: { transport: 1, reweighting: 0 }, cost: l2 };
const FR: LineFlow = { weights: { transport: 0, reweighting: 1 }, cost: l2 };
const WFR: LineFlow = { weights: { transport: 1, reweighting: 1 }, cost: l2 };

async function all(flow: AsyncIterable<Snapshot>): Promise<Snapshot[]> {
  const found: Snapshot[] = [];
  for await (const snapshot of flow) found.push(snapshot);
  return found;
}

async function gridOf(formula: string, points: number, start = { mean: 1, variance: 2 }): Promise<Grid> {
  const potential = potentialOf(formula);
  return makeGrid(potential, await boundBox(potential, gaussianExtent(start)), points);
}

const moments = ({ x, step }: Grid, { density }: Snapshot) => {
  const mean = density.reduce((sum, q, i) => sum + q * x[i] * step, 0);
  return { mean, variance: density.reduce((sum, q, i) => sum + q * (x[i] - mean) ** 2 * step, 0) };
};

test("on finer grids W and FR of a trap become those of the closed form, with the square of the step", async () => {
  const start = { mean: 1, variance: 2 };
  for (const [flow, exact] of [
    [W, transported],
    [FR, reweighted],
  ] as const) {
    const [coarse, fine] = await Promise.all(
      [127, 255].map(async (points) => {
        const grid = await gridOf("x^2/2", points);
        return moments(grid, (await all(lineFlow(grid, gaussianStart(grid, start), [0, 0.5], flow)))[1]);
      }),
    );
    const truth = exact({ omega: 1, dimension: 1 }, start, 0.5);
    for (const name of ["mean", "variance"] as const) {
      const [e, f] = [coarse[name] - truth[name], fine[name] - truth[name]];
      // c h² with c about 0.03, h = 0.18 and 0.09; taking it away leaves c' h⁴/4, c' of the same size
      expect(Math.abs(f)).toBeLessThan(1e-3);
      expect(Math.abs(e / f - 4)).toBeLessThan(0.1);
      expect(Math.abs((4 * fine[name] - coarse[name]) / 3 - truth[name])).toBeLessThan(2e-5);
    }
  }
});

test.each([
  ["W", W],
  ["FR", FR],
  ["WFR", WFR],
  ["tanh", { weights: { transport: 1, reweighting: 0 }, cost: transportCost("tanh", 0.5) }],
  ["relativistic", { weights: { transport: 0.5, reweighting: 0.5 }, cost: transportCost("relativistic", 2) }],
] as const)("%s: mass stays, and the energy falls by exactly what is dissipated", async (_, flow) => {
  const start = { mean: 0.5, variance: 0.7 };
  const grid = await gridOf("(x^2-4)^2/8", 255, start);
  const [t, h] = [0.3, 1e-3];
  const states = await all(lineFlow(grid, gaussianStart(grid, start), [0, t - h, t, t + h], flow));
  const [, before, at, after] = states.map((s) => observe(grid, s, s.density));
  for (const { density } of states) expect(density.reduce((sum, q) => sum + q, 0) * grid.step).toBeCloseTo(1, 12);
  const { transport, reweighting } = flow.weights;
  const expected = -transport * at.dissipation - reweighting * at.variance;
  // central differences: h² E'''/6, with rates up to 10: 1e-6 · 1000/6 of E - E₀; the solver's 1e-7 over 2h
  expect(Math.abs((after.energy - before.energy) / (2 * h) / expected - 1)).toBeLessThan(2e-3);
  expect(at.dissipation).toBeGreaterThan(0);
});

test("modes of an oscillator decay with Δ² under W, Δ/2 under FR, and the sum under both", async () => {
  const grid = await gridOf("x^2/2", 255, { mean: 0, variance: 0.5 });
  const states = lowestStates(hamiltonian(grid), 5);
  const ground = states[0].vector;
  for (const n of [1, 2, 4]) {
    const { energy, vector } = states[n];
    const gap = energy - states[0].energy;
    // ψ = ψ₀ (1 + ε ψ_n/ψ₀), bounded where ψ_n/ψ₀ would grow: what decays with the rate of n is the amplitude of ψ_n
    const start = ground.map((psi, i) => Math.log(psi) + Math.log1p(1e-4 * Math.tanh(vector[i] / psi / 40) * 40));
    const amplitude = ({ log }: Snapshot) => vector.reduce((sum, v, i) => sum + v * Math.exp(log[i]), 0) * Math.sqrt(grid.step);
    for (const { weights, cost } of [W, FR, WFR]) {
      const rate = decayRate(gap, weights);
      const [first, last] = (await all(lineFlow(grid, start, [0, 1 / rate], { weights, cost }))).map(amplitude);
      // second order in ε, 1e-4 of the amplitude times the size of ψ_n²/ψ₀²
      expect(Math.log(first / last)).toBeCloseTo(1, 2);
    }
  }
});

test("a double well: W repairs the rough error first, and stays behind FR for the small gap", async () => {
  const field = await lineField(potentialOf("(x^2-4)^2/8"), { mean: 1, variance: 0.5 }, 127);
  const racers = [
    { name: "W", ...W },
    { name: "FR", ...FR },
  ];
  const run = async (time: number) => (await lineRace(field, { racers, time, intervals: 20 }, randomStream(1)))!;
  const [early, late] = [await run(2), await run(120)];
  const excess = ({ courses, groundEnergy }: typeof early) => courses.map(({ observed }) => observed.at(-1)!.energy - groundEnergy);
  const [[w, fr], [wLate, frLate]] = [excess(early), excess(late)];
  expect(w).toBeLessThan(fr / 2);
  expect(frLate).toBeLessThan(wLate / 2);
  // the gap of the grid is 0.0478: rates Δ/2 and Δ²; at t = 120 W has not come near yet, FR has
  const [slow, fast] = late.courses;
  expect(late.modes[0].gap).toBeCloseTo(0.0478, 3);
  expect(slow.predicted).toBeCloseTo(late.modes[0].gap ** 2, 12);
  // what is left of other things falls with e^(-2 · 0.024 t) too: a few percent after a few lifetimes
  expect(Math.abs(fast.measured! / fast.predicted! - 1)).toBeLessThan(0.03);
  expect(slow.measured!).toBeLessThan(0.2 * fast.measured!);
});

test("the rate at which a race ends is that of the slowest mode which the start has", async () => {
  const racers = [
    { name: "W", ...W },
    { name: "FR", ...FR },
    { name: "WFR", weights: { transport: 0.5, reweighting: 1 }, cost: l2 },
  ];
  // a centred start has no odd modes: the gap is 2ω
  const race = await gaussianRace(
    { omega: 0.6, dimension: 4 },
    { mean: 0, variance: 1.5 },
    { racers, time: 6, intervals: 60 },
    randomStream(1),
  );
  race.courses.forEach(({ measured, predicted, weights }) => {
    expect(predicted).toBeCloseTo(decayRate(1.2, weights), 12);
    expect(Math.abs(measured! / predicted! - 1)).toBeLessThan(0.02);
  });
});

test("walkers under W keep their part of the mass on their left; under FR nobody moves", async () => {
  const start = { mean: 1, variance: 1 };
  const grid = await gridOf("x^2/2+x^4", 255, start);
  const times = Array.from({ length: 161 }, (_, k) => (k / 160) ** 2);
  const edges = edgesOf(grid);
  const carried = await all(lineFlow(grid, gaussianStart(grid, start), times, W));
  const from = evenPlaces(grid, carried[0].density, 40);
  const { places } = moveWalkers(grid, carried, from, W.weights, randomStream(1)).at(-1)!;
  const cumulative = cumulated(carried.at(-1)!.density);
  // Heun's error over the first intervals, and linear interpolation: some h² = 0.006
  places.forEach((x, i) => expect(Math.abs(x - quantile(edges, cumulative, (i + 0.5) / 40))).toBeLessThan(0.01));
  const weighted = await all(lineFlow(grid, gaussianStart(grid, start), times, FR));
  const moved = moveWalkers(grid, weighted, from, FR.weights, randomStream(1));
  for (const { places: at } of moved) for (const x of at) expect(from).toContain(x);
  expect(new Set(moved.at(-1)!.places).size).toBeLessThan(40);
});

test("births and deaths give the mean of the reweighted density", async () => {
  const start = { mean: 1, variance: 1 };
  const grid = await gridOf("x^2/2", 255, start);
  const times = Array.from({ length: 101 }, (_, k) => k / 100);
  const flow = await all(lineFlow(grid, gaussianStart(grid, start), times, FR));
  const count = 20_000;
  const { places } = moveWalkers(grid, flow, evenPlaces(grid, flow[0].density, count), FR.weights, randomStream(2)).at(-1)!;
  const { mean, variance } = moments(grid, flow.at(-1)!);
  // copies are not independent: about e^(2 · mean growth) < 4 of them a family; 4 sigma of a quarter of the walkers
  expect(Math.abs(places.reduce((sum, x) => sum + x, 0) / count - mean)).toBeLessThan(4 * Math.sqrt((4 * variance) / count));
});
