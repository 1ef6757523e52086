/** Losses of attacks, descents row by row, and crops. */
import { describe, expect, test } from "vitest";
import { array, type NdArray, ndarray, randomStream, toNumbers } from "../../../src/array/index.ts";
import { cropped, randomCrop } from "../../../src/inversion/attacks/augment.ts";
import { descend, inBlocks, wantedRows } from "../../../src/inversion/attacks/descent.ts";
import { crossEntropy, logitLoss, maxMargin, poincare } from "../../../src/inversion/attacks/losses.ts";
import { totalVariation } from "../../../src/inversion/attacks/plain.ts";
import { adam, sgd } from "../../../src/optim/index.ts";
import { clamp, constant, grad, jit, type Tensor } from "../../../src/tensor/index.ts";

const row = (...values: number[]): NdArray<"f64"> => ndarray(Float64Array.from(values), [1, values.length], "f64");
const indicator = (K: number, c: number): NdArray<"f64"> => row(...Array.from({ length: K }, (_, k) => (k === c ? 1 : 0)));

describe("losses", () => {
  const losses = { crossEntropy, logitLoss, maxMargin, poincare };
  const value = async (name: keyof typeof losses, logits: NdArray, c: number): Promise<number> =>
    toNumbers(await jit(losses[name])(logits, indicator(logits.shape[1], c)))[0];

  test("the Poincaré loss has the value of the formula", async () => {
    expect(await value("poincare", row(2, -1, 0.5), 0)).toBeCloseTo(9.2102903832, 9);
    // u = (1, 0) / 1 is on the border for f32 and f64 alike: far, but finite; of logits that are all 0 only the class is away from the middle
    expect(await value("poincare", row(5, 0), 0)).toBeLessThan(30);
    expect(await value("poincare", row(0, 0), 0)).toBeCloseTo(Math.acosh(1 + (2 * 0.9999 ** 2) / (1e-4 * 1.9999)), 9);
    // of the scale of the logits it knows nothing
    expect(await value("poincare", row(2e-20, -1e-20, 0.5e-20), 0)).toBeCloseTo(9.2102903832, 9);
  });

  test("the margin is what the class lacks to the best other, the logit loss knows of the class alone", async () => {
    expect(await value("maxMargin", row(1, 4, 2), 0)).toBe(3);
    expect(await value("maxMargin", row(5, 0, 0), 0)).toBe(-5);
    expect(await value("logitLoss", row(1, 4, 2), 1)).toBe(-4);
    expect(await value("crossEntropy", row(0, Math.log(3)), 1)).toBeCloseTo(-Math.log(0.75), 14);
  });

  test.each(["crossEntropy", "logitLoss", "maxMargin", "poincare"] as const)("%s: gradient against central differences", async (name) => {
    const logits = row(0.8, -1.1, 0.3, 2.2);
    const f = (x: Tensor): Tensor => losses[name](x, constant(indicator(4, 2))).sum();
    const [slope, at] = [toNumbers(await jit(grad(f))(logits)), jit(f)];
    for (const [k, expected] of slope.entries()) {
      const moved = async (h: number): Promise<number> =>
        toNumbers(await at({ ...logits, data: logits.data.map((v, j) => v + (j === k ? h : 0)) }))[0];
      expect(((await moved(1e-5)) - (await moved(-1e-5))) / 2e-5).toBeCloseTo(expected, 7);
    }
  });

  test("gradients are finite for logits of one number that is not 0, and for none", async () => {
    const slope = jit(
      grad((x: Tensor) =>
        poincare(
          x,
          constant(
            array([
              [1, 0],
              [1, 0],
            ]),
          ),
        ).sum(),
      ),
    );
    for (const v of toNumbers(
      await slope(
        array([
          [3, 0],
          [0, 0],
        ]),
      ),
    ))
      expect(Number.isFinite(v)).toBe(true);
  });
});

describe("descents", () => {
  const well = array([
    [1, -2],
    [0.5, 3],
    [-4, 0.1],
  ]);
  const curvature = array([[1, 20]]);
  /** ½ Σ_k a_k (z_k - c_k)², row by row. */
  const quadratic = (centre: NdArray) => (z: Tensor) => z.sub(constant(centre)).square().mul(constant(curvature)).sum(-1).mul(0.5);
  const start = randomStream(1).normal([3, 2]);
  const rowOf = (a: NdArray, i: number): number[] => toNumbers(a).slice(2 * i, 2 * i + 2);
  const one = (a: NdArray, i: number): NdArray => ndarray(Float32Array.from(rowOf(a, i)), [1, 2], "f32");

  test.each([
    ["sgd with momentum", sgd(0.02, { momentum: 0.9 })],
    ["adam", adam(0.1)],
  ] as const)("%s reaches the minimum of a quadratic, and tells of every step", async (_, optimizer) => {
    let told = 0;
    const z = await descend(start, quadratic(well), { optimizer, steps: 600 }, randomStream(2), () => void told++);
    toNumbers(z).forEach((v, i) => void expect(v).toBeCloseTo(toNumbers(well)[i], 3));
    expect(told).toBe(600);
  });

  test("a row's way does not depend on its neighbours", async () => {
    const options = { optimizer: adam(0.1), steps: 20 };
    const together = await descend(start, quadratic(well), options, randomStream(2), () => {});
    for (let i = 0; i < 3; i++) {
      const alone = await descend(one(start, i), quadratic(one(well, i)), options, randomStream(2), () => {});
      expect(rowOf(alone, 0)).toEqual(rowOf(together, i));
    }
  });

  test("every step ends within what is allowed", async () => {
    const project = (z: Tensor): Tensor => clamp(z, -1, 1);
    const z = await descend(start, quadratic(well), { optimizer: sgd(0.02), steps: 900, project }, randomStream(2), () => {});
    toNumbers(z).forEach((v, i) => void expect(v).toBeCloseTo(Math.max(-1, Math.min(1, toNumbers(well)[i])), 4));
  });

  test("noise is drawn anew at every step, from the stream that is given", async () => {
    const loss = (z: Tensor, { e }: { e: Tensor }): Tensor => z.mul(e).sum(-1);
    const drawn: number[] = [];
    const noise = (stream: ReturnType<typeof randomStream>) => {
      const e = stream.normal([3, 2]);
      drawn.push(toNumbers(e)[0]);
      return { e };
    };
    const z = await descend(start, loss, { optimizer: sgd(1), steps: 4, noise }, randomStream(5), () => {});
    expect(new Set(drawn).size).toBe(4);
    // z = start - Σ e
    expect(toNumbers(z)[0]).toBeCloseTo(toNumbers(start)[0] - drawn.reduce((a, b) => a + b), 5);
  });

  test("rows go through in blocks of any number", async () => {
    for (const n of [0, 1, 1999, 2001]) {
      const x = ndarray(
        Float32Array.from({ length: 2 * n }, (_, i) => i),
        [n, 1, 2],
        "f32",
      );
      const found = await inBlocks(x, (x) => x.reshape([x.shape[0], 2]).mul(2));
      expect(found.shape).toEqual([n, n === 0 ? 0 : 2]);
      expect(found.data.every((v, i) => v === 2 * i)).toBe(true);
    }
  });

  test("indicators of classes, so many rows each", async () => {
    const wanted = await jit(() => wantedRows([2, 0], 2, 3))();
    expect(toNumbers(wanted)).toEqual([0, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0, 0]);
  });
});

describe("crops", () => {
  const shape = [2, 6, 9];
  const picture = (f: (y: number, x: number) => number): NdArray =>
    ndarray(
      Float32Array.from({ length: 2 * 54 }, (_, i) => (i < 54 ? 1 : -2) * f(Math.floor((i % 54) / 9), i % 9)),
      [1, 108],
      "f32",
    );
  const crop = async (x: NdArray, least: number, seed: number): Promise<number[]> => {
    const { rows, columns } = randomCrop(shape, least, randomStream(seed));
    return toNumbers(await jit((x: Tensor) => cropped(x, shape, { rows: constant(rows), columns: constant(columns) }))(x));
  };

  test("a crop of all is the picture itself", async () => {
    const x = picture((y, x) => Math.sin(3 * y + x));
    (await crop(x, 1, 1)).forEach((v, i) => void expect(v).toBeCloseTo(toNumbers(x)[i], 6));
  });

  test("weights of a pixel are none below 0 and add up to 1; none is mirrored", () => {
    for (let seed = 0; seed < 20; seed++) {
      const { rows, columns } = randomCrop(shape, 0.5, randomStream(seed));
      for (const {
        data,
        shape: [n],
      } of [rows, columns]) {
        let last = -1;
        for (let i = 0; i < n; i++) {
          const weights = [...data.slice(i * n, (i + 1) * n)].map(Number);
          expect(Math.min(...weights)).toBeGreaterThanOrEqual(0);
          expect(weights.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
          const at = weights.reduce((s, w, k) => s + w * k, 0);
          expect(at).toBeGreaterThanOrEqual(last);
          last = at;
        }
      }
    }
  });

  test("a crop of a ramp is a ramp of the same direction, less steep by the side of the crop", async () => {
    const side = 0.8;
    // sides between 0.8 and 0.8 + tiny: the stream's first number chooses within [least, 1]
    const v = await crop(
      picture((y, x) => 2 * y + x),
      side,
      3,
    );
    const [u] = randomStream(3).uniform([3], "f64").data;
    const share = side + (1 - side) * u;
    // away from the border, where positions are kept inside the picture
    for (const [y, x] of [
      [2, 3],
      [3, 4],
      [2, 5],
    ]) {
      expect(v[9 * (y + 1) + x] - v[9 * y + x]).toBeCloseTo(2 * share, 4);
      expect(v[9 * y + x + 1] - v[9 * y + x]).toBeCloseTo(share, 4);
      expect(v[54 + 9 * y + x]).toBeCloseTo(-2 * v[9 * y + x], 4);
    }
  });

  test("total variation is the sum of squared differences of neighbours", async () => {
    const found = await jit((x: Tensor) => totalVariation(x, shape))(picture((y, x) => 2 * y + x));
    // 5·9 differences of 2 and 6·8 of 1; the second channel is twice as steep
    expect(toNumbers(found)[0]).toBeCloseTo((45 * 4 + 48) * (1 + 4), 3);
  });
});
