/** The best configurations of a cost, and those that no single flip improves. */

export interface Optimum {
  readonly minimum: number;
  /** All configurations that reach it. */
  readonly set: readonly number[];
}

/** Ties of costs that are computed: this part of the range of all costs. */
const tie = 1e-10;

/**
 * The minimum and all that tie with it.
 * @param tolerance  largest difference of a tie; default a ten-thousand-millionth of the range of the costs
 */
export function optimumOf(costs: Float64Array, tolerance?: number): Optimum {
  const { minimum, maximum } = rangeOf(costs);
  const limit = minimum + (tolerance ?? tie * (maximum - minimum));
  const set: number[] = [];
  costs.forEach((c, k) => {
    if (c <= limit) set.push(k);
  });
  return { minimum, set };
}

/** Smallest, largest and mean cost. */
export function rangeOf(costs: Float64Array): { readonly minimum: number; readonly maximum: number; readonly mean: number } {
  let [minimum, maximum, sum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const c of costs) {
    if (c < minimum) minimum = c;
    if (c > maximum) maximum = c;
    sum += c;
  }
  return { minimum, maximum, mean: sum / costs.length };
}

/** Configurations of which no neighbour at one flip is better by more than a tolerance; the best first. */
export function localMinima(costs: Float64Array, tolerance = 1e-15): readonly number[] {
  const found: number[] = [];
  for (let k = 0; k < costs.length; k++) {
    let bit = 1;
    while (bit < costs.length && costs[k ^ bit] >= costs[k] - tolerance) bit *= 2;
    if (bit === costs.length) found.push(k);
  }
  return found.sort((a, b) => costs[a] - costs[b]);
}
