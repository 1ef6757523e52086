/** Batches of pictures. */
import { expect, test } from "vitest";
import { type NdArray, randomStream, toNumbers } from "../../../../src/array/index.ts";
import { jit, type Tensor } from "../../../../src/tensor/index.ts";
import {
  drawPictures,
  drawTimes,
  type ImageBatch,
  type Pictures,
  picturesAt,
  samplesOf,
  seenOf,
} from "../../../../src/transport/images/learning/batch.ts";
import { scheduleNames, scheduleOf } from "../../../../src/transport/images/paths/schedules.ts";
import { f32 } from "../../../tensor/check.ts";
import { normalBytes, problemOf } from "../gaussian.ts";

const rows = Int32Array.from({ length: 32 }, (_, i) => i);

/** Σ |x - z|² of pictures with their partners. */
async function distance(problem: ReturnType<typeof problemOf>, pictures: Pictures): Promise<number> {
  const square = jit((p: Pictures<Tensor>) => {
    const { x, start } = seenOf(problem, p);
    return x.sub(start).square().sum();
  });
  return toNumbers(await square(pictures))[0];
}
const sorted = (a: NdArray, size = 4): string[] =>
  Array.from({ length: a.shape[0] }, (_, i) =>
    toNumbers(a)
      .slice(i * size, (i + 1) * size)
      .join(" "),
  ).toSorted();

test("near partners are the noise that was drawn, in an order of least distance in all", async () => {
  const [plain, near] = [problemOf("flow"), problemOf("flow", { coupling: "ot" })];
  const [drawn, paired] = [plain, near].map((problem) => drawPictures(problem, problem.train, rows, randomStream(4)));
  expect(sorted(paired.noise)).toEqual(sorted(drawn.noise));
  expect(toNumbers(paired.pixels)).toEqual(toNumbers(drawn.pixels));
  const least = await distance(near, paired);
  expect(least).toBeLessThan(await distance(plain, drawn));
  // no exchange of two makes it less
  const noise = toNumbers(paired.noise);
  for (const [i, j] of [
    [0, 1],
    [3, 17],
    [8, 30],
    [12, 13],
  ]) {
    const from = (k: number): number => (k === i ? j : k === j ? i : k);
    const swapped = f32(
      noise.map((_, k) => noise[4 * from(Math.floor(k / 4)) + (k % 4)]),
      paired.noise.shape,
    );
    expect(await distance(near, { ...paired, noise: swapped })).toBeGreaterThanOrEqual(least * (1 - 1e-6));
  }
});

test("near partners of another set are pictures of it, each as often as drawn", async () => {
  const others = normalBytes(50, [1, 2, 2], 8);
  const make = (coupling?: "ot") => problemOf("flow", { task: "between", others, coupling });
  const [plain, near] = [make(), make("ot")];
  const [drawn, paired] = [plain, near].map((problem) => drawPictures(problem, problem.train, rows, randomStream(4)));
  expect(sorted(paired.others!)).toEqual(sorted(drawn.others!));
  expect(await distance(near, paired)).toBeLessThan(await distance(plain, drawn));
});

test("pairs of pictures stay pairs", () => {
  const others = normalBytes(64, [1, 2, 2], 8);
  const problem = problemOf("flow", { task: "between", others, coupling: "ot" });
  const drawn = drawPictures(problem, { ...problem.train, paired: true }, rows, randomStream(4));
  expect(toNumbers(drawn.others!)).toEqual(toNumbers(picturesAt(others, rows)));
});

test("bytes stand for their intervals: with jitter they fill them, without it they are the middles", async () => {
  const problem = problemOf("flow");
  const values = async (jitter: boolean) => {
    const drawn = drawPictures(problem, problem.train, rows, randomStream(4), jitter);
    const x = await jit((p: Pictures<Tensor>) => seenOf(problem, p).x)(drawn);
    return toNumbers(x).map((v, i) => (v + 1) * 128 - Number(drawn.pixels.data[i])); // place in the interval
  };
  for (const u of await values(false)) expect(u).toBeCloseTo(0.5, 4);
  const places = await values(true);
  for (const u of places) expect(u > -1e-4 && u < 1 + 1e-4).toBe(true);
  // mean of 128 uniforms: standard error √(1/12/128)
  expect(Math.abs(places.reduce((s, u) => s + u, 0) / places.length - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / 128));
});

test.each(scheduleNames)("%s: times lie between both ends, densities go with those that are drawn by them", (name) => {
  const schedule = scheduleOf(name);
  const [low, high] = [Math.min(schedule.clean, schedule.spoilt), Math.max(schedule.clean, schedule.spoilt)];
  const { t, density } = drawTimes(schedule, 500, randomStream(1));
  expect(density).toBeUndefined();
  expect(Math.min(...toNumbers(t))).toBeGreaterThanOrEqual(Math.fround(low));
  expect(Math.max(...toNumbers(t))).toBeLessThanOrEqual(high);
  // p(u) = 1/2 + u at the knots 0, 1/2 and 1
  const drawn = drawTimes(schedule, 500, randomStream(1), [0.5, 1, 1.5]);
  toNumbers(drawn.t).forEach((time, i) => {
    const u = (time - low) / (high - low);
    expect(Number(drawn.density!.data[i])).toBeCloseTo(0.5 + u, 3);
  });
  // E u = ∫ u (1/2 + u) du = 7/12; even levels are exact to about 1/500
  const mean = toNumbers(drawn.t).reduce((s, time) => s + (time - low) / (high - low), 0) / 500;
  expect(mean).toBeCloseTo(7 / 12, 2);
});

test("points of a path come with their ends and starts, in rows", async () => {
  const problem = problemOf("dimple");
  const rng = randomStream(3);
  const batch = { ...drawPictures(problem, problem.train, rows, rng), ...drawTimes(problem.schedule, 32, rng) };
  const { x, v, z, clean, spoilt } = await jit((b: ImageBatch<Tensor>) => {
    const { x, v, z, ends } = samplesOf(problem, b);
    return { x, v, z, ...ends };
  })(batch);
  const [noise, t] = [toNumbers(batch.noise), toNumbers(batch.t)];
  expect(toNumbers(z)).toEqual(noise);
  expect(toNumbers(spoilt)).toEqual(noise);
  toNumbers(clean).forEach((c, i) => {
    const time = t[Math.floor(i / 4)];
    expect(toNumbers(v)[i]).toBeCloseTo(noise[i] - c, 6);
    expect(toNumbers(x)[i]).toBeCloseTo((1 - time) * c + time * noise[i], 6);
  });
});
