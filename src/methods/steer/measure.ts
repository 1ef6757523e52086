/** A proposal measured: bounds on log Z, divergences, cautions. What bounds, train, compare and infill have in common. */
import type { Random } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import {
  type BoundsOptions,
  logWeightsOf,
  type RunBounds,
  runBounds,
  sandwichOf,
  steeringCautions,
  type TextTarget,
} from "../../language/index.ts";
import { divergenceResults, logZResults } from "./results.ts";

export interface Measured {
  readonly bounds: RunBounds;
  readonly divergence: ReturnType<typeof divergenceResults>;
  readonly cautions: readonly string[];
  /** Fields of the last JSON line. */
  readonly results: ReturnType<typeof resultsOf>;
}

/**
 * @param draws  texts of q for the divergences
 * @param known  log Z, where it is exact
 * @param why    there are no exact draws
 */
export async function measure(
  target: TextTarget,
  { known, why, draws, ...options }: BoundsOptions & { readonly known?: number; readonly why?: string; readonly draws: number },
  rng: Random,
  watch?: (runs: number) => void,
): Promise<Measured> {
  const { exact, suffixes, runs } = options;
  const bounds = await runBounds(
    target,
    { ...options, exact: exact?.slice(0, runs), suffixes: suffixes?.slice(0, runs) },
    rng.fold("runs"),
    watch,
  );
  refuseCrossing(bounds);
  // with observations, the same ones on both sides: their own spread in log Z cancels
  const count = suffixes ? runs : exact ? Math.min(draws, exact.length) : draws;
  const own = { ...options, exact: exact?.slice(0, count), suffixes: suffixes?.slice(0, count) };
  const weights = await logWeightsOf(target, own, suffixes ? count : draws, rng.fold("weights"));
  const truth = known === undefined ? undefined : { mean: known, error: 0 };
  const divergence = divergenceResults(weights, truth ? { lower: truth, upper: truth } : sandwichOf(bounds), why);
  const cautions = steeringCautions({
    ...{ bounds, weights: weights.proposal, resamples: options.resampling !== "never" && options.particles > 1 },
    proposalOnly: options.twist?.proposalOnly,
  });
  return { bounds, divergence, cautions, results: resultsOf(bounds, divergence, why) };
}

const resultsOf = (bounds: RunBounds, divergence: ReturnType<typeof divergenceResults>, why: string | undefined) => ({
  unit: "nats",
  logZ: logZResults(bounds, why),
  ...divergence,
  ess: (bounds.particles * bounds.leastSize.reduce((a, b) => a + b, 0)) / bounds.leastSize.length,
  uniqueAncestors: bounds.ancestors,
});

/** Runs from which a standard error can be believed, and how many of them bounds may cross by. */
const [enoughRuns, most] = [10, 4];

/** Bounds that cross say that the "exact" draws are none: nothing that follows would be true. @throws UserError */
function refuseCrossing(bounds: RunBounds): void {
  const { lower, upper } = sandwichOf(bounds);
  if (!upper || bounds.lower.length < enoughRuns) return;
  const gap = lower.mean - upper.mean;
  if (gap > most * Math.hypot(lower.error, upper.error) + 1e-6)
    throw new UserError(
      `the lower bound ${lower.mean.toFixed(3)} is above the upper one ${upper.mean.toFixed(3)}, by more than ${most} standard errors: the exact draws are not of this target`,
      "they must be of the same model, prompt, --length, --potential and --beta",
    );
}
