/** How bounds close with temperatures: shorter runs on the same schedule, made thinner. */
import type { Random } from "../../array/index.ts";
import type { JointPairs } from "../models/joint.ts";
import { informationOf, pointBounds } from "./bounds.ts";
import { annealedChains, endsOf } from "./chains.ts";
import type { Frozen } from "./frozen.ts";
import type { Route } from "./target.ts";

/** Every so many-th temperature of a schedule; step sizes are those of the temperatures that stay. */
export function thinned(frozen: Frozen, temperatures: number): Frozen {
  const T = frozen.betas.length - 1;
  const kept = Array.from({ length: temperatures + 1 }, (_, i) => Math.round((i * T) / temperatures));
  return {
    ...frozen,
    betas: kept.map((t) => frozen.betas[t]),
    stepSizes: kept.slice(1).map((t) => frozen.stepSizes[t - 1]),
  };
}

/** A bound at a number of temperatures. */
export interface ConvergencePoint {
  readonly temperatures: number;
  readonly name: string;
  readonly mean: number;
}

/** Shares of T that are tried, and chains of each run. */
const shares = [8, 4, 2];
export const convergenceChains = 4;

/** Temperatures of the shorter runs. */
export const shorterRuns = (temperatures: number): number[] => shares.map((n) => Math.floor(temperatures / n)).filter((T) => T >= 2);

/** Bounds of four chains of one number of temperatures. */
export function convergencePoints(temperatures: number, weights: Parameters<typeof pointBounds>[0]): ConvergencePoint[] {
  const points = pointBounds(weights, convergenceChains);
  const of = (name: string, logEvidence: ArrayLike<number>): ConvergencePoint => ({
    ...{ temperatures, name, mean: informationOf(weights.fit, logEvidence).mean },
  });
  return [
    of("one chain, upper", points.oneLower),
    of("mixture, upper", points.mixtureLower),
    of("reverse chains, lower", points.reverseUpper),
    of("one chain, lower", points.oneUpper),
  ];
}

/**
 * Runs of T/8, T/4 and T/2 temperatures with four chains each: seven eighths of the work of four chains at T.
 *
 * @param watch  told of every step
 */
export async function convergence(
  route: Route,
  pairs: JointPairs,
  fit: ArrayLike<number>,
  frozen: Frozen,
  rng: Random,
  watch: () => void,
): Promise<ConvergencePoint[]> {
  const rows: ConvergencePoint[] = [];
  for (const temperatures of shorterRuns(frozen.betas.length - 1)) {
    const stream = rng.fold(temperatures);
    const run = await annealedChains(route, { frozen: thinned(frozen, temperatures), ...pairs, chains: convergenceChains }, stream);
    let state = await run.init();
    for (let i = 0; i < run.steps; i++) {
      ({ state } = await run.step(state, stream));
      watch();
    }
    const { forward, reverse } = endsOf(state, convergenceChains * pairs.x.shape[0]);
    rows.push(...convergencePoints(temperatures, { fit, forward: forward.logWeights, reverse: reverse.logWeights }));
  }
  return rows;
}
