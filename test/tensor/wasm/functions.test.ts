/** Elementary functions of the WebAssembly backend against the host's in doubles, over all of their range. */
import { describe, expect, test } from "vitest";
import { array, ndarray, toNumbers } from "../../../src/array/index.ts";
import * as pf from "../../../src/tensor/index.ts";

const run = pf.jit;
const wasm = { device: "wasm" } as const;

/** Every so many-th of all f32, infinities, NaN and numbers below the normal ones among them. */
const singles = (): Float32Array<ArrayBuffer> => {
  const bits = Uint32Array.from({ length: 2 ** 16 }, (_, i) => Math.imul(i, 65_537 + 2) >>> 0);
  return new Float32Array(bits.buffer);
};

/** Distance between neighbours at y, that of the least normal number below it. */
const unit = (y: number, digits: number, least: number): number => 2 ** (Math.floor(Math.log2(Math.max(Math.abs(y), least))) - digits);

async function worst(f: (x: pf.Tensor) => pf.Tensor, reference: (x: number) => number, dtype: "f32" | "f64"): Promise<number> {
  // in doubles, numbers that are no f32
  const given = dtype === "f32" ? singles() : Float64Array.from(singles(), (x, i) => x * (1 + (i % 97) * 1e-9));
  const y = toNumbers(await run(f, wasm)(ndarray<"f32" | "f64">(given, [given.length], dtype)));
  let most = 0;
  y.forEach((got, i) => {
    const exact = reference(given[i]);
    const wanted = dtype === "f32" ? Math.fround(exact) : exact;
    if (!Number.isFinite(wanted) || !Number.isFinite(got)) return expect(got, `at ${given[i]}`).toBe(wanted);
    most = Math.max(most, Math.abs(got - exact) / (dtype === "f32" ? unit(exact, 23, 2 ** -126) : unit(exact, 52, 2 ** -1022)));
  });
  return most;
}

/** Function, reference, and units in the last place that it may be off, with the half that rounding the reference adds in doubles. */
const stated: Record<string, [(x: pf.Tensor) => pf.Tensor, (x: number) => number, number]> = {
  exp: [pf.exp, Math.exp, 1.5],
  log: [pf.log, Math.log, 1.5],
  sin: [pf.sin, Math.sin, 2.5],
  cos: [pf.cos, Math.cos, 2.5],
  tanh: [pf.tanh, Math.tanh, 3.5],
};

describe.each(Object.entries(stated))("%s", (_, [f, reference, bound]) => {
  test.each(["f32", "f64"] as const)("in %s is right to some units in the last place", async (dtype) => {
    expect(await worst(f, reference, dtype)).toBeLessThan(bound);
  });
});

test("the logistic function is right to 3 units, where it is below the normal numbers too", async () => {
  const logistic = (x: number): number => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));
  expect(await worst(pf.sigmoid, logistic, "f32")).toBeLessThan(3);
});

test("the error function in f32 against its own composition in f64", async () => {
  const x = Float32Array.from({ length: 40_001 }, (_, i) => (i - 20_000) / 4000);
  const [low, high] = await run((t: pf.Tensor) => [pf.erf(t), pf.erf(t.cast("f64"))], wasm)(ndarray(x, [x.length], "f32"));
  const wanted = toNumbers(high);
  toNumbers(low).forEach((y, i) => expect(Math.abs(y - wanted[i])).toBeLessThan(7 * unit(wanted[i], 23, 2 ** -126)));
});

test("powers follow IEEE 754", async () => {
  const pairs = [
    ...[
      [2, 10],
      [2, -0.5],
      [-2, 3],
      [-2, 0.5],
      [0, 0],
      [0, -1],
      [1, Number.NaN],
      [Number.NaN, 0],
    ],
    ...[
      [-1, Number.POSITIVE_INFINITY],
      [1, Number.NEGATIVE_INFINITY],
      [0.5, Number.POSITIVE_INFINITY],
      [1e20, 20],
    ],
  ];
  const wanted = [1024, Math.SQRT1_2, -8, Number.NaN, 1, Number.POSITIVE_INFINITY, 1, 1, 1, 1, 0, Number.POSITIVE_INFINITY];
  for (const dtype of ["f32", "f64"] as const) {
    const [x, p] = [0, 1].map((k) => (dtype === "f32" ? Float32Array : Float64Array).from(pairs.map((pair) => pair[k])));
    const shape = [pairs.length];
    const y = await run(pf.pow, wasm)(ndarray<"f32" | "f64">(x, shape, dtype), ndarray<"f32" | "f64">(p, shape, dtype));
    toNumbers(y).forEach((got, i) => {
      if (Number.isFinite(wanted[i]))
        expect(Math.abs(got - wanted[i]), `${pairs[i]}`).toBeLessThanOrEqual(Math.abs(wanted[i]) * 6e-8 * (dtype === "f32" ? 1 : 1e-8));
      else expect(got, `${pairs[i]}`).toBe(wanted[i]);
    });
  }
});

test("odd functions keep the sign of 0, by which their reciprocals are told apart", async () => {
  const odd = [pf.sin, pf.tan, pf.tanh, pf.erf, pf.atan, pf.asin, pf.sinh, pf.asinh, pf.atanh, pf.expm1, pf.log1p];
  const f = (x: pf.Tensor) => odd.map((g) => pf.reciprocal(g(x)));
  for (const dtype of ["f32", "f64"] as const) {
    const results = await run(f, wasm)(array([-0, 0], dtype));
    for (const y of results) expect(toNumbers(y)).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
  }
});
