/** Fluctuations along a path from pilot chains: what an adaptive schedule is made of. */
import type { NdArray, Random } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { type AnnealingOptions, annealing } from "../ais.ts";
import type { PathPilot } from "../schedules.ts";

/**
 * V(β_t), the variance of ∂ log π_β / ∂β, at every temperature of a pilot's schedule: the variance among the chains of one data point,
 * averaged over data points. Between data points posteriors differ, and their variance would be too large.
 *
 * The derivative is that of the path's coefficients, by differences over the whole of [0, 1]: exact for paths that are linear in β.
 *
 * @param options `watch` is told of every step
 * @param starts  draws of π_0: chain k of data point b in row k · data + b, two chains or more a point
 * @param data    number of data points; 1 if all chains have one target
 */
export async function pilotPath<P, N, D>(
  options: AnnealingOptions<P, N, D> & { readonly watch?: () => void },
  starts: NdArray,
  data: number,
  rng: Random,
): Promise<PathPilot> {
  const chains = starts.shape[0] / data;
  if (!(Number.isInteger(chains) && chains >= 2))
    throw new UserError(`pilotPath: ${starts.shape[0]} chains are not two or more for each of ${data} data points`);
  const [from, to] = [options.path(0), options.path(1)];
  const slope = to.map((lambda, j) => lambda - from[j]);
  const run = annealing(options, { forward: starts });
  let state = await run.init();
  const variances = [withinVariance(state.chain.values, slope, data)];
  for (let t = 1; t <= run.steps; t++) {
    ({ state } = await run.step(state, rng));
    options.watch?.();
    variances.push(withinVariance(state.chain.values, slope, data));
  }
  return { betas: Array.from(options.betas).slice(0, variances.length), variances };
}

/** Unbiased variance over the chains of each data point of Σ_j λ'_j f_j, averaged over data points. */
function withinVariance({ data: values, shape }: NdArray, slope: readonly number[], data: number): number {
  const [rows, terms] = shape;
  const v = values as ArrayLike<number>;
  const speed = Float64Array.from({ length: rows }, (_, row) =>
    slope.reduce((sum, c, j) => (c === 0 ? sum : sum + c * v[row * terms + j]), 0),
  );
  const chains = rows / data;
  let total = 0;
  for (let b = 0; b < data; b++) {
    let mean = 0;
    for (let row = b; row < rows; row += data) mean += speed[row] / chains;
    for (let row = b; row < rows; row += data) total += (speed[row] - mean) ** 2 / (chains - 1);
  }
  return total / data;
}
