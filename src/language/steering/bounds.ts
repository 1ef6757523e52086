/** Bounds on log Z from many runs, and how far a proposal is from σ, both ways. */
import type { Random } from "../../array/index.ts";
import { estimate, lineages, type ResamplingRule, type ResamplingScheme, type Sandwich, sandwich } from "../../sampling/index.ts";
import type { Twist } from "../twists/twist.ts";
import { runParticles } from "./particles.ts";
import { scorer, type TextTarget } from "./target.ts";

export interface BoundsOptions {
  /** K */
  readonly particles: number;
  /** R, independent runs. */
  readonly runs: number;
  readonly scheme: ResamplingScheme;
  readonly resampling: ResamplingRule;
  readonly twist?: Twist;
  readonly power?: number;
  /** One exact draw of σ a run: for the upper bound. */
  readonly exact?: readonly Int32Array[];
  /** One list of tokens that must follow a run: infilling. */
  readonly suffixes?: readonly Int32Array[];
}

/** log Ẑ of R runs, and what the particles of the lower ones were worth. */
export interface RunBounds {
  readonly particles: number;
  readonly lower: Float64Array;
  readonly upper?: Float64Array;
  /** Kish's size over K: [R] of the least over steps, and [T] means over runs. */
  readonly leastSize: Float64Array;
  readonly sizes: Float64Array;
  /** Rows of t = 1 from which the last particles come, mean over runs. */
  readonly ancestors: number;
  /** Runs all of whose particles had weight 0. */
  readonly dead: number;
}

/** Rows of a decoder at a time. */
const mostRows = 2048;

/** @param watch  runs done */
export async function runBounds(
  target: TextTarget,
  options: BoundsOptions,
  rng: Random,
  watch: (runs: number) => void = () => {},
): Promise<RunBounds> {
  const { particles: K, runs, exact, suffixes } = options;
  const logs = suffixes ? undefined : scorer(target);
  const [lower, upper, leastSize] = [new Float64Array(runs), new Float64Array(runs), new Float64Array(runs).fill(1)];
  const sizes = new Float64Array(target.length);
  const most = Math.max(1, Math.floor(mostRows / K));
  let [ancestors, dead] = [0, 0];
  for (let from = 0; from < runs; from += most) {
    const populations = Math.min(most, runs - from);
    const common = { ...options, populations, firstPopulation: from, logs, suffixes: suffixes?.slice(from, from + populations) };
    const run = await runParticles(target, common, rng.fold("lower").fold(from));
    lower.set(run.logZ, from);
    run.records.forEach(({ effectiveSize, dead: none }, t) => {
      effectiveSize.forEach((size, g) => {
        leastSize[from + g] = Math.min(leastSize[from + g], size / K);
        sizes[t] += size / K / runs;
      });
      if (t === run.records.length - 1) dead += none.length;
    });
    const [first] = lineages(run.records, K * populations);
    for (let g = 0; g < populations; g++) ancestors += new Set(first.subarray(g * K, (g + 1) * K)).size / runs;
    if (exact) {
      const references = exact.slice(from, from + populations);
      const above = await runParticles(target, { ...common, references }, rng.fold("upper").fold(from));
      upper.set(above.logZ, from);
    }
    watch(from + populations);
  }
  return { particles: K, lower, ...(exact && { upper }), leastSize, sizes, ancestors, dead };
}

/** Means of the runs. */
export const sandwichOf = ({ lower, upper }: RunBounds): Partial<Sandwich> & Pick<Sandwich, "lower"> =>
  upper ? sandwich(lower, upper) : { lower: estimate(lower) };

/** log σ̃ - log q of texts of q itself, and of exact draws of σ under q. */
export interface LogWeights {
  readonly proposal: Float64Array;
  readonly target?: Float64Array;
}

/** n texts of q, never resampled, and the exact draws gone through by q. */
export async function logWeightsOf(
  target: TextTarget,
  { twist, power, exact, suffixes }: Pick<BoundsOptions, "twist" | "power" | "exact" | "suffixes">,
  n: number,
  rng: Random,
): Promise<LogWeights> {
  const logs = suffixes ? undefined : scorer(target);
  const weights = async (count: number, references?: readonly Int32Array[]): Promise<Float64Array> => {
    const all = new Float64Array(count);
    for (let from = 0; from < count; from += mostRows) {
      const populations = Math.min(mostRows, count - from);
      const own = {
        ...({ twist, power, particles: 1, populations, resampling: "never", logs } as const),
        references: references?.slice(from, from + populations),
        suffixes: suffixes?.slice(from, from + populations),
      };
      const { particles } = await runParticles(target, own, rng.fold(references ? "target" : "proposal").fold(from));
      all.set(
        particles.logTarget.data.map((log, row) => log - particles.logProposal.data[row]),
        from,
      );
    }
    return all;
  };
  return { proposal: await weights(n), ...(exact && { target: await weights(exact.length, exact) }) };
}
