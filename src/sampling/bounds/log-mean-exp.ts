/** Means of weights of which only the logarithms fit into a number. */

/** log((1/K) Σ_k e^{a_k}) in f64, with the largest term taken out; -∞ if all are. */
export function logMeanExp(logs: ArrayLike<number>): number {
  if (logs.length === 0) return Number.NaN;
  let top = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < logs.length; k++) if (logs[k] > top || Number.isNaN(logs[k])) top = logs[k];
  if (!Number.isFinite(top)) return top;
  let sum = 0;
  for (let k = 0; k < logs.length; k++) sum += Math.exp(logs[k] - top);
  return top + Math.log(sum / logs.length);
}

/** e^{a_k} / Σ e^{a}: weights that add up to 1. NaN if all logs are -∞. */
export function normalisedWeights(logs: ArrayLike<number>): Float64Array {
  const shift = logMeanExp(logs);
  return Float64Array.from({ length: logs.length }, (_, k) => Math.exp(logs[k] - shift) / logs.length);
}
