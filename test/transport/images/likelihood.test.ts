/** Densities of pictures under exact motions. */
import { describe, expect, test } from "vitest";
import { randomStream, toNumbers } from "../../../src/array/index.ts";
import { constant, jit, type Tensor } from "../../../src/tensor/index.ts";
import { drawPictures, type Pictures, seenOf } from "../../../src/transport/images/learning/batch.ts";
import { hasDensity, logDensities } from "../../../src/transport/images/likelihood.ts";
import { bitsPerDimension } from "../../../src/transport/images/measures/bits.ts";
import { scheduleOf } from "../../../src/transport/images/paths/schedules.ts";
import { imageSolver } from "../../../src/transport/images/solvers.ts";
import { f32 } from "../../tensor/check.ts";
import { anyNet, type MixedName, modelOf, momentsAt, normalBytes, ofBytes, problemOf, velocityOf } from "./gaussian.ts";

const shape = [1, 2, 2] as const;
const rows = Int32Array.from({ length: 500 }, (_, i) => i);
const logNormal = (x: number, m: number, r: number): number => -0.5 * ((x - m) / r) ** 2 - Math.log(r) - 0.5 * Math.log(2 * Math.PI);

describe.each([
  ["flow", "rk4-100", 1e-2],
  ["dimple", "rk4-100", 1e-2],
  ["vp", "rk4-200", 2e-2],
  ["sub-vp", "rk4-200", 2e-2],
] as const)("%s", (path: MixedName, solver, tolerance) => {
  const problem = problemOf(path, { shape, pixels: normalBytes(rows.length, shape, 5) });
  const model = modelOf(problem, { dynamics: () => ({ drift: velocityOf(scheduleOf(path).mix!, ofBytes), noise: 0 }) });

  test("the density of normal pictures is theirs, and takes the bits of its entropy", async () => {
    const pictures = drawPictures(problem, problem.train, rows, randomStream(1), true);
    const found = await logDensities(model, imageSolver(solver), 1)(anyNet(problem), pictures, randomStream(2));
    const x = toNumbers(await jit((p: Pictures<Tensor>) => seenOf(problem, p).x)(pictures));
    const { clean, spoilt } = problem.schedule;
    const [first, last] = [momentsAt(path, ofBytes, clean), momentsAt(path, ofBytes, spoilt)];
    const sum = (i: number, f: (v: number) => number): number => x.slice(4 * i, 4 * i + 4).reduce((s, v) => s + f(v), 0);
    for (const i of rows) {
      // the exact flow keeps (x - m) / r; its end is held to be N(0, 1), which it is but for a trace of the pictures
      const exact = sum(i, (v) => logNormal(last.m + (last.r / first.r) * (v - first.m), 0, 1) + Math.log(last.r / first.r));
      expect(Math.abs(found[i] - exact)).toBeLessThan(tolerance);
      // α(1)² = 4e-5 on the variance and 0.0066 of the mean are less than that
      expect(Math.abs(found[i] - sum(i, (v) => logNormal(v, first.m, first.r)))).toBeLessThan(2 * tolerance);
    }
    const bits = Array.from(found, (log) => bitsPerDimension(log, 4));
    const mean = bits.reduce((s, v) => s + v, 0) / bits.length;
    // ½ log₂ 2πe s² + 7, and for each value the standard error of ½ z² / ln 2, √½ / ln 2
    const entropy = 0.5 * Math.log2(2 * Math.PI * Math.E * first.r ** 2) + 7;
    expect(Math.abs(mean - entropy)).toBeLessThan((5 * Math.SQRT1_2) / Math.LN2 / Math.sqrt(4 * rows.length) + tolerance);
  });
});

test("one random probe a picture is right on average", async () => {
  // dx/dt = A x with A that is not symmetric: x(0) = exp(-A) x(1) and log q(x) = log N(x(0)) - tr A
  const a = [
    [0.3, 0.5, 0, 0],
    [-0.2, -0.1, 0.4, 0],
    [0, 0.1, 0.2, -0.6],
    [0.7, 0, 0, -0.3],
  ];
  const pixels = normalBytes(1, shape, 3);
  const problem = problemOf("flow", { shape, pixels });
  const transposed = f32(
    a[0].flatMap((_, j) => a.map((row) => row[j])),
    [4, 4],
  );
  const model = modelOf(problem, { dynamics: () => ({ drift: (_, x) => x.matmul(constant(transposed)), noise: 0 }) });
  const count = 4000;
  const pictures = drawPictures(problem, problem.train, new Int32Array(count), randomStream(1));
  const found = await logDensities(model, imageSolver("rk4-20"), 1)(anyNet(problem), pictures, randomStream(2));
  const mean = found.reduce((s, v) => s + v, 0) / count;
  const se = Math.sqrt(found.reduce((s, v) => s + (v - mean) ** 2, 0) / (count - 1) / count);
  // exp(-A) x by its series
  let [term, end] = [Array.from(pixels.data, (b) => (b + 0.5) / 128 - 1), [0, 0, 0, 0]];
  for (let k = 1; k < 30; k++) {
    end = end.map((v, i) => v + term[i]);
    term = a.map((row) => -row.reduce((s, v, j) => s + v * term[j], 0) / k);
  }
  const exact = end.reduce((s, v) => s + logNormal(v, 0, 1), 0) - a.reduce((s, row, i) => s + row[i], 0);
  expect(se).toBeGreaterThan(1e-3); // the probes do differ
  expect(Math.abs(mean - exact)).toBeLessThan(5 * se);
});

test("only motions without noise and growth from normal noise have densities", () => {
  const motion = { dynamics: () => ({ drift: (_: Tensor, x: Tensor) => x, noise: 0 }) };
  const has = (...[path, task, options]: [Parameters<typeof problemOf>[0], "generate" | "inpaint", Parameters<typeof modelOf>[2]?]) =>
    hasDensity(modelOf(problemOf(path, { task }), motion, options));
  expect(has("flow", "generate")).toBe(true);
  expect(has("vp", "generate")).toBe(true);
  expect([has("torus", "generate"), has("blur", "generate"), has("flow", "inpaint")]).toEqual([false, false, false]);
  expect([has("flow", "generate", { noise: 0.1 }), has("flow", "generate", { growth: 1, head: "scalar" })]).toEqual([false, false]);
  const score = modelOf(problemOf("flow"), {});
  expect(hasDensity(score)).toBe(false);
  expect(() => logDensities(score)).toThrow(RangeError);
});
