/** Bounds on I(X;Z) from log weights of chains: weights in, bounds out, no matter who made them. */
import { UserError } from "../../errors.ts";
import { bennett, byDatum, type Estimate, estimate, mixtureLower, mixtureUpper, reverseUpper } from "../../sampling/index.ts";

/** What B data points with K chains each way have given. */
export interface AnnealedWeights {
  /** ℓ_b = log p(x_b|z_b) - C. */
  readonly fit: ArrayLike<number>;
  /** f, rows k · B + b: E e^f = p(x_b) e^-C. */
  readonly forward: ArrayLike<number>;
  /** r, rows k · B + b: E e^-r = e^C / p(x_b). */
  readonly reverse: ArrayLike<number>;
}

/** log p(x_b) - C by every bound, for every data point: [B] each. */
export interface PointBounds {
  readonly oneLower: Float64Array;
  readonly oneUpper: Float64Array;
  readonly mixtureLower: Float64Array;
  readonly mixtureUpper: Float64Array;
  readonly reverseUpper: Float64Array;
  /** Bennett's estimate; no bound. */
  readonly bennett: Float64Array;
}

const mean = (values: ArrayLike<number>): number => estimate(values).mean;

/** All bounds of every data point, from the first `chains` chains of each (default: all). */
export function pointBounds({ fit, forward, reverse }: AnnealedWeights, chains?: number): PointBounds {
  const B = fit.length;
  if (forward.length !== reverse.length) throw new UserError(`${forward.length} forward weights and ${reverse.length} reverse ones`);
  const [f, r] = [byDatum(forward, B), byDatum(reverse, B)].map((rows) => rows.map((w) => w.subarray(0, chains ?? w.length)));
  const each = (value: (b: number) => number): Float64Array => Float64Array.from({ length: B }, (_, b) => value(b));
  return {
    oneLower: each((b) => mean(f[b])),
    oneUpper: each((b) => mean(r[b])),
    mixtureLower: each((b) => mixtureLower(f[b])),
    mixtureUpper: each((b) => mixtureUpper(f[b], r[b])),
    reverseUpper: each((b) => reverseUpper(r[b])),
    bennett: each((b) => bennett(f[b], r[b]).mean),
  };
}

/** mean_b (ℓ_b - log p̂(x_b)), paired, so that the noise's energy cancels; its standard error is that of B independent pairs. */
export const informationOf = (fit: ArrayLike<number>, logEvidence: ArrayLike<number>): Estimate =>
  estimate(Float64Array.from(fit, (l, b) => l - logEvidence[b]));
