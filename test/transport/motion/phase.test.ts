/** Particles moved by second-order mechanics, against laws that are known at every time. */
import { expect, test } from "vitest";
import { array, type NdArray, ndarray, randomStream } from "../../../src/array/index.ts";
import { concat, type Tensor } from "../../../src/tensor/index.ts";
import {
  type Energies,
  energyInTime,
  lostEnergy,
  type Mover,
  type Particles,
  pusher,
  quadraticPotential,
  type Room,
  type VectorField,
} from "../../../src/transport/index.ts";

const still: VectorField = (_, x) => x.mul(0);
interface Setting {
  readonly friction?: number;
  readonly noise?: number;
  readonly launch?: VectorField;
  readonly room?: Room;
}

/** A mover by given energies. */
const mover = (energies: Energies, { friction, noise = 0, launch = still, room }: Setting = {}): Mover => ({
  noise,
  phase: true,
  ...(room && { room }),
  dynamics: () => ({ drift: launch, noise: 0, mechanics: { energies, launch, noise, ...(friction !== undefined && { friction }) } }),
});

const particles = (x: number[][], v: number[][]): Particles => ({ x: array(x) as NdArray<"f32">, velocity: array(v) as NdArray<"f32"> });

/** Attraction to the origin, V = -k / |x|. */
const kepler =
  (k: number): NonNullable<Energies["potential"]> =>
  (_, x) =>
    x.square().sum(1).sqrt().pow(-1).mul(-k);

test("a body on an ellipse is where it began after Kepler's period, and after half of it at the other end", async () => {
  const [k, a, e] = [1.3, 1.5, 0.4];
  // at the pericentre, by the vis-viva equation
  const speed = Math.sqrt((k * (1 + e)) / (a * (1 - e)));
  const period = 2 * Math.PI * Math.sqrt(a ** 3 / k);
  const { clouds } = await pusher(mover({ potential: kepler(k) }), 1)({}, particles([[a * (1 - e), 0]], [[0, speed]]), 0, [
    period / 2,
    period,
  ]);
  // tolerances of 1e-5 a step
  [-a * (1 + e), 0].forEach((x, j) => void expect(clouds[0].x.data[j]).toBeCloseTo(x, 2.5));
  [a * (1 - e), 0].forEach((x, j) => void expect(clouds[1].x.data[j]).toBeCloseTo(x, 2.5));
});

test("two bodies that attract each other go round their centre with the period of their distance, and it stays where it is", async () => {
  const k = 0.8;
  // each is accelerated by k / r²: their distance by 2k / r², on a circle of radius 1
  const speed = Math.sqrt(2 * k) / 2;
  const period = (2 * Math.PI) / Math.sqrt(2 * k);
  const start = particles(
    [
      [0.5, 0],
      [-0.5, 0],
    ],
    [
      [0, speed],
      [0, -speed],
    ],
  );
  const push = pusher(mover({ interaction: (r) => r.pow(-1).mul(-k) }), 1);
  const { clouds } = await push({}, start, 0, [period / 4, period]);
  [0, 0.5, 0, -0.5].forEach((x, i) => void expect(clouds[0].x.data[i]).toBeCloseTo(x, 3));
  [0.5, 0, -0.5, 0].forEach((x, i) => void expect(clouds[1].x.data[i]).toBeCloseTo(x, 3));
});

test("an ensemble of damped oscillators follows its law, particle by particle, forward and back", async () => {
  const [omega, gamma, end] = [1.4, 0.3, 5];
  const [x, v] = [1, 2].map((seed) => randomStream(seed).normal([200, 2]) as NdArray<"f32">);
  const wide = Math.sqrt(omega ** 2 - gamma ** 2 / 4);
  const decay = Math.exp((-gamma * end) / 2);
  const [c, s] = [decay * Math.cos(wide * end), (decay * Math.sin(wide * end)) / wide];
  const push = pusher(mover({ potential: quadraticPotential(omega ** 2) }, { friction: gamma }), 1);
  const [moved] = (await push({}, { x, velocity: v }, 1, [1 + end])).clouds;
  moved.x.data.forEach((y, i) => void expect(y).toBeCloseTo(c * x.data[i] + s * (v.data[i] + (gamma / 2) * x.data[i]), 3));
  const [back] = (await push({}, moved, 1 + end, [1])).clouds;
  back.x.data.forEach((y, i) => void expect(y).toBeCloseTo(x.data[i], 2));
});

test("a thermal cloud in equilibrium stays Gaussian in phase space", async () => {
  const [omega, gamma, sigma, n] = [1.2, 0.8, 0.7, 4000];
  const temperature = sigma ** 2 / (2 * gamma);
  const rng = randomStream(4);
  const scaled = (a: NdArray, by: number): NdArray<"f32"> =>
    ndarray(
      (a.data as Float32Array<ArrayBuffer>).map((z) => z * by),
      a.shape,
      "f32",
    );
  const x = scaled(rng.normal([n, 1]), Math.sqrt(temperature) / omega);
  const velocity = scaled(rng.normal([n, 1]), Math.sqrt(temperature));
  const push = pusher(mover({ potential: quadraticPotential(omega ** 2) }, { friction: gamma, noise: sigma }), 1);
  const { clouds } = await push({}, { x, velocity }, 0, [0.7, 1.5], { rng, stepsPerUnit: 20 });
  for (const { x: place, velocity: speed } of clouds) {
    const square = (a: ArrayLike<number>): number => Array.from(a).reduce((t, y) => t + y * y, 0) / n;
    // five standard errors of a second moment; the splitting's places are exact, its velocities off by (ωh)²/4
    expect(Math.abs((square(place.data) * omega ** 2) / temperature - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
    expect(Math.abs(square(speed!.data) / temperature - 1)).toBeLessThan(5 * Math.sqrt(2 / n) + 0.001);
  }
  await expect(push({}, { x, velocity }, 0, [1])).rejects.toThrow(/need a stream/);
  await expect(push({}, { x, velocity }, 1, [0], { rng })).rejects.toThrow(/forward only/);
});

test("a cloud of any shape turns rigidly when it is launched by a rigid rotation in the potential that holds it", async () => {
  const omega = 0.9;
  const rotation: VectorField = (_, x) => concat([x.slice(null, [1, 2]).neg(), x.slice(null, [0, 1])], 1).mul(omega);
  // two arms of unlike length, nothing like a Gaussian
  const x = ndarray(
    Float32Array.from({ length: 120 }, (_, i) => (i < 80 ? [0.02 * i, 0.3] : [0.4, -0.05 * (i - 80)])[i % 2]),
    [60, 2],
    "f32",
  );
  const push = pusher(mover({ potential: quadraticPotential(omega ** 2) }, { launch: rotation }), 1);
  const [t0, t1] = [2, 3.9];
  const { clouds, velocity } = await push({}, { x }, t0, [t1]);
  const [c, s] = [Math.cos(omega * (t1 - t0)), Math.sin(omega * (t1 - t0))];
  for (let i = 0; i < 60; i++) {
    const [a, b] = [x.data[2 * i], x.data[2 * i + 1]];
    expect(clouds[0].x.data[2 * i]).toBeCloseTo(c * a - s * b, 4);
    expect(clouds[0].x.data[2 * i + 1]).toBeCloseTo(s * a + c * b, 4);
    expect(velocity!.data[2 * i]).toBeCloseTo(-omega * b, 5);
  }
  // places alone follow the mean velocity, here the same
  const flow = await push({}, { x }, t0, [t1], { flow: true });
  flow.clouds[0].x.data.forEach((y, i) => void expect(y).toBeCloseTo(clouds[0].x.data[i], 4));
  expect(flow.clouds[0].velocity).toBeUndefined();
});

const units = { mean: [0, 0], deviation: [1, 1], start: 0, interval: 1 };

/** The energies of pushed particles at even times. */
async function energies(model: Mover, start: Particles, end: number) {
  const at = Array.from({ length: 40 }, (_, i) => (end * (i + 1)) / 40);
  const { clouds } = await pusher(model, 1)({}, start, 0, at, { rng: randomStream(6) });
  const frames = [start, ...clouds].map(({ x, velocity }, i) => ({ time: [0, ...at][i], inner: x, velocity }));
  const found = await energyInTime({ model, push: pusher(model), params: {} }, frames, { units });
  return found!;
}

const cloud = (n: number): Particles => ({
  x: randomStream(1).normal([n, 2]) as NdArray<"f32">,
  velocity: randomStream(2).normal([n, 2]) as NdArray<"f32">,
});

test("energy is what it was at the start, and the work of friction, noise and of a potential that changes", async () => {
  const driven = (t: Tensor, x: Tensor) => x.square().sum(1).mul(t.squeeze(1).mul(0.2).add(0.5));
  const forces: Energies = { potential: driven, interaction: (r) => r.square().mul(-1).exp() };
  const found = await energies(mover(forces, { friction: 0.4 }), cloud(100), 4);
  // Simpson's rule with steps of a tenth
  expect(found.imbalance).toBeLessThan(1e-3);
  expect(found.friction).toBeCloseTo(0.4, 6);
  const [first, last] = [found.points[0], found.points[40]];
  expect(Math.abs(last.expected - first.expected)).toBeGreaterThan(0.1);
  const noisy = await energies(mover(forces, { friction: 0.4, noise: 0.5 }), cloud(100), 4);
  expect(noisy.imbalance).toBeLessThan(4 * noisy.error);
  expect([found, noisy].flatMap(lostEnergy)).toEqual([]);
});

test("energy that is lost is told first: particles that are held back outside of the data", async () => {
  const room: Room = { low: [-1, -1], high: [1, 1], margin: [0.5, 0.5] };
  const found = await energies(mover({ potential: quadraticPotential(0.1) }, { room }), cloud(100), 4);
  expect(found.imbalance).toBeGreaterThan(0.05);
  expect(lostEnergy(found)[0]).toMatch(/^energy is not in balance: at time .* % of the kinetic energy/);
});
