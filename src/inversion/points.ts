/** Noise for the expectations of a fit. */
import type { NdArray, Random } from "../array/index.ts";
import { floats, type Inversion, posteriors } from "./objective.ts";
import { hermitePoints, mostAxes } from "./quadrature.ts";

/** Noise [1 or J·L', n, d], and the weights of its rows [n]: those of each component add up to 1. */
export interface Points {
  readonly noise: NdArray;
  readonly weights: NdArray;
}

type Float = "f32" | "f64";

/** Points of a rule, over all components, that are no dearer than draws. */
const mostPoints = 2000;

/**
 * Noise by a rule, the same at every step, for codes of up to three numbers. Only for affine maps of the noise: any other learns to look good at
 * the nodes alone (seen: a loss of 1.68 with radial maps where nothing is below 2.07).
 */
export function rulePoints({ family, prior }: Inversion, dtype: Float): Points | undefined {
  if (!family.affine || prior.layers > 1 || family.latent > mostAxes) return undefined;
  const { noise, weights } = hermitePoints(family.latent);
  const n = weights.length * family.components;
  if (n > mostPoints) return undefined;
  return {
    noise: floats(repeat(noise, family.components), [1, n, family.latent], dtype),
    weights: floats(repeat(weights, family.components), [n], dtype),
  };
}

function repeat(values: Float64Array, times: number): Float64Array {
  const all = new Float64Array(values.length * times);
  for (let i = 0; i < times; i++) all.set(values, i * values.length);
  return all;
}

/**
 * Fresh draws: every posterior and component has its own, each with its mirror image, so that odd functions have no noise.
 * @param draws  a goal, over all components
 */
export function drawnPoints(
  inversion: Pick<Inversion, "family" | "prior" | "goals" | "sharedNoise">,
  draws: number,
  rng: Random,
  dtype: Float,
): Points {
  const { components, latent } = inversion.family;
  const half = Math.ceil(draws / components / 2);
  const n = 2 * half * components;
  const size = half * latent;
  const noise = layeredNoise(inversion, rng, n, dtype, (stream, rows) => {
    const drawn = stream.normal([rows * components, size], dtype).data;
    const mirrored = dtype === "f64" ? new Float64Array(rows * n * latent) : new Float32Array(rows * n * latent);
    for (let block = 0; block < rows * components; block++) {
      const at = 2 * block * size;
      mirrored.set(drawn.subarray(block * size, (block + 1) * size), at);
      for (let i = 0; i < size; i++) mirrored[at + size + i] = -drawn[block * size + i];
    }
    return mirrored;
  });
  return { noise, weights: floats(new Float64Array(n).fill(1 / (2 * half)), [n], dtype) };
}

/** Noise [J·L', n, d] of all posteriors: each layer of an input has its own, or all have the same. */
export function layeredNoise(
  { family, prior, goals, sharedNoise }: Pick<Inversion, "family" | "prior" | "goals" | "sharedNoise">,
  rng: Random,
  n: number,
  dtype: Float,
  draw: (rng: Random, rows: number) => Float32Array | Float64Array,
): NdArray {
  const rows = posteriors({ goals, prior });
  const shape = [rows, n, family.latent];
  const layers = rows / goals.length;
  if (!sharedNoise || layers === 1) return floats(draw(rng, rows), shape, dtype);
  const each = draw(rng, goals.length);
  const size = n * family.latent;
  const all = new Float64Array(rows * size);
  for (let row = 0; row < rows; row++) {
    const from = Math.floor(row / layers) * size;
    all.set(each.subarray(from, from + size), row * size);
  }
  return floats(all, shape, dtype);
}
