/** What moving particles is, whatever moves them. */
import { type NdArray, ndarray, type Random } from "../../array/index.ts";
import type { Feeds } from "../../tensor/index.ts";
import type { Particles, WeightedParticles } from "./particles.ts";

/** How particles are moved. */
export interface PushOptions {
  /** Where the noise comes from; needed by dynamics with noise. */
  readonly rng?: Random;
  /** Steps a unit of time of Euler–Maruyama; default 100. */
  readonly stepsPerUnit?: number;
  /**
   * One of two paths with the same Brownian motion: "fine" takes twice as many steps as "coarse"; of mechanics without noise, "coarse" has
   * ten times the tolerance. Their distance is the error of the steps.
   */
  readonly pair?: "coarse" | "fine";
  /** Follow the noiseless flow with the same densities, where the dynamics know it. */
  readonly flow?: boolean;
}

/** Particles that were moved. */
export interface Pushed {
  /** Clouds at each time asked for. */
  readonly clouds: readonly WeightedParticles[];
  /** Velocities at the start, where particles have some of their own. */
  readonly velocity?: NdArray<"f32">;
  /** Evaluations of the velocity. */
  readonly evaluations: number;
}

/** Moves particles of time `from` to each of `to` (monotone in either direction, times of the training). */
export type Push<P = unknown> = (
  params: Feeds<P>,
  particles: Particles,
  from: number,
  to: readonly number[],
  options?: PushOptions,
) => Promise<Pushed>;

/**
 * Normal noise of steps; with "coarse" that of steps twice as long as the fine ones with the same draws, (z_2k + z_2k+1) / √2.
 *
 * @param shape  [steps, n, d]
 */
export function stepNoise(rng: Random, [steps, n, d]: readonly [number, number, number], pair?: "coarse" | "fine"): NdArray<"f32"> {
  if (pair !== "coarse") return rng.normal([steps, n, d]) as NdArray<"f32">;
  const { data } = rng.normal([2 * steps, n, d]);
  const size = n * d;
  const half = Float32Array.from({ length: steps * size }, (_, i) => {
    const at = 2 * size * Math.floor(i / size) + (i % size);
    return (data[at] + data[at + size]) * Math.SQRT1_2;
  });
  return ndarray(half, [steps, n, d], "f32");
}
