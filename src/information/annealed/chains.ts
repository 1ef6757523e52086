/** The reported chains: forward from the beginning of a route, reverse from exact draws, one temperature a step. */
import { array, type NdArray, ndarray, type Random } from "../../array/index.ts";
import { type AnnealingState, annealing } from "../../sampling/index.ts";
import type { Frozen } from "./frozen.ts";
import { kernelOf, type Route, tiled } from "./target.ts";

export interface ChainPlan {
  readonly frozen: Frozen;
  /** [B, D]. */
  readonly x: NdArray;
  /** Exact draws [B, d], from which reverse chains begin; without them there are none. */
  readonly u?: NdArray;
  /** K. */
  readonly chains: number;
}

/** What a step tells, as metrics of a run. */
type ChainMetrics = Readonly<Record<string, number>>;

/** Annealing as a learner: its state is plain arrays, so that it stops and goes on to the same bits. */
export async function annealedChains(route: Route, { frozen, x, u, chains }: ChainPlan, rng: Random) {
  const { betas, stepSizes, leapfrogs } = frozen;
  const data = await route.observe(x);
  const parameters = (t: number) => ({ stepSize: array(stepSizes[t - 1], x.dtype as "f32" | "f64", []) });
  const starts = { forward: route.starts(data, chains, rng.fold("starts")), ...(u && { reverse: tiled(u, chains) }) };
  const run = annealing({ kernel: kernelOf(route, leapfrogs), path: route.path, betas, parameters, data }, starts);
  return {
    steps: run.steps,
    init: () => run.init(),
    async step(state: AnnealingState, stream: Random): Promise<{ state: AnnealingState; metrics: ChainMetrics }> {
      const { state: next, record } = await run.step(state, stream);
      const { acceptance, invalid } = record;
      const reverse = u && { acceptanceReverse: acceptance.reverse };
      return { state: next, metrics: { beta: betas[record.step], acceptance: acceptance.forward, ...reverse, invalid } };
    },
  };
}

/** Log weights and ends of the chains: rows k · B + b, forward first. */
export function endsOf({ logWeights, chain }: AnnealingState, count: number) {
  const all = logWeights.data as Float64Array;
  const size = chain.x.data.length / all.length;
  // the storage of an array is of one kind, that of its dtype
  const rows = (from: number, to: number): NdArray =>
    ndarray((chain.x.data as Float64Array<ArrayBuffer>).subarray(from * size, to * size), [to - from, size], chain.x.dtype as "f64");
  return {
    forward: { logWeights: all.subarray(0, count), ends: rows(0, count) },
    reverse: { logWeights: all.subarray(count), ends: rows(count, all.length) },
  };
}
