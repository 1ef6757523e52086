/** Programs in WebAssembly at their edges: dtypes beside each other, loops whose results nobody uses, many inputs, calls that failed. */
import { describe, expect, test } from "vitest";
import { array, ndarray, randomStream, toNumbers } from "../../../src/array/index.ts";
import * as pf from "../../../src/tensor/index.ts";
import { bool, expectClose, f32 } from "../check.ts";

const wasm = { device: "wasm" } as const;

describe("dtypes", () => {
  test("i32 between two conversions of i64 or f64 in one loop wraps to 32 bits", async () => {
    const x = [0, -1, 2 ** 31, -(2 ** 31) - 1, 2 ** 40 + 7, 255];
    const f = (whole: pf.Tensor, real: pf.Tensor) => [whole.cast("i32").cast("i64"), real.cast("i32").cast("f64")];
    const results = await pf.jit(f, wasm)(array(x, "i64"), array(x, "f64"));
    for (const y of results) expect(toNumbers(y)).toEqual(x.map((v) => Number(BigInt.asIntN(32, BigInt(v)))));
  });

  test("i64 becomes f32 in one rounding", async () => {
    // just above half way between two f32; as f64 it is half way, which would go to the even one
    const x = ndarray(BigInt64Array.of(2n ** 60n + 2n ** 36n + 1n, -(2n ** 60n) - 2n ** 36n - 1n), [2], "i64");
    const y = await pf.jit((t: pf.Tensor) => t.cast("f32"), wasm)(x);
    expect(toNumbers(y)).toEqual([2 ** 60 + 2 ** 37, -(2 ** 60) - 2 ** 37]);
  });

  test("a constant of 64 bits that no number of JavaScript holds keeps all its bits", async () => {
    const one = ndarray(BigInt64Array.of(2n ** 60n + 1n), [1], "i64");
    const y = await pf.jit((t: pf.Tensor) => t.add(one), wasm)(array([1, 2], "i64"));
    expect([...y.data]).toEqual([2n ** 60n + 2n, 2n ** 60n + 3n]);
  });

  test("the largest of booleans is whether any holds, the smallest whether all do", async () => {
    const x = bool([true, false, true, true, false, false, true, true, true, false], [5, 2]);
    const [a, b, c, d] = await pf.jit((t: pf.Tensor) => [pf.max(t, 1), pf.min(t, 1), pf.max(t, 0), pf.min(t, 0)], wasm)(x);
    expect([a, b, c, d].map(toNumbers)).toEqual([
      [1, 1, 0, 1, 1],
      [0, 1, 0, 1, 0],
      [1, 1],
      [0, 0],
    ]);
  });

  test("extrema and signs of i64 see all 64 bits, on both targets", async () => {
    const x = array([2 ** 31, -1, -(2 ** 31) - 1, 7, 2 ** 40, -7], "i64", [3, 2]);
    const f = (t: pf.Tensor) => [pf.maximum(t, 0), pf.minimum(t, 0), pf.sign(t), pf.max(t), pf.min(t, 0), pf.max(t, [1], true)];
    for (const device of ["wasm", "cpu"] as const) {
      const results = await pf.jit(f, { device })(x);
      expect(results.map(toNumbers), device).toEqual([
        [2 ** 31, 0, 0, 7, 2 ** 40, 0],
        [0, -1, -(2 ** 31) - 1, 0, 0, -7],
        [1, -1, -1, 1, 1, -1],
        [2 ** 40],
        [-(2 ** 31) - 1, -7],
        [2 ** 31, 7, 2 ** 40],
      ]);
      expect(results[5].shape).toEqual([3, 1]);
    }
  });

  test("updates of bytes and of booleans add up", async () => {
    const i = array([0, 0, 2], "i32");
    const f = (x: pf.Tensor, u: pf.Tensor) => [pf.scatterAdd(x, i, u), pf.scatterAdd(x.cast("bool"), i, u.cast("bool"))];
    const [bytes, booleans] = await pf.jit(f, wasm)(array([250, 1, 0], "u8"), array([4, 4, 0], "u8"));
    expect(toNumbers(bytes)).toEqual([2, 1, 0]);
    expect([...booleans.data]).toEqual([1, 1, 0]);
  });
});

test("softmax of nothing is nothing", async () => {
  const f = (x: pf.Tensor) => [pf.softmax(x), pf.logSoftmax(x), pf.logSoftmax(x.cast("f64"))];
  for (const device of ["wasm", "cpu"] as const) {
    const results = await pf.jit(f, { device })(f32([], [3, 0]));
    expect(results.map((y) => y.shape)).toEqual([
      [3, 0],
      [3, 0],
      [3, 0],
    ]);
  }
});

test("an order of nothing is nothing, for every shape and dtype", async () => {
  const f = (x: pf.Tensor) => [pf.sort(x), pf.argsort(x.cast("i32")), pf.topK(x, 1).indices];
  for (const device of ["wasm", "cpu"] as const) {
    const results = await pf.jit(f, { device })(f32([], [2, 0, 3]));
    expect(results.map((y) => [y.dtype, ...y.shape])).toEqual([
      ["f32", 2, 0, 3],
      ["i32", 2, 0, 3],
      ["i32", 2, 0, 1],
    ]);
  }
});

test("what a scan gives and nobody uses does not disturb its steps", async () => {
  const rng = randomStream("scan");
  const [c, w] = [rng.normal([3, 3], "f64"), rng.normal([3, 3], "f64")];
  const run = (unroll: boolean) => (first: pf.Tensor, weights: pf.Tensor) => {
    const step = (a: pf.Tensor) => {
      const [b, d, e] = [a.matmul(weights), pf.sort(a), pf.cumsum(a, 0)];
      return { carry: pf.tanh(b.matmul(d).add(e.matmul(b))), y: [b, d, e] };
    };
    const { carry, ys } = pf.scan(step, first, 4, { unroll });
    return [carry, ys[1]];
  };
  const [looped, written] = await Promise.all([false, true].map((unroll) => pf.jit(run(unroll), wasm)(c, w)));
  looped.forEach((y, i) => expectClose(y, written[i], 1e-12));
});

test("a view that a program gives twice is the same both times, whatever is computed after it", async () => {
  const f = (x: pf.Tensor) => {
    const columns = pf.exp(x).transpose();
    // read across rows of the view, for which it is copied
    const flat = pf.slice(columns.reshape([-1]), [1, 8]);
    return [columns, pf.sort(pf.sort(flat).mul(-1)), columns];
  };
  const x = randomStream("view").normal([3, 4], "f64");
  const [first, , second] = await pf.jit(f, wasm)(x);
  const wanted = Array.from({ length: 12 }, (_, i) => Math.exp(Number(x.data[(i % 3) * 4 + Math.floor(i / 3)])));
  for (const y of [first, second]) expectClose(y, wanted, 1e-14);
});

test("programs take and give more tensors than a function of WebAssembly has parameters", async () => {
  const n = 1100;
  const f = (xs: readonly pf.Tensor[]) => xs.map((x, i) => x.add(xs[(i + 1) % n]));
  const results = await pf.jit(f, wasm)(Array.from({ length: n }, (_, i) => array([i])));
  expect(results.map((y) => toNumbers(y)[0])).toEqual(Array.from({ length: n }, (_, i) => i + ((i + 1) % n)));
});

describe("an index out of range", () => {
  // large, so that states are given in place
  const n = 20_000;
  const reversed = (x: pf.Tensor, i: pf.Tensor) => pf.flip(x, 0).add(pf.take(x, i));

  test("leaves the last results as they were, for a next call to go on from", async () => {
    const [good, bad] = [array([1], "i32"), array([n], "i32")];
    const [own, fresh] = [pf.jit(reversed, { ...wasm, reuse: true }), pf.jit(reversed, wasm)];
    const x = randomStream("state").normal([n]);
    const first = await own(x, good);
    await expect(own(first, bad)).rejects.toThrow(`index ${n} is out of range`);
    expect(toNumbers(await own(first, good))).toEqual(toNumbers(await fresh(await fresh(x, good), good)));
  });

  test("is told in all its digits", async () => {
    const f = pf.jit((x: pf.Tensor, i: pf.Tensor) => pf.take(x, i), wasm);
    await expect(f(array([1, 2]), array([2 ** 40 + 1], "i64"))).rejects.toThrow(`index ${2 ** 40 + 1} is out of range for an axis of 2`);
    await expect(f(array([1, 2]), array([-(2 ** 40)], "i64"))).rejects.toThrow(`index ${-(2 ** 40)} is out of range`);
  });
});

test("programs may be deeper than calls", async () => {
  const n = 9_000;
  // what comes first and last is one loop, or two around the chain
  const f = (x: pf.Tensor, w: pf.Tensor) => {
    const [early, start] = [pf.exp(x), x.mul(2)];
    let [beside, after] = [x, start];
    for (let k = 0; k < n; k++) beside = beside.matmul(w);
    for (let k = 0; k < n; k++) after = after.matmul(w);
    return [early.add(beside), after.sub(start)];
  };
  const [a, b] = await pf.jit(f, wasm)(f32([0], [1, 1]), f32([1], [1, 1]));
  expect([...toNumbers(a), ...toNumbers(b)]).toEqual([1, 0]);
});
