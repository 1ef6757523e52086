/** Transitions between groups, and the groups that are made. */
import { expect, test } from "vitest";
import { ndarray, randomStream } from "../../../src/array/index.ts";
import type { Tensor } from "../../../src/tensor/index.ts";
import { clustered, type Mover, pusher, tally, transition } from "../../../src/transport/index.ts";
import { normals } from "../training.ts";

/** dX = v dt + noise dW, d log w = g(x) dt with g linear in x. */
const linear = (v: number, slope = 0, noise = 0): Mover => ({
  noise,
  dynamics: () => ({
    drift: (_: Tensor, x: Tensor) => x.mul(0).add(v),
    noise,
    ...(slope !== 0 && { growth: (_: Tensor, x: Tensor) => x.squeeze(1).mul(0).add(slope) }),
  }),
});
const trained = (model: Mover) => ({ model, push: pusher(model, 1), params: {} });

/** 40 particles near each place, in groups named by them. */
const cloud = (places: readonly number[], seed: number) => ({
  mass: 1,
  points: ndarray(
    Float32Array.from(places.flatMap((p, i) => Array.from(normals([p], [0.1], 40, seed + i).data))),
    [40 * places.length, 1],
    "f32",
  ),
});
const named = (names: readonly string[]): string[] => names.flatMap((name) => new Array<string>(40).fill(name));

const data = { times: [10, 20] };
const groups = [named(["a", "b"]), named(["p", "q", "r"])];
const prepared = { clouds: [cloud([0, 5], 1), cloud([2, 7, 40], 7)], times: [0, 1] };
const rng = randomStream(3);

test("a known flow carries each group to the one it arrives at, and back", async () => {
  const found = await transition(trained(linear(2)), data, { groups }, prepared, { from: 0, to: 1 }, rng);
  expect([found.from, found.to, found.starts, found.ends]).toEqual([10, 20, ["a", "b"], ["p", "q", "r"]]);
  expect(found.descendants.value).toEqual([
    [1, 0, 0],
    [0, 1, 0],
  ]);
  // r is nearer to b than to a, wherever it came from: 40 - 2
  expect(found.ancestors.value).toEqual([
    [1, 0],
    [0, 1],
    [0, 1],
  ]);
  expect(found.descendants.error.flat().every((e) => e === 0)).toBe(true);
  // half of the particles are in each group: the error of a share of one half among 80 is √(¼ / 80), of 200 resamples to 5 %
  expect(found.mass.value.map((row) => row.map((v) => Number(v.toFixed(12))))).toEqual([
    [0.5, 0, 0],
    [0, 0.5, 0],
  ]);
  expect(Math.abs(found.mass.error[0][0] / Math.sqrt(0.25 / 80) - 1)).toBeLessThan(0.2);
});

test("mass is conserved without growth, and grows by its law with it", async () => {
  const total = (value: readonly (readonly number[])[]): number => value.flat().reduce((a, b) => a + b, 0);
  for (const [slope, noise] of [
    [0, 0],
    [0.4, 0],
    [0, 0.5],
    [-0.3, 0.5],
  ]) {
    const model = linear(2, slope, noise);
    const { mass, descendants, ancestors, forward } = await transition(trained(model), data, { groups }, prepared, { from: 0, to: 1 }, rng);
    expect(total(mass.value)).toBeCloseTo(Math.exp(slope), 4);
    forward.offspring.forEach((w) => void expect(w).toBeCloseTo(Math.exp(slope), 4));
    for (const row of [...descendants.value, ...ancestors.value]) expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
  }
});

test("from a time to itself every group goes to itself, with the mass it has", async () => {
  const weights = Float64Array.from({ length: 80 }, (_, i) => (i < 40 ? 3 : 1));
  const weighed = { ...prepared, clouds: [{ ...prepared.clouds[0], weights }, prepared.clouds[1]] };
  for (const noise of [0, 1]) {
    const found = await transition(trained(linear(2, 0.5, noise)), data, { groups }, weighed, { from: 0, to: 0 }, rng);
    const identity = [
      [1, 0],
      [0, 1],
    ];
    expect(found.descendants.value).toEqual(identity);
    expect(found.ancestors.value).toEqual(identity);
    expect(found.mass.value[0][0]).toBeCloseTo(0.75, 6);
    expect(found.mass.value[1][1]).toBeCloseTo(0.25, 6);
  }
});

test("standard errors are those of all resamples, enumerated", () => {
  // three particles of one group, shares 1, 0 and ¼, masses 1, 2 and 3: 27 resamples
  const [p, w] = [
    [1, 0, 0.25],
    [1, 2, 3],
  ];
  const shares = Float64Array.from(p.flatMap((v) => [v, 1 - v]));
  const all = Array.from({ length: 27 }, (_, r) => [r % 3, Math.floor(r / 3) % 3, Math.floor(r / 9)]);
  const values = all.map((rows) => rows.reduce((s, i) => s + w[i] * p[i], 0) / rows.reduce((s, i) => s + w[i], 0));
  const mean = values.reduce((a, b) => a + b) / 27;
  const exact = Math.sqrt(values.reduce((s, v) => s + (v - mean) ** 2, 0) / 27);
  const errors = Array.from({ length: 20 }, (_, seed) => {
    const found = tally(["g", "g", "g"], ["g"], shares, Float64Array.from(w), Float64Array.from(w), randomStream(seed));
    expect(found.share.value[0][0]).toBeCloseTo(1.75 / 6, 12);
    expect(found.mass.value[0][0]).toBeCloseTo(1.75 / 6, 12);
    return found.share.error[0][0];
  });
  // of a single particle there is nothing to draw anew
  const single = tally(
    ["g", "h"],
    ["g", "h"],
    Float64Array.of(1, 0, 0.5, 0.5),
    Float64Array.of(1, 1),
    Float64Array.of(1, 1),
    randomStream(1),
  );
  expect(single.share.error.flat().every(Number.isNaN)).toBe(true);
  expect(single.mass.error.flat().every((e) => e >= 0)).toBe(true);
  // 20 · 200 resamples: the relative error of their spread is about 1 / √8000
  expect(Math.abs(errors.reduce((a, b) => a + b) / 20 / exact - 1)).toBeLessThan(0.05);
});

test("clusters are the separate clouds, numbered in time", () => {
  const [x, y] = [cloud([5, 90], 11), cloud([5, -60], 13)];
  const [first, second] = clustered([x, y], 3, randomStream(1));
  expect(first).toEqual(named(["cluster 2", "cluster 1"]));
  expect(second).toEqual(named(["cluster 2", "cluster 3"]));
  // of fewer distinct particles than clusters every one is its own
  const few = { points: ndarray(Float32Array.of(1, 2, 2), [3, 1], "f32") };
  expect(new Set(clustered([few], 5, randomStream(1))[0]).size).toBe(2);
});
