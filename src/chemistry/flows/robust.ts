/** What tames the tails of estimators: clipped energies and masked scores. Statistics of a batch, in doubles. */

/** How energies are clipped around their centre, for gradients only. */
export interface Clipping {
  /** Limit in deviations; infinity clips nothing. */
  readonly width: number;
  readonly centre: "median" | "mean";
  /** Mean absolute deviation from the centre, median absolute deviation, or the range between quartiles. */
  readonly deviation: "mad-mean" | "mad" | "iqr";
}

/** ±5 mean absolute deviations around the median. @source  von Glehn, Spencer & Pfau, ICLR 2023 */
export const usualClipping: Clipping = { width: 5, centre: "median", deviation: "mad-mean" };

const finite = (values: ArrayLike<number>): Float64Array => Float64Array.from(values).filter(Number.isFinite);

/** The value at a share of the sorted values, between neighbours linearly. */
export function quantile(values: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(values).sort();
  const at = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low + (high - low) * (at - Math.floor(at));
}

export const meanOfValues = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
};

function deviationOf(values: Float64Array, centre: number, kind: Clipping["deviation"]): number {
  if (kind === "iqr") return quantile(values, 0.75) - quantile(values, 0.25);
  const away = values.map((v) => Math.abs(v - centre));
  return kind === "mad" ? quantile(away, 0.5) : meanOfValues(away);
}

/** Clipped energies less their mean; 0 for walkers whose energy is not finite. @returns  also how many were clipped, and were not finite */
export function clippedEnergies(energies: ArrayLike<number>, { width, centre, deviation }: Clipping) {
  const known = finite(energies);
  const middle = centre === "median" ? quantile(known, 0.5) : meanOfValues(known);
  const limit = width === Number.POSITIVE_INFINITY ? width : width * deviationOf(known, middle, deviation);
  const [low, high] = [middle - limit, middle + limit];
  const clipped = known.map((e) => Math.min(high, Math.max(low, e)));
  const mean = meanOfValues(clipped);
  const centred = Float64Array.from(energies, (e) => (Number.isFinite(e) ? Math.min(high, Math.max(low, e)) - mean : 0));
  return { centred, low, high, lost: energies.length - known.length, clipped: known.reduce((n, e) => n + Number(e < low || e > high), 0) };
}

/**
 * Weights of walkers by their scores s = |∇ log q|: 1 up to median + width · mean |s - median|, 0 beyond, scaled to mean 1. With `smooth`,
 * min(1, (limit/s)²) instead. Near nodes scores are large and estimators of the Wasserstein flow have no variance; the bias is small.
 *
 * @source  the authors' code of arXiv 2307.07050: 5 mean absolute deviations
 */
export function scoreMask(scores: ArrayLike<number>, width: number, smooth = false): Float64Array {
  const known = finite(scores);
  const middle = quantile(known, 0.5);
  const limit = width === Number.POSITIVE_INFINITY ? width : middle + width * deviationOf(known, middle, "mad-mean");
  const weight = (s: number): number => {
    if (!Number.isFinite(s)) return 0;
    return s <= limit ? 1 : smooth ? (limit / s) ** 2 : 0;
  };
  const weights = Float64Array.from(scores, weight);
  const mean = meanOfValues(weights);
  return mean > 0 ? weights.map((w) => w / mean) : weights;
}
