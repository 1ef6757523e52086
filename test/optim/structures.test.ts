import { describe, expect, test } from "vitest";
import type { NdArray } from "../../src/array/index.ts";
import * as nd from "../../src/array/index.ts";
import { numbersOf, type Parts, type Structure, structureOf } from "../../src/optim/structures/index.ts";
import { mapParts, timesSquare } from "../../src/optim/structures/structure.ts";
import * as pf from "../../src/tensor/index.ts";
import { type Arrays, jit, type Tensor } from "../../src/tensor/index.ts";
import { eye, f64, inner, inverse, type Matrix, mat, matrixOf, norm, plus, scale, T, times, trace } from "./matrices.ts";

const families = [
  "dense",
  "diagonal",
  "block(2)",
  "block(3)",
  "block(9)",
  "lower",
  "upper",
  "rank(1)",
  "rank(2)",
  "rank-lower(1)",
  "rank-lower(2)",
  "hierarchical(1,1)",
  "hierarchical(2,1)",
  "hierarchical(3,2)",
  "hierarchical(4,4)",
  "toeplitz-lower",
  "toeplitz-upper",
];

const random = (structure: Structure, seed: string): Parts<NdArray> =>
  Object.fromEntries(
    Object.entries(structure.shapes).map(([part, shape]) => [part, nd.randomStream(`${seed} ${part}`).normal(shape, "f64")]),
  );

const run = <A extends unknown[], R>(f: (...args: A) => R, ...args: unknown[]): Promise<Arrays<R>> =>
  (jit(f) as (...args: unknown[]) => Promise<Arrays<R>>)(...args);

/** Full matrices of the unit parts: a basis of the family. */
async function basisOf(structure: Structure): Promise<number[][][]> {
  const unit = (part: string, i: number): Parts<NdArray> => {
    const parts = Object.fromEntries(Object.entries(structure.shapes).map(([name, shape]) => [name, nd.allocate("f64", shape)]));
    parts[part].data[i] = 1;
    return parts;
  };
  const dense = jit((k: Parts) => structure.toDense(k));
  const members = Object.entries(structure.shapes).flatMap(([part, shape]) =>
    Array.from({ length: nd.sizeOf(shape) }, (_, i) => unit(part, i)),
  );
  return Promise.all(members.map(async (m) => matrixOf(await dense(m))));
}

const close = (a: Matrix, b: Matrix, tolerance = 1e-12): void =>
  expect(norm(plus(a, b, -1))).toBeLessThan(tolerance * Math.max(1, norm(b)));

describe.each(families)("%s", (name) => {
  test.each([1, 2, 5, 6])("size %i: every operation is that of the full matrices, and the result stays in the family", async (d) => {
    const s = structureOf(name)(d);
    const [k, l] = [random(s, "k"), random(s, "l")];
    const x = f64(mat(4, d, 3));
    const symmetric = plus(mat(d, d, 1), T(mat(d, d, 1)));
    const got = await run(
      (k: Parts, l: Parts, x: Tensor, m: Tensor) => ({
        k: s.toDense(k),
        l: s.toDense(l),
        product: s.toDense(s.product(k, l)),
        times: s.times(x, k),
        timesTransposed: s.timesTransposed(x, k),
        timesSquare: timesSquare(s, x, k),
        gram: s.toDense(s.gram(x)),
        selfGram: s.toDense(s.selfGram(k)),
        shifted: s.toDense(s.addIdentity(k, 0.7)),
        sum: s.toDense(mapParts((a, b) => a.add(b), k, l)),
        averageTrace: s.averageTrace(k),
        squaredNorm: s.squaredNorm(k),
        projected: s.toDense(s.project(m)),
        parts: s.product(k, l),
      }),
      k,
      l,
      x,
      f64(symmetric),
    );
    const [K, L, X] = [matrixOf(got.k), matrixOf(got.l), matrixOf(x)];
    close(matrixOf(got.product), times(K, L));
    close(matrixOf(got.times), times(X, K));
    close(matrixOf(got.timesTransposed), times(X, T(K)));
    close(matrixOf(got.timesSquare), times(times(X, K), T(K)));
    close(matrixOf(got.shifted), plus(K, eye(d), 0.7));
    close(matrixOf(got.sum), plus(K, L));
    expect(nd.item(got.averageTrace)).toBeCloseTo(trace(K) / d, 12);
    expect(nd.item(got.squaredNorm)).toBeCloseTo(norm(K) ** 2, 10);
    for (const [part, shape] of Object.entries(s.shapes)) expect(got.parts[part].shape).toEqual(shape);
    const identity = await run((k: Parts) => s.toDense(k), s.identity(1.5, "f64"));
    close(matrixOf(identity), scale(eye(d), 1.5));
    // Π(M) minimises |(m + mᵀ)/2 - M|: the residual is orthogonal to (e + eᵀ)/2 of every member e.
    const basis = await basisOf(s);
    expect(basis.length).toBe(numbersOf(s));
    const sym = (m: Matrix): number[][] => scale(plus(m, T(m)), 0.5);
    const isProjection = (m: Matrix, of: Matrix): void => {
      for (const e of basis) expect(Math.abs(inner(plus(sym(m), of, -1), sym(e)))).toBeLessThan(1e-11 * Math.max(1, norm(of)));
      expect(trace(m)).toBeCloseTo(trace(of), 10);
    };
    isProjection(matrixOf(got.projected), symmetric);
    isProjection(matrixOf(got.gram), times(T(X), X));
    isProjection(matrixOf(got.selfGram), times(T(K), K));
  });

  test("halving β quarters what (I - βΠM)(I - βΠM)ᵀ and (I - βM)² differ by, where the family is all of the triangle", async () => {
    const s = structureOf(name)(3);
    const m = plus(mat(3, 3, 0), T(mat(3, 3, 0)));
    const pi = matrixOf(await run((m: Tensor) => s.toDense(s.project(m)), f64(m)));
    const difference = (beta: number): number => {
      const a = plus(eye(3), pi, -beta);
      const b = plus(eye(3), m, -beta);
      return norm(plus(times(a, T(a)), times(b, b), -1));
    };
    if (name === "lower")
      [0.1, 0.05, 0.025].forEach((beta, i) => expect(difference(beta)).toBeCloseTo([0.0786833, 0.0196708, 0.0049177][i], 7));
    if (["lower", "upper", "dense"].includes(name)) expect(difference(0.1)).toBeCloseTo(4 * difference(0.05), 10);
  });
});

test.each([
  ["hierarchical(3,2)", 0, [0, -0.8, 0.7, -0.2, 2.8]],
  ["hierarchical(3,2)", 3, [0, 0, 0, -0.2, -1]],
  ["rank(1)", 0, [0, -1.6, 1.4, -0.2, 2.8]],
] as const)("projection of the specification: %s, row %i", async (name, row, expected) => {
  const s = structureOf(name)(5);
  const m = plus(mat(5, 5, 0), T(mat(5, 5, 0)));
  const p = matrixOf(await run((m: Tensor) => s.toDense(s.project(m)), f64(m)));
  p[row].forEach((v, j) => expect(v).toBeCloseTo(expected[j], 9));
});

test("Toeplitz numbers of the specification", async () => {
  for (const name of ["toeplitz-lower", "toeplitz-upper"]) {
    const s = structureOf(name);
    const got = await run(
      (a: Tensor, b: Tensor, t: Tensor, m: Tensor) => ({
        product: s(3).product({ t: a }, { t: b }).t,
        selfGram: s(4).selfGram({ t }).t,
        projected: s(5).project(m).t,
      }),
      f64([1, 2, 3]),
      f64([4, 5, 6]),
      f64([1, 2, 3, -1]),
      f64(plus(mat(5, 5, 0), T(mat(5, 5, 0)))),
    );
    const is = (a: NdArray, b: number[]): void => nd.toNumbers(a).forEach((v, i) => expect(v).toBeCloseTo(b[i], 10));
    is(got.product, [4, 13, 28]);
    is(got.selfGram, [8.75, 10, 4, -2]);
    is(got.projected, [-0.44, -0.65, -0.266666666667, 0.5, 2.8]);
  }
});

test.each([
  ["dense", 0, 100, 10000],
  ["diagonal", 0, 100, 100],
  ["block(30)", 0, 100, 2800],
  ["lower", 0, 100, 5050],
  ["upper", 0, 768, 295296],
  ["rank(1)", 0, 100, 199],
  ["hierarchical(15,15)", 0, 100, 2845],
  ["hierarchical(15,15)", 0, 768, 23553],
  ["toeplitz-lower", 0, 768, 768],
  ["block(30)", 0, 768, 22824],
] as const)("%s keeps the numbers of the specification's table", (name, _, d, numbers) => {
  expect(numbersOf(structureOf(name)(d))).toBe(numbers);
});

/** K ← K (I - β Π(½ (KᵀHK - I))) until it stands: the KL-optimal member. */
async function fixedPoint(name: string, h: Matrix): Promise<number[][]> {
  const s = structureOf(name)(h.length);
  const root = pf.jit((k: Parts, h: Tensor) => {
    const { carry } = pf.scan(
      (k: Parts) => {
        const dense = s.toDense(k);
        const m = s.project(dense.transpose().matmul(h).matmul(dense).sub(pf.eye(s.size, "f64")).mul(0.5));
        return { carry: mapParts((a, b) => a.sub(b.mul(0.2)), k, s.product(k, m)) };
      },
      k,
      3000,
    );
    return s.toDense(carry);
  });
  const k = matrixOf(await root(s.identity(1, "f64"), f64(h)));
  return times(k, T(k));
}

const H = plus(
  [
    [2, 1, 0],
    [1, 3, 0.5],
    [0, 0.5, 1],
  ],
  eye(3),
  0.1,
);
const det3 = (a: Matrix): number =>
  a[0][0] * (a[1][1] * a[2][2] - a[1][2] * a[2][1]) -
  a[0][1] * (a[1][0] * a[2][2] - a[1][2] * a[2][0]) +
  a[0][2] * (a[1][0] * a[2][1] - a[1][1] * a[2][0]);
const divergence = (p: Matrix): number => 0.5 * (trace(times(p, H)) - 3 - Math.log(det3(H) * det3(p)));

test.each(["dense", "lower", "upper", "hierarchical(1,1)"])("%s reaches the inverse of the curvature", async (name) => {
  close(await fixedPoint(name, H), inverse(H), 1e-8);
});

test("poorer families reach their own KL-optimal members", async () => {
  const diagonal = await fixedPoint("diagonal", H);
  diagonal.forEach((row, i) => expect(row[i]).toBeCloseTo(1 / H[i][i], 8));
  expect(divergence(diagonal)).toBeCloseTo(0.12868871, 7);
  const block = await fixedPoint("block(2)", H);
  [0.56261343, -0.1814882, 0.38112523, 0.90909091].forEach((v, i) =>
    expect([block[0][0], block[0][1], block[1][1], block[2][2]][i]).toBeCloseTo(v, 7),
  );
  expect(divergence(block)).toBeCloseTo(0.04530129, 7);
  expect(divergence(await fixedPoint("toeplitz-lower", H))).toBeCloseTo(0.11597092, 7);
});

test("names and sizes that are no structure are refused with advice", () => {
  expect(() => structureOf("hierarchial")).toThrow(/no structure "hierarchial"/);
  expect(() => structureOf("block(0)")).toThrow(/takes 1 positive sizes/);
  expect(() => structureOf("dense(3)")).toThrow(/takes no positive sizes/);
  expect(() => structureOf("hierarchical(4)")).toThrow(/takes 2 positive sizes/);
});
