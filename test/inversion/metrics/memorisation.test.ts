import { expect, test } from "vitest";
import { randomStream } from "../../../src/array/index.ts";
import type { Labelled } from "../../../src/inversion/labelled.ts";
import { binomialTail } from "../../../src/inversion/metrics/intervals.ts";
import { coinTail, type Memory, memorisation } from "../../../src/inversion/metrics/memorisation.ts";
import { normals } from "../../distances/clouds.ts";
import fc from "../../property.ts";

const classes = (n: number): Int32Array => Int32Array.from({ length: n }, (_, i) => i % 2);
const draw = (seed: string, n: number): Labelled => ({ x: normals(seed, n, 3), y: classes(n) });
const [train, heldOut] = [draw("train", 200), draw("held out", 120)];

const measure = async (samples: Labelled): Promise<Memory> => {
  const { pooled } = await memorisation(samples, train, heldOut, randomStream(1));
  if ("none" in pooled) throw new Error(pooled.none);
  return pooled;
};

test("a model that returns training items has t = 1, one that returns held-out items t = 0", async () => {
  const equal = draw("equal", 120); // as many as held out: none is left out
  const { pooled, classes: each } = await memorisation(equal, equal, heldOut, randomStream(1));
  expect(pooled).toMatchObject({ share: { value: 1, trials: 120 }, items: 120, ties: 0 });
  expect(pooled).toMatchObject({ binomial: expect.closeTo(2 ** -120, 40) });
  expect(each.map((c) => c.class)).toEqual([0, 1]);
  const reversed = await memorisation(heldOut, equal, heldOut, randomStream(1));
  expect(reversed.pooled).toMatchObject({ share: { value: 0 }, p: 1, binomial: 1 });
});

test("fresh draws are within the binomial interval, and p is no small number", async () => {
  const { share, p, binomial, items } = await measure(draw("fresh", 400));
  // five binomial errors, widened because samples share items
  expect(Math.abs(share.value - 0.5)).toBeLessThan(5 * 0.5 * Math.sqrt(1 / items));
  expect(p).toBeGreaterThan(0.001);
  expect(binomial).toBeGreaterThan(1e-6);
});

test("one picture made many times is one trial, not many", async () => {
  const one = { x: { ...train.x, shape: [50, 3], data: new Float32Array(150).fill(0.1) }, y: new Int32Array(50) };
  const { p, binomial, items, share } = await measure(one);
  expect(items).toBe(1);
  expect([0, 1]).toContain(share.value);
  expect(p).toBe(share.value === 1 ? 0.5 : 1);
  expect(binomial).toBeCloseTo(share.value === 1 ? 2 ** -50 : 1, 15);
});

test("items that are in both parts decide nothing", async () => {
  const { pooled } = await memorisation(heldOut, heldOut, heldOut, randomStream(1));
  expect(pooled).toMatchObject({ none: /all 120 samples/ });
});

test("a class with fewer than twenty held-out items has no test, and it is said why", async () => {
  const few = { x: normals("few", 30, 3), y: Int32Array.from({ length: 30 }, (_, i) => Number(i >= 25)) };
  const { classes: each, pooled } = await memorisation(draw("fresh", 40), train, few, randomStream(1));
  expect(each[1]).toEqual({ class: 1, none: "5 held-out and 100 training items: 20 of each are needed" });
  expect(pooled).toMatchObject({ share: { trials: 20 } });
  const none = await memorisation(draw("fresh", 4), train, { x: normals("no", 2, 3), y: Int32Array.of(0, 1) }, randomStream(1));
  expect(none.pooled).toMatchObject({ none: /no class/ });
});

test("coins of weight one are a binomial; any weights by enumeration", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 8 }), fc.integer({ min: 0, max: 40 }), (weights, h) => {
      const hits = Math.min(
        h,
        weights.reduce((a, b) => a + b, 0),
      );
      let count = 0;
      for (let mask = 0; mask < 2 ** weights.length; mask++)
        count += Number(weights.reduce((sum, w, i) => sum + (mask & (1 << i) ? w : 0), 0) >= hits);
      expect(coinTail(weights, hits)).toBeCloseTo(count / 2 ** weights.length, 12);
    }),
  );
  expect(coinTail(new Array(30).fill(1), 21)).toBeCloseTo(binomialTail(21, 30), 12);
});
