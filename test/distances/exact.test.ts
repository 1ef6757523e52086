import { describe, expect, test } from "vitest";
import { type NdArray, ndarray } from "../../src/array/ndarray.ts";
import { type Random, randomStream } from "../../src/array/random.ts";
import { optimalPairing, optimalTransport, type Plan, transportForCosts, wasserstein } from "../../src/distances/exact.ts";
import kernelBytes from "../../src/distances/simplex.wasm.ts";
import fc from "../property.ts";

type Cloud = NdArray<"f64">;
const cloud = (rows: number[][]): Cloud => ndarray(Float64Array.from(rows.flat()), [rows.length, rows[0].length], "f64");
const rowsOf = ({ shape: [n, d], data }: Cloud) => Array.from({ length: n }, (_, i) => Array.from(data.subarray(i * d, (i + 1) * d)));
const moved = (c: Cloud, f: (v: number, axis: number) => number): Cloud =>
  ndarray(
    c.data.map((v, i) => f(v, i % c.shape[1])),
    c.shape,
    "f64",
  );
const cost = (x: number[], y: number[], power: 1 | 2) => Math.hypot(...x.map((v, k) => v - y[k])) ** power;
const powers = [1, 2] as const;

/** Checks a plan without trusting the solver: marginals, cost, feasible duals and a gap of zero prove it optimal. */
function expectOptimal(plan: Plan, c: (i: number, j: number) => number, a: ArrayLike<number>, b: ArrayLike<number>): void {
  const [n, m] = [a.length, b.length];
  let scale = 0;
  let slack = Number.POSITIVE_INFINITY;
  for (let i = 0; i < n; i++)
    for (let j = 0; j < m; j++) {
      scale = Math.max(scale, Math.abs(c(i, j)));
      slack = Math.min(slack, c(i, j) - plan.potentials.x[i] - plan.potentials.y[j]);
    }
  const rows = new Float64Array(n);
  const columns = new Float64Array(m);
  let primal = 0;
  plan.mass.forEach((w, k) => {
    expect(w).toBeGreaterThan(0);
    rows[plan.from[k]] += w;
    columns[plan.to[k]] += w;
    primal += w * c(plan.from[k], plan.to[k]);
  });
  // sums of n terms of size 1/n and of costs up to `scale`: some 1e-16 each; weights are rounded to 2^-48
  expect(Math.max(...Array.from(rows, (r, i) => Math.abs(r - a[i])), ...Array.from(columns, (r, j) => Math.abs(r - b[j])))).toBeLessThan(
    1e-13,
  );
  const dual =
    Array.from(a).reduce((s, w, i) => s + w * plan.potentials.x[i], 0) + Array.from(b).reduce((s, w, j) => s + w * plan.potentials.y[j], 0);
  expect(slack).toBeGreaterThanOrEqual(-1e-12 * scale - 1e-290);
  expect(Math.abs(primal - dual)).toBeLessThan(1e-12 * scale + 1e-290);
  expect(Math.abs(primal - plan.cost)).toBeLessThan(1e-12 * scale + 1e-290);
  expect(plan.mass.length).toBeLessThan(n + m);
}

const certify = (x: Cloud, y: Cloud, power: 1 | 2, weights?: { x?: Float64Array; y?: Float64Array }) => {
  const [X, Y] = [rowsOf(x), rowsOf(y)];
  const unit = (w: Float64Array | undefined, n: number) => {
    const total = w?.reduce((s, v) => s + v) ?? n;
    return Array.from({ length: n }, (_, i) => (w?.[i] ?? 1) / total);
  };
  const plan = optimalTransport(x, y, { power, weights });
  expectOptimal(plan, (i, j) => cost(X[i], Y[j], power), unit(weights?.x, X.length), unit(weights?.y, Y.length));
  return plan;
};

function permutations(n: number): number[][] {
  if (n === 0) return [[]];
  return permutations(n - 1).flatMap((p) => Array.from({ length: n }, (_, at) => [...p.slice(0, at), n - 1, ...p.slice(at)]));
}

describe("against enumeration", () => {
  test("six points go to six points at the least of 720 costs", () => {
    const random = randomStream(1);
    const all = permutations(6);
    for (let trial = 0; trial < 20; trial++)
      for (const power of powers) {
        const [x, y] = [random.normal([6, 2], "f64"), random.normal([6, 2], "f64")];
        const [X, Y] = [rowsOf(x), rowsOf(y)];
        const least = Math.min(...all.map((p) => p.reduce((s, j, i) => s + cost(X[i], Y[j], power), 0) / 6));
        expect(optimalTransport(x, y, { power }).cost).toBeCloseTo(least, 12);
        const pairing = optimalPairing(x, y, power);
        expect([...pairing].sort()).toEqual([0, 1, 2, 3, 4, 5]);
        expect(pairing.reduce((s, j, i) => s + cost(X[i], Y[j], power), 0) / 6).toBeCloseTo(least, 12);
      }
  });

  test("integer weights are replicated points", () => {
    const random = randomStream(2);
    const all = permutations(6);
    for (let trial = 0; trial < 10; trial++) {
      const [x, y] = [random.normal([3, 2], "f64"), random.normal([2, 2], "f64")];
      const [X, Y] = [rowsOf(x), rowsOf(y)];
      const [xs, ys] = [
        [X[0], X[1], X[1], X[2], X[2], X[2]],
        [Y[0], Y[0], Y[1], Y[1], Y[1], Y[1]],
      ];
      const least = Math.min(...all.map((p) => p.reduce((s, j, i) => s + cost(xs[i], ys[j], 1), 0) / 6));
      expect(optimalTransport(x, y, { power: 1, weights: { x: [1, 2, 3], y: [10, 20] } }).cost).toBeCloseTo(least, 12);
      expect(optimalTransport(cloud(xs), cloud(ys), { power: 1 }).cost).toBeCloseTo(least, 12);
    }
  });
});

describe("the certificate", () => {
  test("holds for clouds of any sizes, dimensions and weights", () => {
    const random = randomStream(3);
    for (const [n, m, d] of [
      [1, 1, 1],
      [1, 7, 2],
      [7, 1, 3],
      [2, 3, 1],
      [40, 40, 2],
      [31, 57, 5],
      [100, 60, 12],
      [3, 200, 2],
    ])
      for (const power of powers) {
        const [x, y] = [random.normal([n, d], "f64"), random.normal([m, d], "f64")];
        certify(x, y, power);
        certify(x, y, power, { x: random.exponential([n], "f64").data as Float64Array });
        certify(x, y, power, {
          x: random.exponential([n], "f64").data as Float64Array,
          y: random.exponential([m], "f64").data as Float64Array,
        });
      }
  });

  test("holds on grids with many ties, repeated points, lines and equal clouds", () => {
    const random = randomStream(4);
    const grid = (n: number, d: number, k: number) => ndarray(Float64Array.from(random.integers(0, k, [n * d]).data), [n, d], "f64");
    const line = (step: number) => cloud(Array.from({ length: 60 }, (_, i) => [step * i, 0]));
    for (const power of powers) {
      certify(grid(80, 2, 3), grid(80, 2, 3), power);
      certify(grid(90, 1, 2), grid(60, 1, 2), power);
      certify(line(1), line(-1), power);
      expect(certify(line(1), line(1), power).cost).toBe(0);
      expect(certify(grid(50, 3, 1), grid(50, 3, 1), power).cost).toBe(0);
    }
  });

  test("holds with points of no mass, and of nearly none", () => {
    const random = randomStream(5);
    const [x, y] = [random.normal([30, 2], "f64"), random.normal([25, 2], "f64")];
    const weights = (n: number) =>
      Float64Array.from(random.uniform([n], "f64").data, (u, i) => (i % 3 === 0 ? 0 : i % 7 === 0 ? 1e-13 : u));
    for (const power of powers) certify(x, y, power, { x: weights(30), y: weights(25) });
  });

  test("holds for any small problem at all", () => {
    const point = fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 2, maxLength: 2 });
    const side = fc
      .array(fc.tuple(point, fc.integer({ min: 0, max: 4 })), { minLength: 1, maxLength: 9 })
      .filter((s) => s.some(([, w]) => w > 0));
    fc.assert(
      fc.property(side, side, fc.constantFrom(...powers), (a, b, power) => {
        const weights = { x: Float64Array.from(a, ([, w]) => w), y: Float64Array.from(b, ([, w]) => w) };
        certify(cloud(a.map(([p]) => p)), cloud(b.map(([p]) => p)), power, weights);
      }),
      { numRuns: 300 },
    );
  });

  test("holds at 1,000 x 1,000 points, and a second job does not see the first", () => {
    const random = randomStream(6);
    const [x, y] = [random.normal([1000, 5], "f64"), random.normal([1000, 5], "f64")];
    const first = certify(x, y, 2);
    certify(random.normal([10, 2], "f64"), random.normal([9, 2], "f64"), 1);
    expect(optimalTransport(x, y)).toEqual(first);
  });

  test("holds for costs of any sign that come from no distance", () => {
    const random = randomStream(7);
    const [n, m] = [30, 20];
    const costs = random.normal([n, m], "f64").data;
    const plan = transportForCosts(costs, n, m);
    expectOptimal(plan, (i, j) => costs[i * m + j], new Array(n).fill(1 / n), new Array(m).fill(1 / m));
  });
});

describe("the distance", () => {
  const sample = (random: Random, n: number) => random.normal([n, 3], "f64");

  test("is a metric: symmetric, zero between equals, with the triangle inequality", () => {
    const random = randomStream(8);
    for (const power of powers) {
      const [a, b, c] = [sample(random, 30), sample(random, 20), sample(random, 25)];
      const w = (p: Cloud, q: Cloud) => wasserstein(p, q, { power });
      expect(w(a, b)).toBeCloseTo(w(b, a), 12);
      expect(w(a, a)).toBe(0);
      expect(w(a, c)).toBeLessThanOrEqual(w(a, b) + w(b, c));
    }
  });

  test("scales with the points and ignores a common translation", () => {
    const random = randomStream(9);
    for (const power of powers) {
      const [a, b] = [sample(random, 40), sample(random, 40)];
      const before = wasserstein(a, b, { power });
      expect(
        wasserstein(
          moved(a, (v) => 3 * v),
          moved(b, (v) => 3 * v),
          { power },
        ),
      ).toBeCloseTo(3 * before, 11);
      expect(
        wasserstein(
          moved(a, (v, k) => v + k + 1),
          moved(b, (v, k) => v + k + 1),
          { power },
        ),
      ).toBeCloseTo(before, 11);
    }
  });

  test("a translated cloud is as far away as the translation is long", () => {
    const a = sample(randomStream(10), 60);
    const b = moved(a, (v, k) => v + [1, -2, 2][k]);
    for (const power of powers) expect(wasserstein(a, b, { power })).toBeCloseTo(3, 12);
  });

  test("W2² splits into the shift of the means and the W2² of the centred clouds", () => {
    const random = randomStream(11);
    const [a, b] = [sample(random, 50), moved(sample(random, 35), (v, k) => 2 * v + k)];
    const mean = (c: Cloud) => [0, 1, 2].map((k) => rowsOf(c).reduce((s, row) => s + row[k], 0) / c.shape[0]);
    const centred = (c: Cloud) => moved(c, (v, k) => v - mean(c)[k]);
    const shift = mean(a).reduce((s, v, k) => s + (v - mean(b)[k]) ** 2, 0);
    expect(wasserstein(a, b) ** 2).toBeCloseTo(shift + wasserstein(centred(a), centred(b)) ** 2, 11);
  });

  test("on a line it is that of the quantiles", () => {
    const random = randomStream(12);
    const x = random.normal([200, 1], "f64");
    const y = random.exponential([200, 1], "f64");
    const [sx, sy] = [x.data.slice().sort(), y.data.slice().sort()];
    expect(wasserstein(x, y, { power: 1 })).toBeCloseTo(sx.reduce((s, v, i) => s + Math.abs(v - sy[i]), 0) / 200, 12);
    expect(wasserstein(x, y) ** 2).toBeCloseTo(sx.reduce((s, v, i) => s + (v - sy[i]) ** 2, 0) / 200, 12);
  });

  test("single and double precision points agree when the numbers do", () => {
    const single = randomStream(13).normal([20, 2]);
    const other = randomStream(14).normal([20, 2]);
    const double = (c: NdArray<"f32">) => ndarray(Float64Array.from(c.data), c.shape, "f64");
    expect(wasserstein(single, other)).toBe(wasserstein(double(single), double(other)));
  });
});

test("bad clouds are refused", () => {
  const x = cloud([
    [0, 0],
    [1, 1],
  ]);
  const cases: [() => unknown, RegExp][] = [
    [() => optimalTransport(x, cloud([[0]])), /got \[2, 2\] and \[1, 1\]/],
    [() => optimalTransport(x, ndarray(new Float64Array(0), [0, 2], "f64")), /\[0, 2\]/],
    [() => optimalTransport(x, cloud([[0, Number.NaN]])), /point 0 has the coordinate NaN/],
    [() => optimalTransport(x, x, { weights: { x: [1] } }), /1 weights for 2 points/],
    [() => optimalTransport(x, x, { weights: { y: [1, -1] } }), /weight 1 is -1/],
    [() => optimalTransport(x, x, { weights: { y: [0, 0] } }), /add up to 0/],
    [() => optimalPairing(x, cloud([[0, 0]])), /2 and 1 points/],
    [() => transportForCosts([1, 2, 3], 2, 2), /3 costs for 2 x 2/],
    [() => transportForCosts([1, 2, Number.NaN, 3], 2, 2), /cost \[1, 0\] is NaN/],
  ];
  for (const [f, message] of cases) expect(f).toThrow(message);
});

test("the kernel fits the 4 kB that browsers compile on their main thread", () => {
  expect(atob(kernelBytes).length).toBeLessThan(4096);
});
