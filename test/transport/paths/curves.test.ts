import { expect, test } from "vitest";
import { type NdArray, ndarray, randomStream, toNumbers } from "../../../src/array/index.ts";
import { jit, jvp, type Tensor } from "../../../src/tensor/index.ts";
import {
  cubicBetween,
  drawPath,
  freeMotion,
  knotVelocities,
  matching,
  type Path,
  type PathBatch,
  pathPoints,
  pathThrough,
} from "../../../src/transport/index.ts";
import fc from "../../property.ts";
import { column } from "../quadrature.ts";
import { train } from "../training.ts";

const numbers = (a: NdArray | undefined): number[] => toNumbers(a as NdArray);
const unmeasured = (times: readonly number[]): boolean[] => times.map(() => false);
const times = [0, 0.4, 1.7, 2, 3.5];
const values = [1, -0.5, 2, 2.5, -1];

/** Place, velocity and acceleration of a cubic at u, in double precision. */
const piece = jit((a: Tensor, b: Tensor, v0: Tensor, v1: Tensor, gap: Tensor, u: Tensor) => {
  const rate = gap.mul(0).add(1).div(gap);
  const place = (w: Tensor): Tensor => cubicBetween(a, b, v0, v1, gap, w);
  const motion = (w: Tensor): [Tensor, Tensor] => jvp(place, [w], [rate]);
  const [[x, v], [, acceleration]] = jvp(motion, [u], [rate]);
  return { x, v, acceleration };
});

/** The curve through values at times, with velocities at the knots, at places u of every interval: rows of { x, v, acceleration }. */
async function curve(at: readonly number[], x: readonly number[], v: readonly number[], u: readonly number[]) {
  const rows = at.slice(1).flatMap((_, k) => u.map((w) => ({ k, w })));
  const f = (g: (k: number) => number): NdArray => column(rows.map(({ k }) => g(k)));
  const ends = [f((k) => x[k]), f((k) => x[k + 1]), f((k) => v[k]), f((k) => v[k + 1])] as const;
  const found = await piece(
    ...ends,
    f((k) => at[k + 1] - at[k]),
    column(rows.map(({ w }) => w)),
  );
  const [places, velocities, accelerations] = [found.x, found.v, found.acceleration].map(numbers);
  return rows.map(({ k, w }, i) => ({
    time: at[k] + w * (at[k + 1] - at[k]),
    ...{ x: places[i], v: velocities[i], acceleration: accelerations[i] },
  }));
}

const splineVelocities = (at: readonly number[], x: readonly number[]): number[] =>
  knotVelocities(at, unmeasured(at)).map((row) => x.reduce((s, value, j) => s + row[j] * value, 0));

/** Second derivatives of the natural cubic spline by the textbook's system in them, M_0 = M_n = 0, with Thomas's algorithm. */
function textbook(at: readonly number[], x: readonly number[]): number[] {
  const n = at.length - 1;
  const h = at.slice(1).map((time, k) => time - at[k]);
  const [c, d] = [new Array<number>(n + 1).fill(0), new Array<number>(n + 1).fill(0)];
  for (let k = 1; k < n; k++) {
    const right = 6 * ((x[k + 1] - x[k]) / h[k] - (x[k] - x[k - 1]) / h[k - 1]);
    const own = 2 * (h[k - 1] + h[k]) - h[k - 1] * c[k - 1];
    c[k] = h[k] / own;
    d[k] = (right - h[k - 1] * d[k - 1]) / own;
  }
  const M = new Array<number>(n + 1).fill(0);
  for (let k = n - 1; k > 0; k--) M[k] = d[k] - c[k] * M[k + 1];
  return M;
}

test("a natural spline meets its knots, and velocity and acceleration are continuous there and, at both ends, the acceleration zero", async () => {
  const rows = await curve(times, values, splineVelocities(times, values), [0, 1]);
  rows.forEach(({ x }, i) => void expect(x).toBeCloseTo(values[(i >> 1) + (i & 1)], 13));
  for (let k = 1; k < times.length - 1; k++) {
    const [left, right] = [rows[2 * k - 1], rows[2 * k]];
    expect(left.v).toBeCloseTo(right.v, 12);
    expect(left.acceleration).toBeCloseTo(right.acceleration, 11);
  }
  expect(rows[0].acceleration).toBeCloseTo(0, 11);
  expect(rows.at(-1)?.acceleration).toBeCloseTo(0, 11);
});

test("its velocity is the slope of its places", async () => {
  // central differences of a cubic miss h² x''' / 6 of the velocity: below 1e-6 here, with rounding of 1e-16 / h
  const h = 1e-5;
  const v = splineVelocities(times, values);
  const [low, middle, high] = await Promise.all([-h, 0, h].map((by) => curve(times, values, v, [0.2 + by, 0.7 + by])));
  middle.forEach((row, i) => {
    const slope = (high[i].x - low[i].x) / (high[i].time - low[i].time);
    expect(Math.abs(slope - row.v)).toBeLessThan(1e-7);
    const bend = (high[i].v - low[i].v) / (high[i].time - low[i].time);
    expect(Math.abs(bend - row.acceleration)).toBeLessThan(1e-7);
  });
});

test("splines are the textbook's at times that are not equally spaced", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.double({ min: 0.1, max: 3, noNaN: true }), fc.double({ min: -5, max: 5, noNaN: true })), {
        minLength: 2,
        maxLength: 9,
      }),
      async (knots) => {
        const at = knots.map((_, k) => knots.slice(0, k + 1).reduce((s, [gap]) => s + gap, 0));
        const x = knots.map(([, value]) => value);
        const M = textbook(at, x);
        for (const row of await curve(at, x, splineVelocities(at, x), [0.3, 0.8])) {
          const k = at.findLastIndex((time) => time <= row.time);
          const [h, before, after] = [at[k + 1] - at[k], at[k + 1] - row.time, row.time - at[k]];
          const exact =
            (M[k] * before ** 3 + M[k + 1] * after ** 3) / (6 * h) +
            (x[k] / h - (M[k] * h) / 6) * before +
            (x[k + 1] / h - (M[k + 1] * h) / 6) * after;
          // velocities are up to 5 / 0.1, and the system's condition at most 3
          expect(Math.abs(row.x - exact)).toBeLessThan(1e-11);
          expect(Math.abs(row.acceleration - (M[k] * before + M[k + 1] * after) / h)).toBeLessThan(1e-8);
        }
      },
    ),
    { numRuns: 30 },
  ));

test("motions that are natural splines are reproduced to rounding: straight ones, and a cubic without acceleration at both ends", async () => {
  const line = (t: number): number => 2 - 3 * t;
  for (const { time, x, v } of await curve(times, times.map(line), splineVelocities(times, times.map(line)), [0.25, 0.6])) {
    expect(x).toBeCloseTo(line(time), 12);
    expect(v).toBeCloseTo(-3, 12);
  }
  // x'' = t for t < 1 and 2 - t after it: a cubic to either side of the knot
  const at = [0, 0.5, 1, 1.2, 2];
  const bend = (t: number): number => (t < 1 ? t ** 3 / 6 : 1 / 6 + (t - 1) / 2 + (t - 1) ** 2 / 2 - (t - 1) ** 3 / 6);
  for (const { time, x, acceleration } of await curve(at, at.map(bend), splineVelocities(at, at.map(bend)), [0.25, 0.6])) {
    expect(x).toBeCloseTo(bend(time), 13);
    expect(acceleration).toBeCloseTo(time < 1 ? time : 2 - time, 11);
  }
});

test("measured velocities reproduce every cubic, and those that are missing are of least bending", async () => {
  const cubic = (t: number): number => 1 + 2 * t - t ** 2 + 0.3 * t ** 3;
  const slope = (t: number): number => 2 - 2 * t + 0.9 * t ** 2;
  const all = knotVelocities(
    times,
    times.map(() => true),
  );
  const v = all.map((row) => times.reduce((s, t, j) => s + row[j] * cubic(t) + row[times.length + j] * slope(t), 0));
  expect(v).toEqual(times.map(slope));
  for (const row of await curve(times, times.map(cubic), v, [0.2, 0.9])) {
    expect(row.x).toBeCloseTo(cubic(row.time), 12);
    expect(row.v).toBeCloseTo(slope(row.time), 12);
  }
  // both ends measured: the complete spline, which is every cubic too
  const ends = knotVelocities(
    times,
    times.map((_, k) => k === 0 || k === times.length - 1),
  );
  ends.forEach((row, k) => {
    const found = times.reduce((s, t, j) => s + row[j] * cubic(t) + row[times.length + j] * slope(t), 0);
    expect(found).toBeCloseTo(slope(times[k]), 12);
  });
});

const run = (path: Path, batch: PathBatch) => jit((p: Tensor, b: PathBatch<Tensor>) => pathPoints(p, b, path.options))(path.points, batch);
const cloud = (...data: number[]): NdArray<"f32"> => ndarray(Float32Array.from(data), [data.length / 2, 2], "f32");

test("a path of curves goes through one particle a snapshot along its spline; of two snapshots that is the straight line", async () => {
  const knots = values.map((x) => cloud(x, -x));
  const path = await pathThrough(times, knots, { curve: "spline" });
  const batch = drawPath(path, randomStream(1), 200);
  const { x, v } = await run(path, batch);
  const slopes = splineVelocities(times, values);
  for (let i = 0; i < 200; i++) {
    const k = Number(batch.from.data[i]);
    const [row] = await curve(times.slice(k, k + 2), values.slice(k, k + 2), slopes.slice(k, k + 2), [Number(batch.u.data[i])]);
    // velocities of f32 are good to a few 1e-7 of the largest weight times the largest value, about 20
    expect(numbers(x)[2 * i]).toBeCloseTo(row.x, 5);
    expect(numbers(x)[2 * i + 1]).toBeCloseTo(-row.x, 5);
    expect(numbers(v)[2 * i]).toBeCloseTo(row.v, 4);
  }
  const two = await pathThrough([0, 2], knots.slice(0, 2), { curve: "spline" });
  const straight = drawPath(two, randomStream(2), 100);
  const { x: places, v: speeds } = await run(two, straight);
  numbers(straight.u).forEach((u, i) => {
    expect(numbers(places)[2 * i]).toBeCloseTo(1 - 1.5 * u, 6);
    expect(numbers(speeds)[2 * i]).toBeCloseTo(-0.75, 5);
  });
});

test("Hermite paths carry the velocities of their particles, bridges have noise about the curve", async () => {
  const turn = (t: number): number[] => [Math.cos(t), Math.sin(t)];
  const at = [0, 0.5, 1.5];
  const clouds = at.map((t) => ({ points: cloud(...turn(t)), velocities: cloud(...turn(t + Math.PI / 2)), mass: 1 }));
  const path = await pathThrough(at, clouds, { curve: "hermite" });
  const batch = drawPath(path, randomStream(3), 300);
  const { x, v } = await run(path, batch);
  numbers(batch.t).forEach((t, i) => {
    // an interpolating cubic misses h⁴ / 384 of a function whose fourth derivative is at most 1, its slope h³ √3 / 216
    turn(t).forEach((exact, j) => void expect(Math.abs(numbers(x)[2 * i + j] - exact)).toBeLessThan(1 / 384 + 1e-6));
    turn(t + Math.PI / 2).forEach((exact, j) => void expect(Math.abs(numbers(v)[2 * i + j] - exact)).toBeLessThan(0.0081));
  });
  const noisy = await pathThrough(at, clouds, { curve: "hermite", shape: "bridge", noise: 0.5 });
  const drawn = drawPath(noisy, randomStream(3), 20_000);
  const quiet = drawPath(path, randomStream(3), 20_000);
  const [about, along] = [await run(noisy, drawn), await run(path, quiet)];
  const centre = numbers(along.x);
  const off = numbers(about.x).map((value, e) => {
    const [u, gap] = [drawn.u, drawn.gap].map((c) => Number(c.data[e >> 1]));
    return (value - centre[e]) / (0.5 * Math.sqrt((u * (1 - u) + 1e-6) * gap));
  });
  const variance = off.reduce((s, z) => s + z * z, 0) / off.length;
  expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / off.length));
  await expect(
    pathThrough(
      at,
      [0, 1, 2].map(() => cloud(0, 0)),
      { curve: "hermite" },
    ),
  ).rejects.toThrow(/velocities/);
  await expect(pathThrough(at, clouds, { curve: "spline", shape: "mixture" })).rejects.toThrow(/mixture/);
});

test("the kinetic energy of a spline is the cost of its labels", async () => {
  const path = await pathThrough(
    times,
    values.map((x) => cloud(x, 2 * x)),
    { curve: "spline" },
  );
  const model = matching(path, { lagrangian: freeMotion, layers: 1, width: 4, steps: 2, threads: 1 });
  const { state } = await train(model, 1, randomStream(1));
  const { primal } = await model.value(state, randomStream(2), 200);
  // ∫ (c_1 + 2 c_2 s + 3 c_3 s²)² ds over each interval
  const M = textbook(times, values);
  const energies = times.slice(1).map((time, k) => {
    const h = time - times[k];
    const [c1, c2, c3] = [(values[k + 1] - values[k]) / h - (h * (2 * M[k] + M[k + 1])) / 6, M[k] / 2, (M[k + 1] - M[k]) / (6 * h)];
    return (
      c1 ** 2 * h + 2 * c1 * c2 * h ** 2 + ((4 * c2 ** 2 + 6 * c1 * c3) * h ** 3) / 3 + 3 * c2 * c3 * h ** 4 + (9 * c3 ** 2 * h ** 5) / 5
    );
  });
  const exact = (5 * energies.reduce((a, b) => a + b)) / 2;
  // low-discrepancy times: 100,000 of them miss an integrand of bounded variation by far less than a thousandth
  expect(Math.abs((primal as number) / exact - 1)).toBeLessThan(1e-3);
});

test("chains of unbalanced pairs have one law at a snapshot, from both sides, with its weights", async () => {
  const rng = randomStream(5);
  const clouds = [1, 2, 1.5].map((mass) => ({ points: rng.normal([12, 2]), mass }));
  const path = await pathThrough([0, 1, 2], clouds, { coupling: "unbalanced", growth: 0.5, curve: "spline" });
  const { chain, from, to, t, mass0, mass1 } = drawPath(path, randomStream(6), 60_000);
  const [rows, at, m0, m1] = [chain, t, mass0, mass1].map(numbers);
  const sides = [0, 1].map(() => ({ mass: 0, square: 0, shares: new Array<number>(36).fill(0) }));
  for (let i = 0; i < at.length; i++) {
    const k = at[i] < 1 ? 0 : 1;
    if (rows[3 * i + k] !== from.data[i] || rows[3 * i + k + 1] !== to.data[i]) throw new Error("a chain that is not that of its pair");
    const weight = k === 0 ? m1[i] : m0[i]; // the mass at the middle snapshot
    sides[k].mass += weight;
    sides[k].square += weight ** 2;
    for (let j = 0; j < 3; j++) sides[k].shares[rows[3 * i + j]] += weight;
  }
  const effective = sides.map((s) => s.mass ** 2 / s.square);
  for (let r = 0; r < 36; r++) {
    const [p, q] = sides.map((s) => s.shares[r] / s.mass);
    // 36 shares at 5 standard errors of a difference
    expect(Math.abs(p - q)).toBeLessThan(5 * Math.sqrt(p * (1 - p) * (1 / effective[0] + 1 / effective[1])) + 1e-6);
    if (r >= 12 && r < 24) expect(Math.abs(p - 1 / 12)).toBeLessThan(5 * Math.sqrt(1 / 12 / effective[0]));
  }
});

test("along curves the mass of a pair is monotone, and the total is the one that is prescribed", async () => {
  const rng = randomStream(7);
  const clouds = [1, 3, 2].map((mass) => ({ points: rng.normal([12, 2]), mass }));
  for (const massCurve of ["geodesic", "linear"] as const) {
    const path = await pathThrough([0, 1, 2], clouds, { coupling: "unbalanced", growth: 0.5, curve: "spline", massCurve });
    const batch = drawPath(path, randomStream(8), 40_000);
    const found = await run(path, batch);
    const [mass, rate, u, m0, m1, t] = [found.mass, found.massRate, batch.u, batch.mass0, batch.mass1, batch.t].map(numbers);
    if (massCurve === "geodesic") {
      const off = mass.map((m, i) => Math.abs(m - ((1 - u[i]) * Math.sqrt(m0[i]) + u[i] * Math.sqrt(m1[i])) ** 2) / (m0[i] + m1[i]));
      expect(Math.max(...off)).toBeLessThan(1e-6);
      expect(rate.every((r, i) => r * (m1[i] - m0[i]) >= -1e-5)).toBe(true);
      continue;
    }
    const middle = mass.filter((_, i) => Math.abs(t[i] - 0.5) < 0.05);
    const mean = middle.reduce((a, b) => a + b) / middle.length;
    const sd = Math.sqrt(middle.reduce((s, m) => s + (m - mean) ** 2, 0) / middle.length);
    expect(Math.abs(mean - 2)).toBeLessThan((5 * sd) / Math.sqrt(middle.length) + 0.01);
  }
});
