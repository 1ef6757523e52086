/** MINE-AIS: the bound of a trained energy, certified by chains that start at the data. */
import type { Random } from "../../array/index.ts";
import { formatNumber } from "../../numbers.ts";
import { estimate } from "../../sampling/index.ts";
import { type AnnealedWeights, informationOf, type PointBounds, pointBounds } from "../annealed/bounds.ts";
import { annealedChains, endsOf } from "../annealed/chains.ts";
import type { Frozen } from "../annealed/frozen.ts";
import type { LowerRule } from "../annealed/judge.ts";
import type { Route } from "../annealed/target.ts";
import type { Bound } from "../bound.ts";
import type { JointPairs } from "../models/joint.ts";

export interface Certificate {
  readonly weights: AnnealedWeights;
  readonly points: PointBounds;
  /** The certified bound first. */
  readonly bounds: readonly Bound[];
  readonly acceptance: number;
  readonly history: readonly Readonly<Record<string, number>>[];
}

/**
 * With π = q e^T / Z, chains of AIS between q and q e^T give E f ≤ log Z ≤ E r for exact draws of π. Reverse chains that start at the data's
 * own latents, draws of p(z|x) and not of π, give
 *
 *   E[log q(z|x)/p(z) + T(x, z) + lme_k(-r_k)]   (and the mixture's form with log of a mean over r_1, f_2, …, f_K)  ≤ I(X;Z)
 *
 * for any K, T and energy: the target p(z_T|x) ∏ reversed kernels against the forward chains as proposal. Forward chains alone bound log Z
 * from below and so give an upper bound on IBAL = I - E KL(p(z|x) ‖ π), which is no bound on I.
 *
 * @param above    log q(z_b|x_b) - log p(z_b): [B]
 * @param energies T(x_b, z_b): [B]
 * @source  Brekelmans et al., ICLR 2022, section 5
 */
export async function certifyEnergy(
  route: Route,
  pairs: JointPairs,
  { above, energies }: { readonly above: ArrayLike<number>; readonly energies: ArrayLike<number> },
  plan: { readonly frozen: Frozen; readonly chains: number; readonly rule: LowerRule; readonly watch: (step: number) => void },
  rng: Random,
): Promise<Certificate> {
  const { frozen, chains, rule, watch } = plan;
  const B = pairs.x.shape[0];
  const run = await annealedChains(route, { frozen, ...pairs, chains }, rng.fold("starts"));
  const stream = rng.fold("steps");
  const history: Record<string, number>[] = [];
  let state = await run.init();
  for (let i = 1; i <= run.steps; i++) {
    const next = await run.step(state, stream);
    state = next.state;
    history.push({ step: i, ...next.metrics });
    watch(i);
  }
  const { forward, reverse } = endsOf(state, chains * B);
  const fit = Float64Array.from(above, (v, b) => v + energies[b]);
  const weights = { fit, forward: forward.logWeights, reverse: reverse.logWeights };
  const points = pointBounds(weights);
  const lower = (name: string, logZ: ArrayLike<number>, why: string): Bound => {
    const { mean, error } = informationOf(fit, logZ);
    return { name, kind: "lower", mean, se: error, valid: true, why };
  };
  const reverseChains = lower(
    "MINE-AIS, reverse chains",
    points.reverseUpper,
    "reverse chains from the data's latents: a bound for any energy, chains or temperatures",
  );
  const mixture = lower(
    "MINE-AIS, mixture",
    points.mixtureUpper,
    "one reverse chain from the data among forward chains: a bound for any energy; at most log K above one chain",
  );
  const ibal = informationOf(fit, points.mixtureLower);
  return {
    ...{ weights, points, history },
    acceptance: estimate(history.flatMap((row) => [row.acceptance, row.acceptanceReverse])).mean,
    bounds: [
      ...(rule === "mixture" ? [mixture, reverseChains] : [reverseChains, mixture]),
      {
        ...{ name: "IBAL from forward chains", kind: "estimate", mean: ibal.mean, se: ibal.error, valid: false },
        why: "above IBAL, which is below I: on neither side of I, and it can exceed it",
      },
    ],
  };
}

/** Nats, and share of the bound: where the energies of data and of negatives differ by more the training has not come to rest. */
const restless = [1, 0.1] as const;

/** What is wrong with a trained energy and its certificate. */
export function energyCautions(
  history: readonly Readonly<Record<string, number>>[],
  points: PointBounds,
  best: Bound,
  acceptance: number,
): string[] {
  const rows = history.filter((row) => "energyGap" in row);
  const last = rows.slice(-Math.max(1, Math.floor(rows.length / 10)));
  const gap = estimate(last.map((row) => row.energyGap)).mean;
  const slack = estimate(Float64Array.from(points.reverseUpper, (r, b) => r - points.mixtureLower[b])).mean;
  return [
    ...(Math.abs(gap) > Math.max(restless[0], restless[1] * Math.abs(best.mean))
      ? [
          `energies of data and of negatives still differ by ${formatNumber(gap)} nats: the energy is not trained. More --steps, or a lower --lr; the certified bound holds`,
        ]
      : []),
    ...(acceptance < 0.2
      ? [`the mean acceptance is ${formatNumber(acceptance)}: chains hardly move, and the certified bound is loose`]
      : []),
    ...(slack > Math.max(1, 0.02 * Math.abs(best.mean))
      ? [`chains leave log Z open by ${formatNumber(slack)} nats: more --temperatures would raise the certified bound by up to that`]
      : []),
  ];
}
