import { describe, expect, test } from "vitest";
import type { NdArray } from "../../../src/array/index.ts";
import * as nd from "../../../src/array/index.ts";
import type { Tensor } from "../../../src/tensor/index.ts";
import * as t from "../../../src/tensor/index.ts";
import fc from "../../property.ts";
import { bool, checkDerivatives, expectClose, f64, i32, normal, run } from "../check.ts";

const counting = (shape: readonly number[]): NdArray =>
  f64(
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
    shape,
  );

type Nested = number | Nested[];
/** An array as nested lists, to be rearranged by JavaScript's own methods. */
function nested({ shape, data }: NdArray, offset = 0): Nested {
  if (shape.length === 0) return Number(data[offset]);
  const [n, ...rest] = shape;
  const size = rest.reduce((a, b) => a * b, 1);
  return Array.from({ length: n }, (_, i) => nested({ dtype: "f64", shape: rest, data } as NdArray, offset + i * size));
}
const flat = (x: Nested): number[] => (Array.isArray(x) ? x.flatMap(flat) : [x]);

describe("reshape, transpose, broadcast", () => {
  test("keep row-major order and fill in -1", async () => {
    const x = counting([2, 3, 4]);
    const r = await run(
      (y: Tensor) => [
        y.reshape([4, -1]),
        y.reshape([-1]),
        y.reshape([2, 3, 2, 2]),
        t.expandDims(y, 1),
        t.expandDims(y, -1),
        t.squeeze(t.expandDims(y, 0), 0),
      ],
      x,
    );
    expect(r.map((y) => y.shape)).toEqual([[4, 6], [24], [2, 3, 2, 2], [2, 1, 3, 4], [2, 3, 4, 1], [2, 3, 4]]);
    for (const y of r) expect(nd.toNumbers(y)).toEqual(nd.toNumbers(x));
  });

  test("transpose moves element [i, j, k] to where the permutation says", async () => {
    const x = counting([2, 3, 4]);
    const r = await run((y: Tensor) => [y.transpose(), y.transpose([2, 0, 1]), y.transpose([-1, 1, 0]), t.moveAxis(y, 0, -1)], x);
    const at = (i: number, j: number, k: number): number => 12 * i + 4 * j + k;
    const list = (shape: number[], f: (...p: number[]) => number): number[] =>
      Array.from({ length: 24 }, (_, n) => {
        const [, b, c] = shape;
        return f(Math.floor(n / (b * c)), Math.floor(n / c) % b, n % c);
      });
    expect(nd.toNumbers(r[0])).toEqual(list([2, 4, 3], (i, k, j) => at(i, j, k)));
    expect(nd.toNumbers(r[1])).toEqual(list([4, 2, 3], (k, i, j) => at(i, j, k)));
    expect(nd.toNumbers(r[2])).toEqual(list([4, 3, 2], (k, j, i) => at(i, j, k)));
    expect(nd.toNumbers(r[3])).toEqual(list([3, 4, 2], (j, k, i) => at(i, j, k)));
  });

  test("broadcastTo repeats axes of length one", async () => {
    const r = await run((y: Tensor) => [y.broadcastTo([2, 3, 2]), y.broadcastTo([3, 2]), y.broadcastTo([0, 3, 2])], f64([5, 7, 9], [3, 1]));
    expect(nd.toNumbers(r[0])).toEqual([5, 5, 7, 7, 9, 9, 5, 5, 7, 7, 9, 9]);
    expect(r[2].shape).toEqual([0, 3, 2]);
  });

  test("differentiate", () =>
    checkDerivatives(
      (y) =>
        t
          .exp(y.transpose())
          .broadcastTo([2, 3, 2])
          .reshape([4, 3])
          .mul(t.squeeze(t.expandDims(y, 0), 0).reshape([6]).slice([0, 3]).broadcastTo([4, 3])),
      [normal([2, 3])],
    ));

  test("compose to what each does on its own, whatever the order (fast-check)", async () => {
    // Random chains of rearrangements against the same chain done on nested lists in JavaScript; the compiler merges neighbours.
    const step = fc.constantFrom("transpose", "flip", "reshape", "expand", "neg", "slice");
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        const x = f64(
          nd.toNumbers(counting([2, 3, 4])).map((v) => v + 1),
          [2, 3, 4],
        );
        let want: { shape: number[]; values: number[] } = { shape: [2, 3, 4], values: nd.toNumbers(x) };
        const moves: ((y: Tensor) => Tensor)[] = [];
        for (const s of steps) {
          const { shape, values } = want;
          const [a, b, c] = shape;
          const rows = Array.from({ length: a }, (_, i) =>
            Array.from({ length: b }, (_, j) => values.slice((i * b + j) * c, (i * b + j + 1) * c)),
          );
          if (s === "transpose") {
            moves.push((y) => y.transpose([1, 2, 0]));
            want = {
              shape: [b, c, a],
              values: Array.from({ length: b }, (_, j) => Array.from({ length: c }, (_, k) => rows.map((row) => row[j][k]))).flat(2),
            };
          } else if (s === "flip") {
            moves.push((y) => t.flip(y, [0, 2]));
            want = {
              shape,
              values: rows
                .map((row) => row.map((v) => [...v].reverse()))
                .reverse()
                .flat(2),
            };
          } else if (s === "reshape") {
            moves.push((y) => y.reshape([b, a, c]));
            want = { shape: [b, a, c], values };
          } else if (s === "expand") {
            moves.push((y) => t.squeeze(t.expandDims(y, 1), 1));
          } else if (s === "neg") {
            moves.push((y) => y.neg());
            want = { shape, values: values.map((v) => -v) };
          } else {
            moves.push((y) => t.concat([y.slice([1, null]), y.slice([0, 1])]));
            want = { shape, values: [...rows.slice(1), ...rows.slice(0, 1)].flat(2) };
          }
        }
        const y = await run((z: Tensor) => moves.reduce((v, f) => f(v), z), x);
        expect(y.shape).toEqual(want.shape);
        expect(nd.toNumbers(y)).toEqual(want.values);
      }),
      { numRuns: 40, seed: 3 },
    );
  });

  test("what does not fit is named", async () => {
    const x = counting([2, 3]);
    const bad = (f: (y: Tensor) => Tensor): Promise<unknown> => run(f, x);
    await expect(bad((y) => y.reshape([4, 2]))).rejects.toThrow(/reshape: cannot take the shape \[4, 2\]: got f64\[2, 3\]/);
    await expect(bad((y) => y.reshape([-1, -1]))).rejects.toThrow(/reshape/);
    await expect(bad((y) => y.reshape([-1, 4]))).rejects.toThrow(/reshape/);
    await expect(bad((y) => y.transpose([0, 0]))).rejects.toThrow(/transpose: \[0,0\] is not a permutation/);
    await expect(bad((y) => y.broadcastTo([2, 4]))).rejects.toThrow(/broadcastTo: cannot be broadcast to \[2, 4\]/);
    await expect(bad((y) => y.squeeze(0))).rejects.toThrow(/squeeze: axis 0 is not of length 1/);
    await expect(bad((y) => t.expandDims(y, 4))).rejects.toThrow(/expandDims: there is no position 4/);
  });
});

describe("slice", () => {
  /** NumPy's rule for one axis, as in Python's slice.indices. */
  function indices(n: number, start: number | null, stop: number | null, step: number): number[] {
    const clip = (i: number, low: number, high: number): number => Math.max(low, Math.min(high, i < 0 ? i + n : i));
    const [low, high] = step > 0 ? [0, n] : [-1, n - 1];
    const from = start === null ? (step > 0 ? 0 : n - 1) : clip(start, low, high);
    const to = stop === null ? (step > 0 ? n : -1) : clip(stop, low, high);
    const list: number[] = [];
    for (let i = from; step > 0 ? i < to : i > to; i += step) list.push(i);
    return list;
  }

  test("agrees with Python's slices for any start, stop and step (fast-check)", async () => {
    const bound = fc.option(fc.integer({ min: -7, max: 7 }), { nil: null });
    const cut = fc.tuple(
      bound,
      bound,
      fc.integer({ min: -3, max: 3 }).filter((s) => s !== 0),
    );
    const x = counting([2, 5]);
    // Twenty slices of one array in a program.
    await fc.assert(
      fc.asyncProperty(fc.array(cut, { minLength: 20, maxLength: 20 }), async (cuts) => {
        const loss = (y: Tensor): Tensor => cuts.map(([a, b, s]) => y.slice(null, [a, b, s]).square().sum()).reduce((p, q) => p.add(q));
        const [parts, slope] = await run((y: Tensor) => [cuts.map(([a, b, s]) => y.slice(null, [a, b, s])), t.grad(loss)(y)] as const, x);
        const times = new Array<number>(5).fill(0);
        cuts.forEach(([a, b, s], i) => {
          const picked = indices(5, a, b, s);
          for (const k of picked) times[k]++;
          expect(parts[i].shape).toEqual([2, picked.length]);
          expect(nd.toNumbers(parts[i])).toEqual([0, 5].flatMap((row) => picked.map((k) => row + k)));
        });
        expect(nd.toNumbers(slope)).toEqual(nd.toNumbers(x).map((v, i) => 2 * v * times[i % 5]));
      }),
      { numRuns: 10, seed: 5 },
    );
  });

  test("numbers pick one element, names from the end count from the end", async () => {
    const x = counting([3, 4]);
    const r = await run((y: Tensor) => [y.slice(1), y.slice(-1, 2), y.slice(null, -1), y.slice([1, 3], [null, null, 2])], x);
    expect(r.map((y) => [y.shape, nd.toNumbers(y)])).toEqual([
      [[4], [4, 5, 6, 7]],
      [[], [10]],
      [[3], [3, 7, 11]],
      [
        [2, 2],
        [4, 6, 8, 10],
      ],
    ]);
  });

  test("differentiates, through concatenations too", () =>
    checkDerivatives(
      (a, b) =>
        t.concat(
          [
            t.concat([a, b], 1).slice(null, [1, 3]),
            t.concat([a, b], 1).slice([null, null, -1], [0, 2]),
            b.slice([1, null], [null, null, -2]).broadcastTo([2, 2]),
          ],
          1,
        ),
      [normal([2, 2]), normal([2, 3])],
    ));

  test("indices out of range are named", async () => {
    const x = counting([3, 4]);
    await expect(run((y: Tensor) => y.slice(3), x)).rejects.toThrow(/slice: index 3 is out of range for axis 0: got f64\[3, 4\]/);
    await expect(run((y: Tensor) => y.slice(0, 0, 0), x)).rejects.toThrow(/slice: 3 indices for 2 axes/);
    await expect(run((y: Tensor) => y.slice([0, 1, 0]), x)).rejects.toThrow(/slice: step 0/);
  });
});

describe("pad", () => {
  const widths = [
    [1, 2],
    [-1, 1],
  ] as const;
  test("adds and cuts at both ends, with zeros or a value, in any dtype", async () => {
    const x = counting([2, 3]);
    const r = await run(
      (y: Tensor) => [
        t.pad(y, widths),
        t.pad(y, widths, 9),
        t.pad(y, [[1, 0]], Number.NEGATIVE_INFINITY),
        t.pad(y.cast("i32"), [[0, 1]], 4),
        t.pad(y.cast("bool"), [[0, 1]], 1),
        t.pad(y, [[-1, -1]]),
      ],
      x,
    );
    const grid = (v: number): number[] => [v, v, v, 1, 2, v, 4, 5, v, v, v, v, v, v, v];
    expect(r.map((y) => nd.toNumbers(y))).toEqual([
      grid(0),
      grid(9),
      [-Infinity, 0, 1, 2, -Infinity, 3, 4, 5],
      [0, 1, 2, 4, 3, 4, 5, 4],
      [0, 1, 1, 1, 1, 1, 1, 1],
      [1, 4],
    ]);
    expect(r[4].dtype).toBe("bool");
  });

  test("differentiates", async () => {
    await checkDerivatives(
      (y) =>
        t.exp(t.pad(y, widths, 2)).mul(
          t
            .pad(t.square(y), [[-1, 2]])
            .sum(1)
            .slice(0),
        ),
      [normal([2, 3])],
    );
    await checkDerivatives((y) => t.pad(y, widths, 2).slice([null, null, 2], [null, null, -2]), [normal([2, 3])]);
  });

  test("an array without elements gives only padding", async () => {
    const y = await run((x: Tensor) => t.pad(x, [[1, 2]], 3), f64([], [2, 0]));
    expect([y.shape, nd.toNumbers(y)]).toEqual([
      [2, 3],
      [3, 3, 3, 3, 3, 3],
    ]);
  });
});

describe("concat, stack, split, flip", () => {
  test("join along any axis, pieces of different length and none", async () => {
    const [a, b] = [counting([2, 1]), counting([2, 3])];
    const r = await run(
      (x: Tensor, y: Tensor) => [
        t.concat([x, y], 1),
        t.concat([y, y], 0),
        t.concat([x, y, x], -1),
        t.concat([y.slice(null, [0, 0]), x], 1),
        t.stack([y, y], 1),
        t.stack([y, y], -1),
      ],
      a,
      b,
    );
    expect(r.map((y) => [y.shape, nd.toNumbers(y)])).toEqual([
      [
        [2, 4],
        [0, 0, 1, 2, 1, 3, 4, 5],
      ],
      [
        [4, 3],
        [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5],
      ],
      [
        [2, 5],
        [0, 0, 1, 2, 0, 1, 3, 4, 5, 1],
      ],
      [
        [2, 1],
        [0, 1],
      ],
      [
        [2, 2, 3],
        [0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5],
      ],
      [
        [2, 3, 2],
        [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5],
      ],
    ]);
  });

  test("split is the inverse of concat", async () => {
    const x = counting([2, 6]);
    const r = await run((y: Tensor) => [t.concat(t.split(y, 3, 1), 1), t.concat(t.split(y, [1, 0, 5], -1), 1), ...t.split(y, 2)], x);
    expect(r[0]).toEqual(x);
    expect(r[1]).toEqual(x);
    expect(r.slice(2).map((y) => [y.shape, nd.toNumbers(y)])).toEqual([
      [
        [1, 6],
        [0, 1, 2, 3, 4, 5],
      ],
      [
        [1, 6],
        [6, 7, 8, 9, 10, 11],
      ],
    ]);
    await expect(run((y: Tensor) => t.split(y, 4, 1)[0], x)).rejects.toThrow(/split: 6 is not a multiple of 4/);
    await expect(run((y: Tensor) => t.split(y, [1, 2], 1)[0], x)).rejects.toThrow(/split: \[1, 2\] does not add up to 6/);
  });

  test("flip reverses the named axes", async () => {
    const x = counting([2, 3]);
    const r = await run((y: Tensor) => [t.flip(y, 0), t.flip(y, 1), t.flip(y, [0, -1])], x);
    expect(r.map((y) => nd.toNumbers(y))).toEqual([
      flat((nested(x) as Nested[][]).reverse()),
      flat((nested(x) as Nested[][]).map((row) => [...row].reverse())),
      flat((nested(x) as Nested[][]).map((row) => [...row].reverse()).reverse()),
    ]);
  });

  test("differentiate, batched or not", () =>
    checkDerivatives(
      (a, b) => t.flip(t.concat([t.exp(a), t.stack([b, b.mul(2)]), t.split(a, [1, 1], 1)[1].mul(b.slice([0, 1]))], 1), 1),
      [normal([2, 2]), normal([3])],
    ));

  test("pieces that do not fit are named", async () => {
    await expect(run((x: Tensor, y: Tensor) => t.concat([x, y]), counting([2, 3]), counting([2, 2]))).rejects.toThrow(
      /concat: pieces do not fit along axis -2: got f64\[2, 3\] and f64\[2, 2\]/,
    );
    await expect(run((x: Tensor, y: Tensor) => t.stack([x, y]), counting([2]), i32([1, 2]))).rejects.toThrow(/concat: pieces do not fit/);
  });
});

test("arrays without elements and scalars go through every rearrangement", async () => {
  const moves = (x: Tensor, s: Tensor) => [
    t.flip(x, [0, 1]),
    x.transpose(),
    x.reshape([0, 7]),
    x.slice([null, null, -1]),
    t.concat([x, x], 0),
    t.stack([x, x]),
    t.pad(x, [[0, 0]]),
    t.take(x, i32([1, 1])),
    t.scatterAdd(x, i32([1]), x.slice([0, 1])),
    t.tril(x.reshape([0, 2, 2])),
    s.reshape([1, 1]),
    t.stack([s, s]),
    s.broadcastTo([2]),
    t.exp(s).transpose([]),
  ];
  const r = await run(moves, f64([], [3, 0]), f64([2], []));
  expect(r.map((y) => y.shape)).toEqual([
    [3, 0],
    [0, 3],
    [0, 7],
    [3, 0],
    [6, 0],
    [2, 3, 0],
    [3, 0],
    [2, 0],
    [3, 0],
    [0, 2, 2],
    [1, 1],
    [2],
    [2],
    [],
  ]);
  await checkDerivatives((x) => t.sum(t.concat([t.flip(t.exp(x), 0), x], 1)).add(x.mean(1).sum().mul(0)), [f64([], [0, 3])]);
  expect(nd.toNumbers(await run((b: Tensor) => t.flip(b, 0), bool([true, false])))).toEqual([0, 1]);
  expectClose(
    await run(
      t.grad((x: Tensor) => t.exp(x)),
      f64([1], []),
    ),
    f64([Math.E], []),
    1e-15,
  );
});
