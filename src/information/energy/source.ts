/** Where pairs come from: drawn without end from a model, or rows of files, some of them held out. */
import { array, type NdArray, type Random, toNumbers } from "../../array/index.ts";
import type { Matrix } from "../../data/matrix.ts";
import { UserError } from "../../errors.ts";
import { formatNumber } from "../../numbers.ts";
import { gatherRows, normalQuantile } from "../../sampling/index.ts";
import { floats, type Joint, type JointPairs, simulate, simulator } from "../models/joint.ts";
import type { Scaling } from "./train.ts";

export interface PairSource {
  /** D and d. */
  readonly observed: number;
  readonly latent: number;
  /** Pairs for training; a batch of its own for every stream. */
  readonly draw: (count: number, rng: Random) => Promise<JointPairs>;
  /** Pairs for the report only. */
  readonly heldOut: JointPairs;
  readonly scaling: Scaling;
  /** The model, where pairs are drawn from one. */
  readonly joint?: Joint;
  readonly notes: readonly string[];
}

/** Rows from which mean and deviation of x are taken. */
const measured = 1000;

export async function modelSource(joint: Joint, heldOut: number, rng: Random): Promise<PairSource> {
  const { x } = await simulate(joint, measured, rng.fold("scaling"));
  return {
    ...{ observed: x.shape[1], latent: joint.latent, draw: simulator(joint), joint, notes: [] },
    heldOut: await simulate(joint, heldOut, rng.fold("held out")),
    scaling: scalingOf(x).scaling,
  };
}

/** Standard errors of the mean square of the latents. */
const limit = 5;

/**
 * Rows of files: a fifth, at most `heldOut`, are held out.
 *
 * @param prior  "normal", or "uniform" with its bounds: latents become normal by their distribution function
 * @throws UserError  for rows that do not pair, and latents that are not of the prior
 */
export function fileSource(x: Matrix, z: Matrix, prior: string, heldOut: number, rng: Random): PairSource {
  const [n, m] = [x.shape[0], z.shape[0]];
  if (n !== m)
    throw new UserError(`${n} rows of x (${x.source}) and ${m} of z (${z.source})`, "row b of one belongs to row b of the other");
  const out = Math.min(heldOut, Math.floor(n / 5));
  if (out < 10) throw new UserError(`${n} pairs are too few: a fifth is held out, and that should be 10 at least`);
  const [width, d] = [x.data.length / n, z.data.length / n];
  const latents = normalised(z, prior);
  const order = rng.fold("split").permutation(n);
  const rows = (data: Float64Array, w: number, indices: ArrayLike<number>): NdArray => gatherRows(floats(data, [n, w], "f32"), indices);
  const [held, train] = [order.data.subarray(0, out), order.data.subarray(out)];
  const training = { x: rows(x.data, width, train), u: rows(latents, d, train) };
  const { scaling, constant } = scalingOf(training.x);
  return {
    ...{ observed: width, latent: d, scaling },
    heldOut: { x: rows(x.data, width, held), u: rows(latents, d, held) },
    async draw(count, stream) {
      const indices = Int32Array.from(stream.uniform([count], "f64").data, (v) => Math.floor(v * train.length));
      return { x: gatherRows(training.x, indices), u: gatherRows(training.u, indices) };
    },
    notes: [
      `${n - out} pairs train, ${out} are held out for the bounds`,
      ...(constant > 0 ? [`${constant} of ${width} columns of x are constant and say nothing`] : []),
    ],
  };
}

/** Latents in coordinates in which the prior is N(0, 1), tested on their mean square. */
function normalised({ data, source }: Matrix, prior: string): Float64Array {
  const bounds = /^uniform(?::(.+),(.+))?$/.exec(prior);
  if (!bounds && prior !== "normal") throw new UserError(`--prior ${prior} is neither normal nor uniform:LOW,HIGH`);
  const [low, high] = bounds ? [Number(bounds[1] ?? 0), Number(bounds[2] ?? 1)] : [0, 1];
  const outside = bounds ? data.findIndex((v) => !(v > low && v < high)) : -1;
  if (outside >= 0) throw new UserError(`${source}: ${formatNumber(data[outside])} is outside the prior's (${low}, ${high})`);
  const u = bounds ? data.map((v) => normalQuantile((v - low) / (high - low))) : data;
  const squares = u.map((v) => v * v);
  const mean = squares.reduce((a, b) => a + b, 0) / squares.length;
  const score = (mean - 1) / Math.sqrt(2 / squares.length); // Var u² = 2
  if (Math.abs(score) > limit)
    throw new UserError(
      `${source}: latents with the prior ${prior} have the mean square 1, these ${formatNumber(mean)} (${formatNumber(Math.abs(score))} standard errors away)`,
      "the prior must be the law of z: standardise z, or give --prior uniform:LOW,HIGH",
    );
  return u;
}

function scalingOf(x: NdArray): { scaling: Scaling; constant: number } {
  const [n, D] = x.shape;
  const values = toNumbers(x);
  const [mean, deviation] = [new Float64Array(D), new Float64Array(D)];
  values.forEach((v, i) => {
    mean[i % D] += v / n;
  });
  values.forEach((v, i) => {
    deviation[i % D] += (v - mean[i % D]) ** 2 / n;
  });
  const moves = new Uint8Array(D);
  values.forEach((v, i) => {
    if (v !== values[i % D]) moves[i % D] = 1;
  });
  const constant = D - moves.reduce((a, b) => a + b, 0);
  const kept = Array.from(deviation, (v, j) => (moves[j] ? Math.sqrt(v) : 1));
  return { scaling: { mean: array([...mean], "f32", [D]), deviation: array(kept, "f32", [D]) }, constant };
}
