/** The annealing ladder: log p(x) against closed forms, bounds on their sides, exact draws. */
import { expect, test } from "vitest";
import { randomStream, toNumbers } from "../../src/array/index.ts";
import { exactDraws, posteriorOf } from "../../src/demos/annealing/posteriors.ts";
import { decoderJoint } from "../../src/information/index.ts";
import { priorOf } from "../../src/information/models/prior.ts";
import { readOnnx } from "../../src/onnx/read.ts";
import { estimate } from "../../src/sampling/index.ts";
import { followsSeed, numberOf, panelOf, rowsOf, watch } from "./watch.ts";

const logNormal = (x: number, variance: number): number => -(x ** 2) / (2 * variance) - Math.log(2 * Math.PI * variance) / 2;

/** log ∫ p(s) N(x; s, v) ds over s > 0, by the midpoint rule in √s, in which both densities are smooth. */
function logEvidence(density: (s: number) => number, x: number, variance: number): number {
  const h = 1e-4;
  let sum = 0;
  for (let r = h / 2; r < 4; r += h) sum += density(r * r) * Math.exp(logNormal(x - r * r, variance)) * 2 * r * h;
  return Math.log(sum);
}

test("log p(x) is that of the closed form or of a one-dimensional integral", async () => {
  const exact = async (name: "ring" | "four" | "ridge"): Promise<number> => (await posteriorOf(name)).exact;
  // x = u₁ + 0.8 u₂ + noise is normal; |u|² is exponential of mean 2; u² is chi-square of one degree. f32 densities: 1e-4
  expect(await exact("ridge")).toBeCloseTo(logNormal(1.5, 1 + 0.64 + 0.02), 4);
  expect(await exact("ring")).toBeCloseTo(
    logEvidence((s) => Math.exp(-s / 2) / 2, 2.25, 0.09),
    4,
  );
  const chiSquare = (s: number): number => Math.exp(-s / 2) / Math.sqrt(2 * Math.PI * s);
  expect(await exact("four")).toBeCloseTo(2 * logEvidence(chiSquare, 1.2, 0.04), 4);
});

test("exact draws are those of the posterior", async () => {
  const draws = toNumbers(await exactDraws(await posteriorOf("ridge"), 2000, randomStream(5)));
  // u₁ + 0.8 u₂ given x is normal of mean 1.5 · 1.64 / 1.66 and variance 1.64 · 0.02 / 1.66
  const along = estimate(Array.from({ length: 2000 }, (_, i) => draws[2 * i] + 0.8 * draws[2 * i + 1]));
  expect(Math.abs(along.mean - (1.5 * 1.64) / 1.66)).toBeLessThan(4 * along.error);
  expect((along.error ** 2 * 2000) / ((1.64 * 0.02) / 1.66)).toBeCloseTo(1, 0);
  // and u₁ has the mean of its own: x / 1.66
  const first = estimate(Array.from({ length: 2000 }, (_, i) => draws[2 * i]));
  expect(Math.abs(first.mean - 1.5 / 1.66)).toBeLessThan(4 * first.error);
});

test.each(["ais", "smc"])("the bounds of %s stand on their sides, and close", async (sampler) => {
  const settings = { posterior: "banana", sampler, chains: 4, doublings: 5 };
  const watched = await watch("annealing", settings);
  const { frames, last, over } = watched;
  expect(over).toBe(true);
  const exact = numberOf(last, "exact log p(x)").value;
  const { series } = panelOf(last, "curves", "Bounds on log p(x)");
  const [upper, lower] = series;
  expect(upper.x).toEqual([1, 2, 3, 4, 5]);
  upper.x.forEach((_, k) => {
    // means of 64 independent bounds; 4 standard errors
    expect(lower.y[k]).toBeLessThan(exact + 4 * (lower.high![k] - lower.y[k]));
    expect(upper.y[k]).toBeGreaterThan(exact - 4 * (upper.high![k] - upper.y[k]));
  });
  expect(upper.y[4] - lower.y[4]).toBeLessThan(0.5 * (upper.y[0] - lower.y[0]));
  expect(numberOf(last, "gap").value).toBeCloseTo(upper.y[4] - lower.y[4], 10);
  if (sampler === "ais") expect(await followsSeed("annealing", settings, watched)).toEqual({ same: true, other: true });
  expect(frames.map((f) => f.progress)).toEqual(frames.map((f) => f.progress).toSorted((a, b) => a - b));
});

test("few temperatures are cautioned against; the decoder that is taken away is the model, as the command reads it", async () => {
  const watched = await watch("annealing", { posterior: "four", chains: 4, doublings: 1 });
  expect(watched.last.cautions.join()).toMatch(/heavy tail|weights decide/);
  const decoder = (await watched.running.files()).find((f) => f.name === "decoder.onnx")!;
  const joint = await decoderJoint(readOnnx(decoder.bytes, decoder.name, { dtype: "f32" }), {
    ...{ path: decoder.name, likelihood: "gaussian", variance: [0.04], prior: priorOf("normal"), dtype: "f32" },
  });
  expect([joint.latent, joint.observed]).toEqual([2, [2]]);
  expect((await rowsOf(watched, "bounds.csv")).length).toBe(64);
});
