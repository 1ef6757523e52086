/** Programs in WebAssembly: fused as they may be, their elements are those of the engine's own meaning of each primitive. */
import { describe, expect, test } from "vitest";
import { array, type NdArray, randomStream, toNumbers } from "../../../src/array/index.ts";
import { evaluate } from "../../../src/tensor/evaluate.ts";
import * as pf from "../../../src/tensor/index.ts";
import { planProgram } from "../../../src/tensor/wasm/plan.ts";
import fc from "../../property.ts";
import { expectClose, f64 } from "../check.ts";

const wasm = { device: "wasm" } as const;

/** Builds a tensor from those made before it. */
type Step = (made: readonly pf.Tensor[], pick: (k: number) => pf.Tensor) => pf.Tensor;

/** Brings a tensor to a shape: by broadcasting where that can be, else by its first elements. */
const like = (x: pf.Tensor, shape: readonly number[]): pf.Tensor => {
  const flat = x.reshape([-1]);
  const size = shape.reduce((a, b) => a * b, 1);
  const times = Math.ceil(size / flat.size);
  return pf.slice(pf.concat(new Array(times).fill(flat)), [0, size]).reshape([...shape]);
};

const steps: readonly ((a: number, b: number) => Step)[] = [
  (a, b) => (_, pick) => pick(a).add(like(pick(b), pick(a).shape)),
  (a, b) => (_, pick) => pick(a).mul(like(pick(b), pick(a).shape)),
  (a, b) => (_, pick) => pf.maximum(pick(a), like(pick(b), pick(a).shape)),
  (a, b) => (_, pick) => pf.where(pf.less(pick(a), like(pick(b), pick(a).shape)), pick(a), 0.5),
  (a) => (_, pick) => pf.abs(pick(a)).sub(1),
  (a) => (_, pick) => pick(a).mul(0.5).add(2),
  (a) => (_, pick) => pick(a).transpose(),
  (a) => (_, pick) => pf.flip(pick(a), -1),
  (a) => (_, pick) => pick(a).reshape([pick(a).shape[1], pick(a).shape[0]]),
  (a) => (_, pick) => pf.slice(pick(a), [0, null, 2]),
  (a) => (_, pick) => pf.slice(pick(a), null, [null, null, -1]),
  (a, b) => (_, pick) => pf.concat([pick(a), like(pick(b), [2, pick(a).shape[1]])], 0),
  (a) => (_, pick) => pf.concat([pick(a), pick(a).mul(2)], 1),
  (a) => (_, pick) => pick(a).add(pf.sum(pick(a), 0, true)),
  (a) => (_, pick) => pick(a).sub(pf.sum(pick(a).mul(0.25), 1, true)),
  (a) => (_, pick) => pf.broadcastTo(pf.sum(pick(a)).mul(0.1), [2, 3]).add(1),
  (a) => (_, pick) => pf.broadcastTo(pf.max(pick(a), 1, true), pick(a).shape),
];

/** A program of the steps that numbers name; every tensor has two axes. */
function programOf(numbers: readonly number[]): (x: pf.Tensor, y: pf.Tensor) => pf.Tensor[] {
  return (x, y) => {
    const made = [x, y];
    for (const n of numbers) {
      const pick = (k: number): pf.Tensor => made[(Math.floor(n / 17) + k * 7) % made.length];
      const next = steps[n % steps.length](Math.floor(n / 289), Math.floor(n / 4913))(made, pick);
      // small enough to be evaluated by the other way
      if (next.size > 0 && next.size <= 400) made.push(next);
    }
    return made.slice(2);
  };
}

describe("any program", () => {
  const inputs = (seed: number): [NdArray, NdArray] => {
    const rng = randomStream(seed);
    return [rng.normal([3, 5], "f64"), rng.normal([4, 2], "f64")];
  };

  test("of elementwise primitives, views, sums and pieces has the elements that evaluation on the host gives", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(80_000), { minLength: 3, maxLength: 14 }), fc.nat(1000), async (numbers, seed) => {
        const [x, y] = inputs(seed);
        const f = programOf(numbers);
        const got = await pf.jit(f, wasm)(x, y);
        const { outputs } = pf.trace(() => f(pf.constant(x), pf.constant(y)), []);
        outputs.forEach((t, i) => {
          const wanted = evaluate(t, 1000);
          if (wanted) expectClose(got[i], wanted, 1e-12, `output ${i} of ${numbers}`);
        });
      }),
      { numRuns: 60 },
    );
  });

  test("gives the same bits, twice, with buffers of its own, and from results of an earlier call", async () => {
    const f = (x: pf.Tensor, y: pf.Tensor) => [pf.tanh(x.matmul(like(y, [5, 3]))).matmul(like(x, [3, 5])), y.mul(0.9)] as const;
    const [x, y] = inputs(1);
    const fresh = pf.jit(f, wasm);
    const own = pf.jit(f, { ...wasm, reuse: true });
    let [a, b]: readonly [NdArray, NdArray] = [x, y];
    let [c, d]: readonly [NdArray, NdArray] = [x, y];
    for (let step = 0; step < 4; step++) {
      [a, b] = await fresh(a, b);
      [c, d] = await own(c, d);
      expect(toNumbers(c)).toEqual(toNumbers(a));
      expect(toNumbers(d)).toEqual(toNumbers(b));
    }
  });
});

test("a chain of elementwise primitives with its sums is one loop", () => {
  const chain = (x: pf.Tensor) => {
    const y = pf.tanh(x.mul(2).add(1)).mul(pf.exp(x));
    return [y, pf.sum(y, 1), pf.sum(pf.square(y))];
  };
  const plan = planProgram(pf.trace(chain, [pf.like([8, 6])]));
  expect(plan.units.length).toBe(1);
  // the sums alone need memory: what is added over rows, in doubles
  expect(plan.read.size).toBe(1);
});

test("sums of f32 are right to rounding however long, and integers wrap", async () => {
  const n = 1_000_003;
  const ones = new Float32Array(n).fill(0.1);
  const [total, columns] = await pf.jit(
    (x: pf.Tensor) => [pf.sum(x), pf.sum(pf.slice(x, [0, 1_000_000]).reshape([-1, 4]), 0)],
    wasm,
  )(array(ones));
  // ½ unit in the last place of the exact sum of the number that 0.1 is in f32
  const exact = n * Math.fround(0.1);
  expect(Math.abs(toNumbers(total)[0] - exact)).toBeLessThanOrEqual(2 ** -8);
  for (const c of toNumbers(columns)) expect(Math.abs(c - 250_000 * Math.fround(0.1))).toBeLessThanOrEqual(2 ** -10);
  const wrapped = await pf.jit((x: pf.Tensor) => pf.sum(x), wasm)(array([2 ** 31 - 1, 5], "i32"));
  expect(toNumbers(wrapped)).toEqual([-(2 ** 31) + 4]);
});

test("extrema of every dtype begin with what changes nothing", async () => {
  for (const dtype of ["f32", "f64", "i32", "i64", "u8"] as const) {
    const x = array([5, 9, 7, 3, 8, 6], dtype, [2, 3]);
    const [top, bottom] = await pf.jit((t: pf.Tensor) => [pf.max(t, 0), pf.min(t, 0)], wasm)(x);
    expect([toNumbers(top), toNumbers(bottom)], dtype).toEqual([
      [5, 9, 7],
      [3, 8, 6],
    ]);
  }
  const low = -(2 ** 40);
  expect(toNumbers(await pf.jit((t: pf.Tensor) => pf.max(t, 0), wasm)(array([low, low - 1], "i64", [2, 1])))).toEqual([low]);
});

describe("products", () => {
  const sizes = [
    [1, 1, 1],
    [4, 8, 256],
    [5, 9, 257],
    [97, 33, 300],
    [3, 40, 600],
    [130, 3, 20],
    [17, 70, 1],
  ];
  test.each(sizes)("%i x %i over %i, transposed or not, in f64 and f32", async (m, n, k) => {
    const rng = randomStream(`${m} ${n} ${k}`);
    const [a, b] = [rng.normal([m, k], "f64"), rng.normal([k, n], "f64")];
    const f = (x: pf.Tensor, y: pf.Tensor) => {
      const [xt, yt] = [x.transpose(), y.transpose()].map((t) => t.add(0).transpose());
      const single = [x, y].map((t) => t.cast("f32"));
      return [x.matmul(y), xt.matmul(yt), yt.transpose().matmul(xt.transpose()).transpose(), single[0].matmul(single[1]).cast("f64")];
    };
    const results = await pf.jit(f, wasm)(a, b);
    const wanted = Array.from({ length: m * n }, (_, at) => {
      const [i, j] = [Math.floor(at / n), at % n];
      let sum = 0;
      for (let p = 0; p < k; p++) sum += Number(a.data[i * k + p]) * Number(b.data[p * n + j]);
      return sum;
    });
    // n roundings of sums of k products
    results.slice(0, 3).forEach((y) => expectClose(y, f64(wanted, [m, n]), 2e-16 * (k + 8)));
    expectClose(results[3], f64(wanted, [m, n]), 1.2e-7 * (Math.sqrt(k) + 8));
  });
});

test("what does not fit the memory of WebAssembly is told with its size", async () => {
  const square = (x: pf.Tensor) => pf.broadcastTo(x, [2 ** 16, 2 ** 16]).add(pf.iota(2 ** 16, "f32").expandDims(1));
  await expect(pf.jit((x: pf.Tensor) => pf.sort(square(x)), wasm)(array([1]))).rejects.toThrow(
    /needs \d+ MiB of memory, which WebAssembly does not give/,
  );
});
