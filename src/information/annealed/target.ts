/** Where chains of a joint model begin and what they see: from the prior, or from a proposal. */
import { type NdArray, ndarray, type Random } from "../../array/index.ts";
import { type AnnealingPath, geometricPath, hmc, type Target, temperedPath } from "../../sampling/index.ts";
import type { Feeds, Tensor } from "../../tensor/index.ts";
import { type Encoded, type Encoder, encodeRows, logPrior, logProposal } from "../models/encoder.ts";
import type { Joint } from "../models/joint.ts";

/** Data of B points, for any number of chains a point: chain n of point b stands in row n · B + b. */
export interface Observed {
  /** [B, D]. */
  readonly x: Tensor;
  /** Parameters of q(z|x), where chains begin there: [B, d] each. */
  readonly proposal?: { readonly mean: Tensor; readonly logVariance: Tensor };
}

/** A path from where chains begin to p(z, x), and draws of its beginning. log w estimates log p(x) - C on either path. */
export interface Route {
  readonly name: "prior" | "proposal";
  readonly target: Target<Observed>;
  readonly path: AnnealingPath;
  readonly observe: (x: NdArray) => Promise<Feeds<Observed>>;
  /** Draws of π_0, `chains` for each row of x. */
  readonly starts: (observed: Feeds<Observed>, chains: number, rng: Random) => NdArray;
}

/** Values of rows n · B + b, as [n, B]; and back. */
const perPoint = (rows: Tensor, points: number): Tensor => rows.reshape([-1, points, ...rows.shape.slice(1)]);
const perRow = (values: Tensor): Tensor => values.reshape([values.size]);

/** ℓ(x_b, u) = log p(x_b|u) - C for rows n · B + b: x is read once for all chains of a point. */
const pointFit =
  (joint: Joint) =>
  (u: Tensor, { x }: Observed): Tensor => {
    const y = joint.decode(u);
    return perRow(joint.likelihood.logDensity(perPoint(y, x.shape[0]), x.expandDims(0)));
  };

/** From the prior: log π_β = log p(u) + β ℓ(x, u). */
export function fromPrior(joint: Joint): Route {
  return {
    ...{ name: "prior", target: [logPrior, pointFit(joint)], path: temperedPath },
    observe: async (x) => ({ x }),
    starts: ({ x }, chains, rng) => rng.normal([chains * pointsOf(x), joint.latent], joint.dtype),
  };
}

/** From q(u|x): log π_β = (1 - β) log q(u|x) + β (log p(u) + ℓ(x, u)). */
export function fromProposal(joint: Joint, encoder: Encoder): Route {
  const likelihood = pointFit(joint);
  const proposal = (u: Tensor, { x, proposal: q }: Observed): Tensor => {
    const each = { mean: q!.mean.expandDims(0), logVariance: q!.logVariance.expandDims(0) }; // `observe` gives it
    return perRow(logProposal(perPoint(u, x.shape[0]), each));
  };
  return {
    ...{ name: "proposal", target: [proposal, (u, seen) => logPrior(u).add(likelihood(u, seen))], path: geometricPath },
    observe: async (x) => ({ x, proposal: await encodeRows(encoder, x) }),
    starts: ({ proposal: q }, chains, rng) => drawProposal(q as Encoded, chains, rng),
  };
}

/** u = m + e^{v/2} ε, `chains` times each row. */
export function drawProposal({ mean, logVariance }: Encoded, chains: number, rng: Random): NdArray {
  const size = mean.data.length;
  const noise = rng.normal([chains * mean.shape[0], mean.shape[1]], mean.dtype as "f32" | "f64");
  const draws = (noise.data as Float64Array).map(
    (e, i) => Number(mean.data[i % size]) + Math.exp(Number(logVariance.data[i % size]) / 2) * e,
  );
  return ndarray(draws as Float64Array<ArrayBuffer>, noise.shape, noise.dtype as "f64"); // of the noise's own storage
}

const pointsOf = (x: NdArray | number): number => (x as NdArray).shape[0];

/** All rows, several times over. */
export function tiled(a: NdArray, times: number): NdArray {
  const data = new (a.data.constructor as Float64ArrayConstructor)(a.data.length * times);
  for (let k = 0; k < times; k++) data.set(a.data as Float64Array, k * a.data.length);
  return ndarray(data, [a.shape[0] * times, ...a.shape.slice(1)], a.dtype as "f64");
}

/** HMC along the route. */
export const kernelOf = ({ target }: Route, leapfrogs: number) => hmc<Observed>(target, leapfrogs);
