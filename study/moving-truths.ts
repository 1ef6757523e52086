/** Populations that turn, oscillate and swarm, generated so that the truth is known at every time. */
import { array, type NdArray, ndarray, type Random } from "../src/array/index.ts";
import { marchPhase } from "../src/solve/index.ts";
import { jit, type Tensor } from "../src/tensor/index.ts";
import { accelerationOf } from "../src/transport/index.ts";

/** Places and velocities, [n, 2] each. */
export interface Moving {
  readonly points: NdArray<"f32">;
  readonly velocities: NdArray<"f32">;
}

/** A population: times that are learned from, those that are predicted, and a sample of others at a time. */
export interface Truth {
  readonly kept: readonly number[];
  readonly held: readonly number[];
  sample(time: number, rng: Random): Promise<Moving>;
}

/** Particles of a sample. */
const particles = 200;
type Point = readonly [number, number];
const polar = (radius: number, angle: number): Point => [radius * Math.cos(angle), radius * Math.sin(angle)];

const moving = (rows: readonly { readonly x: Point; readonly v: Point }[]): Moving => {
  const matrix = (all: readonly Point[]): NdArray<"f32"> => ndarray(Float32Array.from(all.flat()), [all.length, 2], "f32");
  return { points: matrix(rows.map((r) => r.x)), velocities: matrix(rows.map((r) => r.v)) };
};

/** Two normal numbers and a uniform one for each particle. */
const draws = (rng: Random): { z: Point; u: number }[] => {
  const [z, u] = [rng.normal([particles, 2]).data, rng.uniform([particles]).data];
  return Array.from({ length: particles }, (_, i) => ({ z: [z[2 * i], z[2 * i + 1]], u: u[i] }));
};

const every = [0, 2, 4, 6, 8];
const between = [1, 3, 5, 7];

/** A flow that turns each particle about the origin at a speed of its own. */
const turning = (speed: (radius: number) => number, start: (z: Point, u: number) => Point): Truth => ({
  ...{ kept: every, held: between },
  sample: async (time, rng) =>
    moving(
      draws(rng).map(({ z, u }) => {
        const [x, y] = start(z, u);
        const radius = Math.hypot(x, y);
        const at = polar(radius, Math.atan2(y, x) + speed(radius) * time);
        return { x: at, v: [-speed(radius) * at[1], speed(radius) * at[0]] };
      }),
    ),
});

/** ω of a period of 8. */
const omega = Math.PI / 4;

/** Oscillators about the origin that are launched upward and turning, from two lobes; half a period is predicted beyond one. */
const oscillators: Truth = {
  kept: Array.from({ length: 11 }, (_, k) => 0.8 * k),
  held: [9, 10, 11, 12],
  sample: async (time, rng) =>
    moving(
      draws(rng).map(({ z: [a, b], u }) => {
        const x: Point = [1.3 + 0.2 * a + (u < 1 / 3 ? 0.6 : 0), 0.3 * b];
        const v: Point = [-0.5 * omega * x[1], 0.3 + 0.5 * omega * x[0]];
        const [c, s] = [Math.cos(omega * time), Math.sin(omega * time)];
        const part = (f: (j: number) => number): Point => [f(0), f(1)];
        return { x: part((j) => c * x[j] + (s / omega) * v[j]), v: part((j) => c * v[j] - omega * s * x[j]) };
      }),
    ),
};

/** Two flocks that pass each other: pairs attract far off and repel each other nearby. */
const repulsion = { far: 1.5, near: 0.4, strength: 1.2, push: 0.3 };
const flight = jit((at: { x: Tensor; v: Tensor; times: Tensor }) => {
  const { far, near, strength, push } = repulsion;
  const bump = (r: Tensor, width: number) =>
    r
      .square()
      .div(-2 * width ** 2)
      .exp();
  const acceleration = accelerationOf({ interaction: (r) => bump(r, near).mul(push).sub(bump(r, far).mul(strength)) });
  const path = marchPhase({ acceleration }, at, at.times);
  return { x: path.x.slice(-1), v: path.v.slice(-1) };
});

const boids: Truth = {
  ...{ kept: every, held: [10, 12] },
  async sample(time, rng) {
    const start = moving(
      // flocks of one size each: chance in the sizes would pull all snapshots apart
      draws(rng).map(({ z: [a, b] }, i) => {
        const side = i < 0.6 * particles ? 1 : -1;
        return { x: [1.1 * side + 0.25 * a, 0.25 * b], v: [0, 0.5 * side] };
      }),
    );
    if (time === 0) return start;
    // a unit of the snapshots is 0.6 of that of the flight
    const times = Array.from({ length: 61 }, (_, i) => (0.6 * time * i) / 60);
    const { x, v } = await flight({ x: start.points, v: start.velocities, times: array(times) });
    const speeds = (v.data as Float32Array<ArrayBuffer>).map((s) => 0.6 * s);
    return { points: x as NdArray<"f32">, velocities: ndarray(speeds, v.shape, "f32") };
  },
};

/** By name. */
export const truths: Readonly<Record<string, Truth>> = {
  vortex: turning(
    (radius) => 1.2 / (1 + radius ** 2),
    ([a, b]) => polar(1 + 0.2 * a, 0.4 * b),
  ),
  pair: turning(
    () => 0.6,
    ([a, b], u) => (u < 0.7 ? [1.5 + 0.2 * a, 0.2 * b] : [-0.8 + 0.1 * a, 0.3 * b]),
  ),
  boids,
  oscillators,
};
