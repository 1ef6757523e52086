import { expect, test } from "vitest";
import { type NdArray, ndarray, randomStream, toNumbers } from "../../src/array/index.ts";
import {
  discriminatorAccuracy,
  discriminatorLoss,
  energyDistance,
  ganNotices,
  generatorLoss,
  gradientPenalty,
  likeness,
} from "../../src/generative/index.ts";
import { circled, interpolated, quantileGrid } from "../../src/generative/latents.ts";
import { constant, grad, jit, type Tensor, tanh } from "../../src/tensor/index.ts";

const f64 = (values: ArrayLike<number>, shape: readonly number[]): NdArray<"f64"> => ndarray(Float64Array.from(values), shape, "f64");
const f32 = (values: ArrayLike<number>, shape: readonly number[]): NdArray<"f32"> => ndarray(Float32Array.from(values), shape, "f32");
const sigmoid = (a: number): number => 1 / (1 + Math.exp(-a));

test("losses are those of the textbook, and stay finite where the discriminator is sure", async () => {
  const [real, fake] = [f64([0.3, -2, 900], [3, 1]), f64([-0.7, 1.5, -900], [3, 1])];
  const run = jit((r: Tensor, f: Tensor) => [discriminatorLoss(r, f), generatorLoss(f), discriminatorAccuracy(r, f)]);
  const [judge, maker, accuracy] = (await run(real, fake)).map((v) => toNumbers(v)[0]);
  const mean = (v: number[]): number => v.reduce((s, x) => s + x, 0) / v.length;
  // log σ(900) is 0, and -log σ(-900) is 900
  expect(judge).toBeCloseTo(
    mean([-Math.log(sigmoid(0.3)), -Math.log(sigmoid(-2)), 0]) + mean([-Math.log(1 - sigmoid(-0.7)), -Math.log(1 - sigmoid(1.5)), 0]),
    12,
  );
  expect(maker).toBeCloseTo(mean([-Math.log(sigmoid(-0.7)), -Math.log(sigmoid(1.5)), 900]), 12);
  expect(accuracy).toBeCloseTo(2 / 3, 12);
});

test("the best discriminator is log p / q, and leaves 2 log 2 - 2 JS(p, q)", async () => {
  // a sample space of three points, of which data and made samples hold so many each
  const [p, q] = [
    [6, 1, 3],
    [2, 4, 4],
  ];
  const places = (counts: number[]): number[] => counts.flatMap((n, place) => new Array<number>(n).fill(place));
  const oneHot = (counts: number[]) =>
    constant(
      f64(
        places(counts).flatMap((c) => [0, 1, 2].map((k) => Number(k === c))),
        [10, 3],
      ),
    );
  const loss = (d: Tensor): Tensor => discriminatorLoss(oneHot(p).matmul(d.expandDims(1)), oneHot(q).matmul(d.expandDims(1)));
  const best = f64(
    p.map((n, k) => Math.log(n / q[k])),
    [3],
  );
  const [value, slope] = await jit((d: Tensor) => [loss(d), grad(loss)(d)])(best);
  for (const s of toNumbers(slope)) expect(Math.abs(s)).toBeLessThan(1e-14);
  const kl = (a: number[], b: number[]) => a.reduce((s, n, k) => s + (n / 10) * Math.log((2 * n) / (n + b[k])), 0);
  expect(toNumbers(value)[0]).toBeCloseTo(2 * Math.log(2) - kl(p, q) - kl(q, p), 12);
});

test("learned on N(0, 1) against N(1, 1), the discriminator is ½ - x", async () => {
  const n = 40_000;
  const rng = randomStream(1);
  const x = rng.normal([n, 1], "f64");
  const y = f64(
    rng.normal([n], "f64").data.map((v) => v + 1),
    [n, 1],
  );
  const loss = (w: Tensor, x: Tensor, y: Tensor): Tensor => {
    const judge = (v: Tensor): Tensor => v.mul(w.slice([0, 1])).add(w.slice([1, 2]));
    return discriminatorLoss(judge(x), judge(y));
  };
  const descend = jit((w: Tensor, x: Tensor, y: Tensor) => w.sub(grad(loss)(w, x, y).mul(1.5)));
  let w: NdArray = f64([0, 0], [2]);
  for (let i = 0; i < 150; i++) w = await descend(w, x, y);
  // standard errors of this logistic regression are about 0.012
  expect(Math.abs(Number(w.data[0]) + 1)).toBeLessThan(0.05);
  expect(Math.abs(Number(w.data[1]) - 0.5)).toBeLessThan(0.05);
});

test("the penalty is the mean squared gradient at the data", async () => {
  const w = f64([0.5, -1, 2], [3, 1]);
  const x = f64([0.1, 0.2, 0.3, -0.4, 0.5, 0.6], [2, 3]);
  const run = jit((w: Tensor, x: Tensor) => [gradientPenalty((v) => v.matmul(w), x), gradientPenalty((v) => tanh(v.matmul(w)), x)]);
  const [linear, curved] = (await run(w, x)).map((v) => toNumbers(v)[0]);
  expect(linear).toBeCloseTo(5.25, 12);
  const heights = [0, 1].map((i) => [0, 1, 2].reduce((s, j) => s + x.data[3 * i + j] * w.data[j], 0));
  expect(curved).toBeCloseTo((5.25 * heights.reduce((s, h) => s + (1 - Math.tanh(h) ** 2) ** 2, 0)) / 2, 12);
});

test("the energy distance of two Gaussians is that of the integral, and of one about 0", async () => {
  const n = 2000;
  const rng = randomStream(2);
  const normal = (stream: number, shift: number) =>
    f32(
      rng
        .fold(stream)
        .normal([n])
        .data.map((v) => v + shift),
      [n, 1],
    );
  const apart = await energyDistance(normal(0, 0), normal(1, 1));
  // X - Y is N(-1, 2): E|N(m, s²)| = s √(2/π) exp(-m²/2s²) + m (2 Φ(m/s) - 1), with Φ(1/√2) = 0.7602499389
  const across = Math.SQRT2 * Math.sqrt(2 / Math.PI) * Math.exp(-0.25) + 2 * 0.7602499389 - 1;
  const truth = 2 * across - (2 * 2) / Math.sqrt(Math.PI);
  expect(Math.abs(apart.mean - truth)).toBeLessThan(4 * apart.se);
  const same = await energyDistance(normal(2, 0), normal(3, 0));
  expect(Math.abs(same.mean)).toBeLessThan(0.01);
});

test("samples of a single place have no diversity, and are told", async () => {
  const rng = randomStream(3);
  const [train, test] = [rng.normal([300, 4]), rng.normal([300, 4])];
  const collapsed = f32(
    Array.from(rng.normal([1200]).data, (v) => 1e-3 * v),
    [300, 4],
  );
  const found = await likeness(collapsed, train, test);
  expect(found.diversity).toBeLessThan(0.01);
  expect(found.score.mean).toBeGreaterThan(10 * Math.abs(found.floor.mean));
  expect(ganNotices({ likeness: found, accuracy: 0.5, lastAccuracy: 0.5 })[0]).toMatch(/generator has collapsed/);
  const alike = await likeness(train, rng.normal([300, 4]), test);
  expect(alike.diversity).toBeCloseTo(1, 1);
  expect(ganNotices({ likeness: alike, accuracy: 1, lastAccuracy: 0.995 })[0]).toMatch(/discriminator has won/);
  expect(ganNotices({ likeness: alike, accuracy: 0.6, lastAccuracy: 0.6 })).toEqual([]);
});

test("lines and arcs begin and end at their rows; the grid stands at quantiles", () => {
  const z = f32([1, 0, 0, 2], [2, 2]);
  expect(Array.from(interpolated(z, 3).data)).toEqual([1, 0, 0.5, 1, 0, 2]);
  const arc = Array.from(circled(z, 3).data);
  [1, 0, 1.5 * Math.SQRT1_2, 1.5 * Math.SQRT1_2, 0, 2].forEach((v, i) => expect(arc[i]).toBeCloseTo(v, 6));
  const grid = quantileGrid(20).data;
  // Φ(1.959964) = 0.975, the middle of the last of twenty cells
  expect(grid[2 * 19]).toBeCloseTo(1.959964, 5);
  expect(grid[1]).toBeCloseTo(1.959964, 5);
  expect(grid[0]).toBeCloseTo(-1.959964, 5);
});
