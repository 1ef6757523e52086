/** Shots: basis states drawn from probabilities. */
import type { Random } from "../array/random.ts";

/** Basis states in rising order, and how often each was seen. */
export interface Counts {
  readonly states: readonly number[];
  readonly counts: readonly number[];
  readonly shots: number;
}

/**
 * Draws by inverting the cumulative sum at sorted uniforms, which are partial sums of exponentials over their total: O(states + shots).
 *
 * @source  Devroye, Non-Uniform Random Variate Generation (1986), V.3.1
 */
export function sampleShots(p: ArrayLike<number>, shots: number, random: Random): Counts {
  const { data: gaps } = random.exponential([shots + 1], "f64");
  const total = gaps.reduce((sum, gap) => sum + gap, 0);
  let mass = 0;
  let last = 0;
  for (let k = 0; k < p.length; k++) {
    mass += p[k];
    if (p[k] > 0) last = k;
  }
  const [states, counts]: [number[], number[]] = [[], []];
  let k = 0;
  let cumulative = p[0];
  let position = 0;
  for (let shot = 0; shot < shots; shot++) {
    position += gaps[shot];
    const wanted = (position / total) * mass;
    // rounding at the end must not lead beyond the last state that can be
    while (k < last && cumulative <= wanted) cumulative += p[++k];
    if (states.at(-1) === k) counts[counts.length - 1]++;
    else {
      states.push(k);
      counts.push(1);
    }
  }
  return { states, counts, shots };
}

/** Entropy in nats, Σ -p log p. */
export const entropy = (p: Float64Array): number => p.reduce((sum, q) => (q > 0 ? sum - q * Math.log(q) : sum), 0);

/** The Wilson score interval of a probability, at 95 %. */
export function wilson(successes: number, trials: number): readonly [low: number, high: number] {
  const z2 = 1.959963984540054 ** 2;
  const share = successes / trials;
  const centre = (share + z2 / (2 * trials)) / (1 + z2 / trials);
  const half = Math.sqrt((z2 * (share * (1 - share) + z2 / (4 * trials))) / trials) / (1 + z2 / trials);
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}

/** Shots of which at least one is good with 99 %, if each is with probability p. */
export const shotsFor99 = (p: number): number => (p >= 1 ? 1 : Math.log(0.01) / Math.log1p(-p));
