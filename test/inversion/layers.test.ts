/** Style generators: codes for every layer, with noise of their own or the same. */
import { expect, test } from "vitest";
import { allocate, randomStream, toNumbers } from "../../src/array/index.ts";
import { scorePosteriors } from "../../src/inversion/evaluate.ts";
import { diagonalFamily } from "../../src/inversion/families/gaussian.ts";
import { discriminatorOf } from "../../src/inversion/files/discriminator.ts";
import { type Inversion, objective } from "../../src/inversion/objective.ts";
import { drawnPoints } from "../../src/inversion/points.ts";
import { drawInputs } from "../../src/inversion/samples.ts";
import { fromOnnx, toOnnx } from "../../src/onnx/index.ts";
import type { Tensor } from "../../src/tensor/index.ts";
import * as t from "../../src/tensor/index.ts";

/** Three layers of two numbers; the input is their difference and their sum. */
const inversion = (sharedNoise: boolean): Inversion => ({
  family: diagonalFamily(2),
  classifier: { name: "plane", classes: ["a", "b"], input: [4], logits: (x) => t.concat([x.slice([], [0, 1]), x.slice([], [1, 2])], 1) },
  prior: {
    ...{ name: "layers", latent: 2, layers: 3, output: [4] },
    generate: (z) =>
      t.concat([z.slice([], [0, 1]).sub(z.slice([], [1, 2])), z.slice([], [0, 1]).add(z.slice([], [2, 3]))], 2).reshape([z.shape[0], 4]),
  },
  goals: [
    { target: 0, gamma: 1 },
    { target: 1, gamma: 0.5 },
  ],
  sharedNoise,
});

test("layers that share their noise have the same of it, others do not", () => {
  for (const shared of [true, false]) {
    const { noise } = drawnPoints(inversion(shared), 4, randomStream(1), "f64");
    const rows = Array.from({ length: 6 }, (_, r) => toNumbers(noise).slice(8 * r, 8 * r + 8));
    expect(rows[1].every((v, i) => v === rows[0][i])).toBe(shared);
    expect(rows[2].every((v, i) => v === rows[0][i])).toBe(shared);
    // goals never share theirs
    expect(rows[3]).not.toEqual(rows[0]);
  }
});

test("with the same noise and N(0, I) in all layers their difference is 0; with noise of its own its variance is 2", async () => {
  for (const shared of [true, false]) {
    const one = inversion(shared);
    const { inputs } = await drawInputs(one, one.family.init(6, randomStream(2)), 2000, randomStream(3));
    const differences = Array.from({ length: 2000 }, (_, i) => inputs.data[4 * i]);
    const variance = differences.reduce((sum, v) => sum + v * v, 0) / 2000;
    if (shared) expect(variance).toBeLessThan(1e-10);
    // standard error of a variance of 2: 2 √(2 / 2000)
    else expect(Math.abs(variance - 2)).toBeLessThan(4 * 2 * Math.sqrt(2 / 2000));
  }
});

test("divergences of independent layers add up; of layers with the same noise their mean is the penalty, and there is no gap", async () => {
  const of = async (shared: boolean) => {
    const one = inversion(shared);
    const params = one.family.init(6, randomStream(2), "f64") as { mean: { data: Float64Array } };
    params.mean.data.forEach((_, i) => {
      params.mean.data[i] = i / 3;
    });
    const { noise, weights } = drawnPoints(one, 8, randomStream(4), "f64");
    const gamma = { ...allocate("f64", [2]), data: Float64Array.of(1, 0.5) };
    const { kl } = await t.jit((p: object, e: Tensor, w: Tensor, g: Tensor) => objective(one, p, e, w, g))(params, noise, weights, gamma);
    return { kl: toNumbers(kl), scores: await scorePosteriors(one, params, 100, randomStream(5), "f64") };
  };
  const [sum, mean] = [await of(false), await of(true)];
  sum.kl.forEach((v, j) => void expect(mean.kl[j]).toBeCloseTo(v / 3, 12));
  // ½ |m|² over the layers of a goal, m = 0, 1/3, 2/3, …
  expect(sum.kl[0]).toBeCloseTo(
    [0, 1, 2, 3, 4, 5].reduce((s, k) => s + (k / 3) ** 2 / 2, 0),
    10,
  );
  expect(mean.scores[0].gap).toBeNaN();
  expect(sum.scores[0].gap).toBeGreaterThanOrEqual(0);
});

test("a discriminator is a logit of the classifier's inputs; others are refused", async () => {
  const file = (f: (x: Tensor) => Tensor, size: number) => fromOnnx(toOnnx(f, [allocate("f32", [1, size])], { anyRows: true }));
  const judge = await discriminatorOf(
    file((x) => x.sum(1, true).mul(2), 4),
    "d.onnx",
    [1, 2, 2],
  );
  const x = randomStream(1).normal([3, 4]);
  const found = toNumbers(await t.jit(judge)(x));
  found.forEach((v, i) => void expect(v).toBeCloseTo(2 * x.data.slice(4 * i, 4 * i + 4).reduce((a, b) => a + b, 0), 4));
  await expect(
    discriminatorOf(
      file((x) => x.sum(1, true), 5),
      "d.onnx",
      [1, 2, 2],
    ),
  ).rejects.toThrow(/takes \[5\], and the classifier \[1, 2, 2\]/);
  await expect(
    discriminatorOf(
      file((x) => x, 4),
      "d.onnx",
      [4],
    ),
  ).rejects.toThrow(/one logit, this file 4/);
});
