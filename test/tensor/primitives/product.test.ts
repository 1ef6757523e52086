import { describe, expect, test } from "vitest";
import type { NdArray } from "../../../src/array/index.ts";
import * as nd from "../../../src/array/index.ts";
import type { Tensor } from "../../../src/tensor/index.ts";
import * as t from "../../../src/tensor/index.ts";
import { checkDerivatives, expectClose, i32, normal, run } from "../check.ts";

/** Index of the element at `at` (aligned at the last axes, length-one axes repeated). */
function read(a: NdArray, at: readonly number[]): number {
  const own = at.slice(at.length - a.shape.length).map((k, i) => (a.shape[i] === 1 ? 0 : k));
  return nd.toNumbers(a)[own.reduce((s, k, i) => s * a.shape[i] + k, 0)];
}

const cells = (shape: readonly number[]): number[][] =>
  shape.reduce<number[][]>((all, n) => all.flatMap((at) => Array.from({ length: n }, (_, k) => [...at, k])), [[]]);

/** NumPy's matmul by its definition. */
function product(a: NdArray, b: NdArray): number[] {
  const [x, y] = [a.shape.length === 1 ? [1, ...a.shape] : a.shape, b.shape.length === 1 ? [...b.shape, 1] : b.shape];
  const [A, B] = [
    { ...a, shape: x },
    { ...b, shape: y },
  ];
  const rank = Math.max(x.length, y.length);
  const long = (s: readonly number[]): number[] => [...new Array(rank - s.length).fill(1), ...s].slice(0, -2);
  const head = long(x).map((n, i) => (n === 1 ? long(y)[i] : n));
  const [m, k, n] = [x[x.length - 2], x[x.length - 1], y[y.length - 1]];
  return cells([...head, m, n]).map((at) => {
    const [i, j] = at.slice(-2);
    const h = at.slice(0, -2);
    let s = 0;
    for (let l = 0; l < k; l++) s += read(A, [...h, i, l]) * read(B, [...h, l, j]);
    return s;
  });
}

const shapes: [readonly number[], readonly number[], readonly number[]][] = [
  [[3], [3], []],
  [[2, 3], [3], [2]],
  [[3], [3, 4], [4]],
  [
    [2, 3],
    [3, 4],
    [2, 4],
  ],
  [
    [5, 2, 3],
    [3, 4],
    [5, 2, 4],
  ],
  [
    [2, 3],
    [5, 3, 4],
    [5, 2, 4],
  ],
  [[3], [5, 3, 4], [5, 4]],
  [[5, 2, 3], [3], [5, 2]],
  [
    [5, 2, 3],
    [5, 3, 4],
    [5, 2, 4],
  ],
  [
    [5, 1, 2, 3],
    [4, 3, 2],
    [5, 4, 2, 2],
  ],
  [
    [1, 3],
    [3, 1],
    [1, 1],
  ],
  [
    [2, 1],
    [1, 3],
    [2, 3],
  ],
  [
    [0, 3],
    [3, 2],
    [0, 2],
  ],
  [
    [2, 0],
    [0, 3],
    [2, 3],
  ],
  [
    [4, 2, 0],
    [4, 0, 3],
    [4, 2, 3],
  ],
];

describe("matmul", () => {
  for (const [a, b, shape] of shapes)
    test(`[${a}] times [${b}] is the sum of products, and differentiates`, async () => {
      const [x, y] = [normal(a, 1), normal(b, 2)];
      const z = await run(t.matmul, x, y);
      expect(z.shape).toEqual(shape);
      expectClose(z, product(x, y), 1e-14);
      await checkDerivatives(t.matmul, [x, y]);
    });

  test("of transposed operands in every combination and dtype", async () => {
    for (const dtype of ["f32", "f64", "i32"] as const) {
      const whole = (shape: number[], seed: number): NdArray => ({
        ...nd.array(
          nd.toNumbers(normal(shape, seed)).map((v) => Math.round(5 * v)),
          dtype,
          shape,
        ),
      });
      for (const head of [[], [2]]) {
        const [a, b] = [whole([...head, 3, 4], 1), whole([...head, 4, 2], 2)];
        const results = await run(
          (x: Tensor, y: Tensor, xt: Tensor, yt: Tensor) => [
            x.matmul(y),
            xt.transpose().matmul(y),
            x.matmul(yt.transpose()),
            xt.transpose().matmul(yt.transpose()),
            yt.matmul(xt).transpose(),
          ],
          a,
          b,
          await run((x: Tensor) => x.transpose(), a),
          await run((x: Tensor) => x.transpose(), b),
        );
        // Whole numbers below 2^24: exact in each dtype.
        for (const r of results) expect(nd.toNumbers(r)).toEqual(product(a, b).map((v) => v + 0));
      }
    }
  });

  test("with rows, columns or elements that repeat", async () => {
    const checks = (x: Tensor, row: Tensor, column: Tensor): Tensor[][] => {
      const rows = row.broadcastTo([3, 4]);
      const columns = column.broadcastTo([3, 4]);
      const c = t.broadcastTo(t.scalar(2.5, "f64"), [3, 4]);
      // Against the same products with matrices that the compiler cannot know to be repeated.
      const hide = (m: Tensor, z: Tensor): Tensor => m.add(z.mul(0));
      return [rows, columns, c].flatMap((m) => [
        [m.matmul(x.transpose()), hide(m, x).matmul(x.transpose())],
        [x.matmul(m.transpose()), x.matmul(hide(m, x).transpose())],
        [x.transpose().matmul(m), x.transpose().matmul(hide(m, x))],
        [m.transpose().matmul(x), hide(m, x).transpose().matmul(x)],
        [m.transpose().matmul(c), hide(m, x).transpose().matmul(hide(c, x))],
      ]);
    };
    const pairs = await run(checks, normal([3, 4]), normal([4]), normal([3, 1]));
    pairs.forEach(([a, b]) => expectClose(a, b, 1e-14));
  });

  test("with a factor, a bias, or an earlier value added to the product", async () => {
    const f = (a: Tensor, b: Tensor, bias: Tensor, c: Tensor, column: Tensor) => {
      const p = a.matmul(b);
      return [
        p.add(bias),
        p.mul(-0.5).add(c),
        c.sub(p.mul(2)),
        p.sub(c),
        p.neg().sub(bias),
        p.add(column),
        p.add(1),
        t.scalar(3, a.dtype).sub(a.matmul(b)),
      ];
    };
    const [a, b, bias, c, column] = [normal([3, 4]), normal([4, 2]), normal([2]), normal([3, 2]), normal([3, 1])];
    const p = product(a, b);
    const at = (x: NdArray, i: number): number => read(x, [Math.floor(i / 2), i % 2]);
    const expected = [
      p.map((v, i) => v + at(bias, i)),
      p.map((v, i) => -0.5 * v + at(c, i)),
      p.map((v, i) => at(c, i) - 2 * v),
      p.map((v, i) => v - at(c, i)),
      p.map((v, i) => -v - at(bias, i)),
      p.map((v, i) => v + at(column, i)),
      p.map((v) => v + 1),
      p.map((v) => 3 - v),
    ];
    for (let k = 0; k < expected.length; k++) {
      // One product a program: the fusion applies only to products that nothing else needs.
      const one = (...xs: [Tensor, Tensor, Tensor, Tensor, Tensor]): Tensor => f(...xs)[k];
      expectClose(await run(one, a, b, bias, c, column), expected[k], 1e-14, `form ${k}`);
      const single = await run(
        (...xs: Tensor[]) => one(...(xs.map((x) => x.cast("f32")) as [Tensor, Tensor, Tensor, Tensor, Tensor])),
        a,
        b,
        bias,
        c,
        column,
      );
      expectClose(single, expected[k], 1e-5, `form ${k} in f32`);
    }
  });

  test("sums over leading axes plus a bias or a matrix, large enough to be done as products", async () => {
    const x = normal([200, 8, 9]);
    const y = nd.toNumbers(x);
    const sums = Array.from({ length: 72 }, (_, j) => Array.from({ length: 200 }, (_, i) => y[72 * i + j]).reduce((a, b) => a + b));
    const [bias, c] = [normal([9]), normal([8, 9])];
    const forms: [(x: Tensor, b: Tensor, c: Tensor) => Tensor, (i: number) => number][] = [
      [(x) => x.sum(0), (i) => sums[i]],
      [(x, b) => x.sum(0).add(b), (i) => sums[i] + read(bias, [i % 9])],
      [(x, _, c) => c.sub(x.sum(0).mul(0.5)), (i) => nd.toNumbers(c)[i] - 0.5 * sums[i]],
      [(x, b) => b.sub(x.sum(0, true)), (i) => read(bias, [i % 9]) - sums[i]],
    ];
    for (const [f, expected] of forms) {
      const r = await run((...[x, b, c]: Tensor[]) => f(x.cast("f32"), b.cast("f32"), c.cast("f32")), x, bias, c);
      // 200 f32 additions of numbers of order 1.
      expectClose(
        r,
        sums.map((_, i) => expected(i)),
        200 * 2 ** -24,
      );
    }
  });
});

describe("einsum", () => {
  const a = normal([2, 3, 4], 1);
  const b = normal([2, 4, 5], 2);
  const square = normal([3, 3], 3);
  const forms: [string, NdArray[]][] = [
    ["bij,bjk->bik", [a, b]],
    ["bij,bjk->ki", [a, b]],
    ["bij,bjk->bijk", [a, b]],
    ["bij,bij", [a, normal([2, 3, 4], 4)]],
    ["ii->i", [square]],
    ["ii", [square]],
    ["iji->j", [normal([3, 2, 3])]],
    ["ij->ji", [square]],
    ["ij,j", [square, normal([3])]],
    ["i,j->ij", [normal([3]), normal([2])]],
    ["ij,jk,kl->il", [square, normal([3, 2]), normal([2, 4])]],
    ["bij,bjk,kc,b->bc", [a, b, normal([5, 2]), normal([2])]],
    [",i->i", [normal([]), normal([3])]],
  ];
  for (const [formula, operands] of forms)
    test(`"${formula}" is the sum over its indices, and differentiates`, async () => {
      const [left, right] = formula.split("->");
      const terms = left.split(",");
      const letters = [...new Set(left.replaceAll(",", ""))];
      const out =
        right ??
        letters
          .filter((l) => [...left].filter((m) => m === l).length === 1)
          .sort()
          .join("");
      const length = (l: string): number => {
        const k = terms.findIndex((term) => term.includes(l));
        return operands[k].shape[terms[k].indexOf(l)];
      };
      const inner = letters.filter((l) => !out.includes(l));
      const expected = cells([...out].map(length)).map((o) =>
        cells(inner.map(length)).reduce((s, n) => {
          const at = (l: string): number => (out.includes(l) ? o[out.indexOf(l)] : n[inner.indexOf(l)]);
          return s + terms.reduce((p, term, k) => p * read(operands[k], [...term].map(at)), 1);
        }, 0),
      );
      const f = (...xs: Tensor[]): Tensor => t.einsum(formula, ...xs);
      expectClose(await run(f, ...operands), expected, 1e-14);
      await checkDerivatives(f, operands);
    });

  test("names what does not fit", async () => {
    const bad = (formula: string, ...xs: NdArray[]) => run((...ts: Tensor[]) => t.einsum(formula, ...ts), ...xs);
    await expect(bad("ij,jk->ik", normal([2, 3]), normal([2, 3]))).rejects.toThrow(/einsum: axis j of "ij,jk->ik" has two lengths/);
    await expect(bad("ij->k", normal([2, 3]))).rejects.toThrow(/einsum: output axis k/);
    await expect(bad("ij,jk", normal([2, 3]))).rejects.toThrow(/einsum: .*2 operands, not 1/);
    await expect(bad("ijk", normal([2, 3]))).rejects.toThrow(/einsum: "ijk" names 3 axes: got f64\[2, 3\]/);
    await expect(bad("i...", normal([2, 3]))).rejects.toThrow(/einsum: cannot read/);
  });
});

test("dot and outer of vectors along the last axis", async () => {
  const [a, b] = [normal([2, 3], 1), normal([2, 3], 2)];
  const r = await run((x: Tensor, y: Tensor) => [t.dot(x, y), t.outer(x, y)], a, b);
  expectClose(
    r[0],
    cells([2]).map(([i]) => [0, 1, 2].reduce((s, k) => s + read(a, [i, k]) * read(b, [i, k]), 0)),
    1e-15,
  );
  expectClose(
    r[1],
    cells([2, 3, 3]).map(([i, j, k]) => read(a, [i, j]) * read(b, [i, k])),
    1e-15,
  );
});

test("shapes and dtypes that do not fit are named", async () => {
  await expect(run(t.matmul, normal([2, 3]), normal([2, 3]))).rejects.toThrow(
    /matmul: inner lengths differ: got f64\[2, 3\] and f64\[2, 3\]/,
  );
  await expect(run(t.matmul, normal([2, 2, 3]), normal([3, 3, 2]))).rejects.toThrow(/matmul: shapes do not broadcast/);
  await expect(run(t.matmul, normal([2, 3]), i32([1, 2, 3]))).rejects.toThrow(/matmul: dtypes differ/);
  await expect(run(t.matmul, normal([]), normal([3]))).rejects.toThrow(/matmul: needs vectors or matrices/);
});
