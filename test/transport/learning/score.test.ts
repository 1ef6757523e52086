import { describe, expect, test } from "vitest";
import { item, type NdArray, ndarray, randomStream, toNumbers } from "../../../src/array/index.ts";
import type { Mlp } from "../../../src/nn/index.ts";
import { concat, jit, type Tensor } from "../../../src/tensor/index.ts";
import { annealer, recordingOf, scoreLoss, scoreMatching, type VectorField, withDivergence } from "../../../src/transport/index.ts";
import { gaussianPath } from "../quadrature.ts";
import { normals, train } from "../training.ts";

/** Independent linear interpolation of N(0, 1) and N(2, 1/4). */
const variance = (t: number): number => (1 - t) ** 2 + t ** 2 / 4;
const varianceOf = (t: Tensor): Tensor => t.neg().add(1).square().add(t.square().div(4));
const trueScore: VectorField = (t, x) => x.sub(t.mul(2)).neg().div(varianceOf(t));
const path = gaussianPath((t) => ({ m: 2 * t, r: Math.sqrt(variance(t)) }));

describe("the loss", () => {
  const value = async (v: VectorField): Promise<number> => {
    const run = jit((t: Tensor, x: Tensor, mass: Tensor) => scoreLoss(v, t, x).mul(mass.squeeze(1)).mean());
    return item(await run(path.sample.t, path.sample.x, path.sample.mass));
  };
  // ∫ dt / r² of the path: r² = 5/4 (t - 4/5)² + 1/5, and so twice the difference of two arc tangents
  const information = 2 * (Math.atan(0.5) + Math.atan(2));

  test("is minus half the Fisher information at the true score, in closed form", async () => {
    expect(await value(trueScore)).toBeCloseTo(-information / 2, 8);
  });

  test("exceeds its minimum by half the mean squared error, for any field", async () => {
    const square = async (v: VectorField): Promise<number> => {
      const run = jit((t: Tensor, x: Tensor, mass: Tensor) => v(t, x).sub(trueScore(t, x)).square().sum(1).mul(mass.squeeze(1)).mean());
      return item(await run(path.sample.t, path.sample.x, path.sample.mass));
    };
    const fields: VectorField[] = [(_, x) => x.neg(), (t, x) => x.square().mul(0.3).sub(t), (t) => t.mul(0)];
    for (const v of fields) expect(await value(v)).toBeCloseTo((await square(v)) / 2 - information / 2, 8);
  });

  test("sliced: the mean over all probes of signs is the exact loss", async () => {
    const signs = [-1, 1].flatMap((a) => [-1, 1].map((b) => [a, b]));
    const v: VectorField = (t, x) =>
      concat(
        [
          x
            .slice(null, [0, 1])
            .mul(x.slice(null, [1, 2]))
            .sin()
            .add(t),
          x.sum(1, true).tanh(),
        ],
        1,
      );
    const rows = (r: number[][]): NdArray => ndarray(Float64Array.from(r.flat()), [4, r[0].length], "f64");
    const run = jit((t: Tensor, x: Tensor, e: Tensor) => [scoreLoss(v, t, x), scoreLoss(v, t, x, e)]);
    const [exact, sliced] = await run(rows(signs.map(() => [0.3])), rows(signs.map(() => [0.7, -0.4])), rows(signs));
    expect(toNumbers(sliced).reduce((a, b) => a + b) / 4).toBeCloseTo(Number(exact.data[0]), 12);
    const single = jit((t: Tensor, x: Tensor) => withDivergence(v, t, x).value.sub(v(t, x)).abs().max());
    expect(item(await single(rows(signs.map(() => [0.3])), rows(signs)))).toBe(0);
  });

  test.each(["exact", "sliced"] as const)(
    "trained with the %s trace, it recovers the score of a Gaussian that moves and widens",
    async (trace) => {
      const times = Array.from({ length: 21 }, (_, k) => k / 20);
      const clouds = times.map((t, k) => normals([t, -t], [1 - t / 2, 1], 500, 10 + k));
      const options = { layers: 2, width: 32, batch: 256, steps: 800, learningRate: 5e-3, trace } as const;
      const model = scoreMatching(recordingOf(times, clouds), options);
      const { state } = await train(model, 800, randomStream(1));
      const run = jit((p: Mlp, t: Tensor, x: Tensor) => model.score(p)(t, x));
      let [miss, size] = [0, 0];
      for (const t of [0, 0.5, 1]) {
        const x = normals([t, -t], [1 - t / 2, 1], 200, 50);
        const at = ndarray(new Float32Array(200).fill(t), [200, 1], "f32");
        const learned = toNumbers(await run(model.average(state), at, x));
        learned.forEach((v, i) => {
          const exact = i % 2 === 0 ? -(x.data[i] - t) / (1 - t / 2) ** 2 : -(x.data[i] + t);
          miss += (v - exact) ** 2;
          size += exact ** 2;
        });
      }
      expect(Math.sqrt(miss / size)).toBeLessThan(0.2);
    },
  );
});

describe("annealed Langevin dynamics with the true score", () => {
  const n = 2000;
  const move = annealer(() => trueScore);
  /** Moments of the chain itself, which stays Gaussian: x' = x - ε (x - m) / 2r² + √ε ξ. */
  const chain = (stepSize: number, inner: number, steps: number): { mean: number; variance: number } => {
    let [mean, spread] = [0, 1];
    for (let k = 1; k <= steps; k++) {
      const t = k / steps;
      const pull = stepSize / (2 * variance(t));
      for (let i = 0; i < inner; i++) {
        mean -= pull * (mean - 2 * t);
        spread = (1 - pull) ** 2 * spread + stepSize;
      }
    }
    return { mean, variance: spread };
  };
  const moments = async (stepSize: number, inner: number, steps: number) => {
    const rng = randomStream(3);
    const { clouds, evaluations } = await move({}, normals([0], [1], n, 4), 0, [0.5, 1], {
      stepSize,
      inner,
      steps: steps / 2,
      rng,
    });
    expect(evaluations).toBe(steps * inner);
    const x = clouds[1].data;
    const mean = x.reduce((a, b) => a + b, 0) / n;
    return { mean, variance: x.reduce((s, v) => s + (v - mean) ** 2, 0) / n };
  };

  test("has the moments of the discrete chain, and tends to those of the path as steps shrink and their number grows", async () => {
    const errors: number[] = [];
    for (const [stepSize, inner, steps] of [
      [0.1, 2, 20],
      [0.02, 10, 80],
    ]) {
      const exact = chain(stepSize, inner, steps);
      const found = await moments(stepSize, inner, steps);
      expect(Math.abs(found.mean - exact.mean)).toBeLessThan(5 * Math.sqrt(exact.variance / n));
      expect(Math.abs(found.variance - exact.variance)).toBeLessThan(5 * exact.variance * Math.sqrt(2 / n));
      errors.push(Math.max(Math.abs(exact.mean - 2), Math.abs(exact.variance - 0.25)));
    }
    expect(errors[1]).toBeLessThan(errors[0] / 3);
    expect(errors[1]).toBeLessThan(0.05);
  });
});
