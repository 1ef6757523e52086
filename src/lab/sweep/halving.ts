/**
 * Successive halving (Jamieson & Talwalkar, AISTATS 2016, Algorithm 1): all settings train for a few steps, the best 1/η go on for η times
 * as
 * many, and so on. A run that goes on does so from its checkpoint, so that no step is computed twice.
 */

export interface Round {
  /** Steps at which the runs pause. */
  readonly steps: number;
  /** Settings in this round. */
  readonly settings: number;
}

/** Rounds for n settings: steps grow by the factor from min up to max, settings shrink by it; the last round goes to max. */
export function rounds(n: number, { factor, min, max }: { factor: number; min: number; max: number }): Round[] {
  const made: Round[] = [];
  for (let k = 0, left = n; ; k++, left = Math.max(1, Math.floor(left / factor))) {
    const steps = Math.round(min * factor ** k);
    if (left === 1 || steps >= max) return [...made, { steps: max, settings: left }];
    made.push({ steps, settings: left });
  }
}

/** Indices of the `count` best values, best first; what is no number is worst, and of equals the first ones stay. */
export function best(values: readonly number[], count: number, goal: "minimise" | "maximise"): number[] {
  const cost = (i: number) => {
    const v = goal === "minimise" ? values[i] : -values[i];
    return Number.isNaN(v) ? Number.POSITIVE_INFINITY : v;
  };
  return values
    .map((_, i) => i)
    .sort((a, b) => (cost(a) === cost(b) ? a - b : cost(a) - cost(b)))
    .slice(0, count);
}
