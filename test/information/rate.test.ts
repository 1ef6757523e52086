/** Rate-distortion curves against closed forms of a linear model, by datum and in the mean. */
import { beforeAll, expect, test } from "vitest";
import { type NdArray, ndarray, randomStream } from "../../src/array/index.ts";
import {
  distortionJoint,
  fromPrior,
  type LinearModel,
  linearJoint,
  pilot,
  type RatePoint,
  rateColumns,
  rateCurve,
  ratePoints,
  simulate,
} from "../../src/information/index.ts";
import type { RateState } from "../../src/information/rate.ts";
import { linearSchedule } from "../../src/sampling/index.ts";
import { expectMean, minus } from "./measure.ts";

const [w, sigma, most, T, chains] = [3, 1, 4, 160, 32];
const model: LinearModel = { weights: { data: [w], shape: [1, 1] }, variance: [sigma * sigma] };
const joint = linearJoint(model, "f64");

/** Whole curves in each distortion, of the same data and noise. */
async function curve(distortion: "likelihood" | "squared", largest: number, x: NdArray, stepSizes?: ArrayLike<number>) {
  const scaled = distortionJoint(joint, distortion, largest);
  const options = { temperatures: T, leapfrogs: 8, rule: linearSchedule, acceptance: 0.65, watch: () => {} };
  const found = await pilot(fromPrior(scaled), (await simulate(scaled, 32, randomStream(1).fold("pairs"))).x, options, randomStream(1));
  const frozen = stepSizes ? { ...found, stepSizes } : found;
  const run = rateCurve(joint, { frozen, x, chains, distortion, most: largest }, randomStream(2));
  let state = await run.init();
  const rng = randomStream(3);
  for (let i = 0; i < run.steps; i++) ({ state } = await run.step(state, rng));
  return { state, points: ratePoints(state, { frozen, most: largest }), frozen };
}

const B = 300;
let x: NdArray;
let found: { state: RateState; points: RatePoint[]; frozen: { stepSizes: ArrayLike<number> } };
beforeAll(async () => {
  ({ x } = await simulate(joint, B, randomStream(4)));
  found = await curve("likelihood", most, x);
});

/** π_β = N(m, v) given x: the rate is KL(π_β‖p), the distortion E_β [-log p(x|z)]. */
function exact(beta: number, seen: number): { rate: number; distortion: number } {
  const v = 1 / (1 + (beta * w * w) / sigma ** 2);
  const m = (v * beta * w * seen) / sigma ** 2;
  return {
    rate: (v + m * m - 1 - Math.log(v)) / 2,
    distortion: 0.5 * Math.log(2 * Math.PI * sigma ** 2) + ((seen - w * m) ** 2 + w * w * v) / (2 * sigma ** 2),
  };
}

const rowOf = ({ data, shape }: NdArray, t: number): Float64Array => (data as Float64Array).subarray((t - 1) * shape[1], t * shape[1]);
/** Row of β on the linear schedule. */
const at = (beta: number): number => Math.round((beta / most) * T);

/** β, R and D in the mean over x. */
const known = [
  [0.1, 0.2087385774, 4.6724011371],
  [0.5, 0.8151839635, 1.9024096076],
  [1, 1.1512925465, 1.4189385332],
  [4, 1.8449038066, 1.0442124558],
] as const;

test.each(known)("at β = %d the closed form in the mean over x is R = %d, D = %d", (beta, rate, distortion) => {
  // E x² = w² + σ², and both are linear in x²
  const typical = exact(beta, Math.sqrt(w * w + sigma * sigma));
  expect(typical.rate).toBeCloseTo(rate, 9);
  expect(typical.distortion).toBeCloseTo(distortion, 9);
});

test.each(known)("at β = %d chains find R = %d and D = %d", (beta, rate, distortion) => {
  const t = at(beta);
  const point = found.points[t - 1];
  expect(point.beta).toBeCloseTo(beta, 12);
  expect(Math.abs(point.rate - rate)).toBeLessThan(4.5 * point.rateError);
  expect(Math.abs(point.distortion - distortion)).toBeLessThan(4.5 * point.distortionError);
  // by datum the answer is known, and only the chains' noise is left
  const each = Array.from(x.data as Float64Array, (seen) => exact(beta, seen));
  const [rates, distortions] = [rowOf(found.state.rates, t), rowOf(found.state.distortions, t)];
  const distortionMiss = minus(
    distortions,
    each.map((e) => e.distortion),
  );
  const rateMiss = minus(
    rates,
    each.map((e) => e.rate),
  );
  // log Ẑ and self-normalised means of K chains are off by half the variance of the weights over K: 0.3 / 32 where they vary most
  for (const miss of [distortionMiss, rateMiss]) {
    const { mean, error } = summary(miss);
    expect(Math.abs(mean)).toBeLessThan(4.5 * error + 0.01);
    expect(error).toBeLessThan(0.06);
  }
  // e^{R̂ + β D̂} is 1/Ẑ, and Ẑ unbiased
  const ratios = each.map((e, b) => Math.exp(e.rate + beta * e.distortion - rates[b] - beta * distortions[b]));
  expectMean(ratios, 1);
});

const summary = (values: ArrayLike<number>): { mean: number; error: number } => {
  const list = Array.from(values);
  const mean = list.reduce((a, b) => a + b, 0) / list.length;
  return { mean, error: Math.sqrt(list.reduce((s, v) => s + (v - mean) ** 2, 0) / (list.length - 1) / list.length) };
};

test("the rate at β = 1 of drawn x is the information, and R + D their entropy", () => {
  const point = found.points[at(1) - 1];
  const information = 0.5 * Math.log(1 + (w * w) / sigma ** 2);
  const entropy = 0.5 * Math.log(2 * Math.PI * Math.E * (w * w + sigma ** 2));
  expect(Math.abs(point.rate - information)).toBeLessThan(4.5 * point.rateError);
  expect(Math.abs(point.rate + point.distortion - entropy)).toBeLessThan(4.5 * Math.hypot(point.rateError, point.distortionError));
});

test("the curve's slope is -β", () => {
  // ∫ dR = -∫ β dD between β = 0.5 and 4, by the trapezoid rule over 140 points of one run: its data are the same, so only chains' noise is left
  const [from, to] = [at(0.5), at(4)];
  let area = 0;
  for (let t = from; t < to; t++) {
    const [a, b] = [found.points[t - 1], found.points[t]];
    area -= ((a.beta + b.beta) / 2) * (b.distortion - a.distortion);
  }
  const change = found.points[to - 1].rate - found.points[from - 1].rate;
  expect(Math.abs(area / change - 1)).toBeLessThan(0.05);
  // finite differences over a factor of two in β: -ΔR / ΔD lies between the βs at its ends
  for (const beta of [0.5, 1, 2]) {
    const [a, b] = [found.points[at(beta) - 1], found.points[at(2 * beta) - 1]];
    const slope = -(b.rate - a.rate) / (b.distortion - a.distortion);
    expect(slope).toBeGreaterThan(beta);
    expect(slope).toBeLessThan(2 * beta);
  }
});

test("squared error is the Gaussian's distortion in another unit: the same chains, rate by rate", async () => {
  // -log p = D / 2σ² + const, so that β D of one is β D of the other
  const squared = await curve("squared", most / (2 * sigma ** 2), x, found.frozen.stepSizes);
  const constant = 0.5 * Math.log(2 * Math.PI * sigma ** 2);
  for (const t of [1, at(0.5), at(1), T]) {
    expect(squared.points[t - 1].rate).toBeCloseTo(found.points[t - 1].rate, 8);
    expect(squared.points[t - 1].distortion).toBeCloseTo(2 * sigma ** 2 * (found.points[t - 1].distortion - constant), 8);
    expect(squared.points[t - 1].beta).toBeCloseTo(found.points[t - 1].beta / (2 * sigma ** 2), 12);
  }
});

test("columns of the curve have names of tables", () => {
  const columns = rateColumns(found.points);
  expect(columns.map((c) => c.name)).toEqual(["beta", "distortion", "distortion_error", "rate", "rate_error"]);
  expect(columns[3].values).toEqual(Float64Array.from(found.points, (p) => p.rate));
  expect(ndarray(Float64Array.from(columns[0].values as Float64Array), [T], "f64").data.at(-1)).toBe(most);
});
