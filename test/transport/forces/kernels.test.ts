import { expect, test } from "vitest";
import { item, type NdArray, ndarray, randomStream, toNumbers } from "../../../src/array/index.ts";
import { concat, grad, jit, type Tensor } from "../../../src/tensor/index.ts";
import { densityPotential, fittedScale, kernelVelocity, mostCentres } from "../../../src/transport/index.ts";
import { normals } from "../training.ts";

const rng = randomStream(5);
const rotate = (x: NdArray<"f32">, speed = 1): NdArray<"f32"> => ({
  ...x,
  data: x.data.map((_, i) => speed * (i % 2 ? x.data[i - 1] : -x.data[i + 1])),
});
const rows = (values: number[][], dtype: "f32" | "f64" = "f32") =>
  ndarray(Float64Array.from(values.flat()), [values.length, values[0].length], "f64") as NdArray<typeof dtype>;
const at = (z: number[][]) =>
  [
    rows(
      z.map(() => [0]),
      "f64",
    ),
    rows(z, "f64"),
  ] as const;

test("a kernel regression finds a smooth velocity among particles, and takes the nearest far away from them", async () => {
  const x = normals([0, 0], [1, 1], 1500, 1);
  const { field, explained, width } = await kernelVelocity(x, rotate(x), rng);
  expect(explained).toBeGreaterThan(0.97);
  const run = jit(field);
  const inside = toNumbers(
    await run(
      ...at([
        [0.5, 0],
        [0, 0.8],
        [-0.4, 0.3],
      ]),
    ),
  );
  // the bias is about width² of the slope of the log density: below 0.1 for this width, the noise of 1500 particles is smaller
  expect(width).toBeLessThan(0.3);
  [0, 0.5, -0.8, 0, -0.3, -0.4].forEach((v, i) => void expect(Math.abs(inside[i] - v)).toBeLessThan(0.12));
  const far = toNumbers(await run(...at([[100, 3]])));
  const nearest = Array.from({ length: 1500 }, (_, i) => i).reduce((a, b) => {
    const d = (i: number): number => Math.hypot(x.data[2 * i] - 100, x.data[2 * i + 1] - 3);
    return d(b) < d(a) ? b : a;
  });
  expect(far[0]).toBeCloseTo(-x.data[2 * nearest + 1], 5);
  expect(far[1]).toBeCloseTo(x.data[2 * nearest], 5);
});

test("velocities that neighbours do not share explain nothing, and the widest kernels are taken", async () => {
  const x = normals([0, 0], [1, 1], 600, 2);
  const { explained, width } = await kernelVelocity(x, normals([0.5, 0], [1, 1], 600, 3), rng);
  // a mean of n velocities has 1/n of their variance beside it: R² is about -1/n, and its sampling error over 600 about 0.01
  expect(Math.abs(explained)).toBeLessThan(0.03);
  expect(width).toBeGreaterThan(1);
});

test("the width of a density is near the best one for a Gaussian, its derivatives are those of differences", async () => {
  const x = normals([0], [1], 1000, 4);
  const { field, width } = await densityPotential(x, 0.7, rng);
  const best = 1.06 * 1000 ** -0.2;
  expect(width).toBeGreaterThan(best / 2);
  expect(width).toBeLessThan(best * 2);
  const value = jit((t: Tensor, z: Tensor) => field(t, z).sum());
  const slope = jit((t: Tensor, z: Tensor) => grad((y: Tensor) => field(t, y).sum())(z));
  for (const z of [-1.2, 0.3, 5]) {
    const difference = (item(await value(...at([[z + 1e-5]]))) - item(await value(...at([[z - 1e-5]])))) / 2e-5;
    expect(Math.abs(toNumbers(await slope(...at([[z]])))[0] - difference)).toBeLessThan(1e-6 * (1 + Math.abs(difference)));
  }
  // high where the particles are: least action with kinetic energy less V stays near them
  const [middle, edge] = toNumbers(await jit(field)(...at([[0], [3]])));
  expect(middle).toBeGreaterThan(edge);
});

test("more particles than centres are thinned, and the field stays the same up to sampling", async () => {
  const x = normals([0, 0], [1, 1], mostCentres + 500, 6);
  const { field } = await kernelVelocity(x, rotate(x), rng);
  const [vx, vy] = toNumbers(await jit(field)(...at([[0.5, 0.5]])));
  expect(Math.abs(vx + 0.5)).toBeLessThan(0.12);
  expect(Math.abs(vy - 0.5)).toBeLessThan(0.12);
});

test("velocities in another unit of time are scaled to the motion of the means", async () => {
  const clouds = [0, 1, 3].map((time) => ({ points: normals([2 * time, -time], [0.5, 0.5], 4000, 10 + time), mass: 1 }));
  const field = (_: Tensor, z: Tensor): Tensor => z.mul(0).add(ndarray(Float32Array.of(20, -10), [2], "f32"));
  const { scale, cosine } = await fittedScale(field, [0, 1, 3], clouds);
  // means have errors of 0.008 beside ways of 2 and more
  expect(Math.abs(scale - 0.1)).toBeLessThan(0.002);
  expect(cosine).toBeGreaterThan(0.999);
});

test("the scale is found where the motion turns between snapshots", async () => {
  // a point that turns by θ: chord 2 sin(θ/2), mean of both velocities cos(θ/2) along it; here θ is 0.6 and 1.2
  const times = [0, 0.6, 1.8];
  const clouds = times.map((t) => ({ points: ndarray(Float32Array.of(Math.cos(t), Math.sin(t)), [1, 2], "f32"), mass: 1 }));
  const field = (_: Tensor, z: Tensor): Tensor => concat([z.slice(null, [1, 2]).neg(), z.slice(null, [0, 1])], 1).mul(2);
  const { scale, cosine } = await fittedScale(field, times, clouds);
  const [b, c] = [0.6, 1.2].map((turn) => [turn * 2 * Math.cos(turn / 2), 2 * Math.sin(turn / 2)]);
  expect(scale).toBeCloseTo((b[0] * b[1] + c[0] * c[1]) / (b[0] ** 2 + c[0] ** 2), 5);
  expect(cosine).toBeGreaterThan(0.99);
});

test("a single place has no width", async () => {
  const same = ndarray(new Float32Array(20), [10, 2], "f32");
  await expect(densityPotential(same, 1, rng)).rejects.toThrow(/two different particles/);
});
