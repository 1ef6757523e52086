/** Weighted particles. */
import { type NdArray, ndarray } from "../../array/index.ts";
import type { Cloud } from "../paths/cloud.ts";

/** Particles [n, d] with logarithms of their weights [n]; absent: 0. */
export interface Particles {
  readonly x: NdArray<"f32">;
  readonly logWeight?: NdArray<"f32">;
  /** Their own velocities [n, d], where they have some; units of the training. */
  readonly velocity?: NdArray<"f32">;
}

/** Particles whose weights are known. */
export type WeightedParticles = Particles & Required<Pick<Particles, "logWeight">>;

/** The particles of a snapshot, with weights of mean one. */
export function particlesOf({ points, weights, velocities }: Cloud): WeightedParticles {
  const n = points.shape[0];
  const mean = weights ? Array.from(weights).reduce((a, b) => a + b, 0) / n : 1;
  return {
    x: points,
    logWeight: ndarray(
      Float32Array.from({ length: n }, (_, i) => (weights ? Math.log(weights[i] / mean) : 0)),
      [n],
      "f32",
    ),
    ...(velocities && { velocity: velocities }),
  };
}

/** Σ w / n: the mass of a cloud relative to equal weights of one. */
export const meanWeight = (logWeight: NdArray<"f32">): number =>
  logWeight.data.reduce((s, l) => s + Math.exp(l), 0) / logWeight.data.length;

/** Effective part of a weighted sample, (Σ w)² / (n Σ w²). */
export function effectiveShare(logWeight: NdArray<"f32">): number {
  const highest = logWeight.data.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const w = logWeight.data.map((l) => Math.exp(l - highest));
  const sum = w.reduce((a, b) => a + b, 0);
  return sum ** 2 / (w.length * w.reduce((s, v) => s + v * v, 0));
}

/** [x, 0], as solvers move them: what the logarithms of the weights gain is added to the first ones in the end, which may be -∞. */
export function joined(x: NdArray<"f32">): NdArray<"f32"> {
  const [n, d] = x.shape;
  const data = new Float32Array(n * (d + 1));
  for (let i = 0; i < n; i++) data.set(x.data.subarray(i * d, (i + 1) * d), i * (d + 1));
  return ndarray(data, [n, d + 1], "f32");
}

/** x and log w of [x, log w] that has gained on the first log w. */
export function parted({ data, shape: [n, width] }: NdArray<"f32">, first?: NdArray<"f32">): WeightedParticles {
  const d = width - 1;
  const x = new Float32Array(n * d);
  const logWeight = new Float32Array(n);
  for (let i = 0; i < n; i++) {
    x.set(data.subarray(i * width, i * width + d), i * d);
    logWeight[i] = data[i * width + d] + (first?.data[i] ?? 0);
  }
  return { x: ndarray(x, [n, d], "f32"), logWeight: ndarray(logWeight, [n], "f32") };
}
