/** Root-free Shampoo with explicit inverses: what the inverse-free form approximates, for tests and small problems. */

import { diagonal, eye, inverse, type Tensor } from "../tensor/index.ts";
import { alongAxis, perAxis, rowsAlong } from "./axes.ts";
import { checkRate, every, momentum, number, type OptionsOf, reduction, scheduled, settle, terms, weightDecay } from "./hyper.ts";
import type { Mask, Optimizer } from "./optimizer.ts";
import { type Preconditioner, preconditioned } from "./preconditioner.ts";
import { counted, type Rate, rateAt, times } from "./schedules.ts";
import { type Float, scaledIdentity } from "./structures/structure.ts";
import { unitParameters } from "./units.ts";

/** Hyper-parameters of root-free Shampoo. */
export const rfShampooParameters = {
  /** β₂ */
  precondLr: scheduled(
    number("weight of the newest curvature in its moving average", 0.05, 0, 1, { open: "low", search: { low: 5e-3, high: 0.3 } }),
  ),
  /** λ */
  damping: number("constant added to the curvature", 1e-4, 0, Number.POSITIVE_INFINITY, {
    open: "high",
    search: { low: 1e-5, high: 1e-2 },
  }),
  /** α₁ */
  momentum: momentum(0.9),
  /** κ, coupled */
  weightDecay: weightDecay(5e-4),
  /** T */
  precondEvery: every(2),
  /** γ */
  forget: number("share of the old curvature that an update forgets: 1 moving average, 0 sum", 1, 0, 1),
  ...unitParameters({ joinBias: true, mergeKernels: false }),
  lossAverage: terms,
  reduction,
};

/** Options of root-free Shampoo; defaults as in the table. */
export type RfShampooOptions = OptionsOf<typeof rfShampooParameters> & {
  /** Parameters that decay; default all. */
  readonly mask?: Mask;
};

/** Precisions and their inverses by axis. */
type Precisions = {
  readonly s: Readonly<Record<number, Tensor>>;
  readonly p: Readonly<Record<number, Tensor>>;
};

/**
 * S = S₁ ⊗ … ⊗ S_N, the precision of a tensor of d elements; for each axis, from the old factors,
 *
 *   S_n ← (1 - β₂ γ) S_n + (β₂ d_n / d) (B Y_n G_nᵀ + λ Π_{j≠n} tr(S_j⁻¹) I),   Y = G ×_{j≠n} S_j⁻¹
 *   u = G ×₁ S₁⁻¹ … ×_N S_N⁻¹
 *
 * @source  Lin et al., ICML 2024 (arXiv 2402.03496), here for any number of axes
 */
export function rfShampoo(rate: Rate, options: RfShampooOptions = {}): Optimizer {
  const h = settle("rf-shampoo", rfShampooParameters, options, ["mask"]);
  checkRate("rf-shampoo", rate);
  const preconditioner: Preconditioner<Precisions> = {
    init(shape, dtype) {
      const identity = () => perAxis(shape, (d) => scaledIdentity(d, 1, dtype));
      return { s: identity(), p: identity() };
    },
    refreshed: ["s", "p"],
    refresh({ s, p }, g, { step, batchSize }) {
      const beta = rateAt(h.precondLr, step);
      const next = perAxis(g.shape, (d, n) => {
        const share = times(beta, d / g.size);
        const others = g.shape.flatMap((_, j) => (j === n ? [] : [j]));
        const y = others.reduce((x, j) => alongAxis(x, j, (rows) => rows.matmul(p[j])), g);
        const curvature = times(rowsAlong(y, n).transpose().matmul(rowsAlong(g, n)), batchSize);
        const ridge = others.reduce<number | Tensor>((a, j) => times(diagonal(p[j]).sum(), a), h.damping);
        const added = curvature.add(times(eye(d, g.dtype as Float), ridge));
        const kept = times(beta, -h.forget);
        return times(s[n], typeof kept === "number" ? 1 + kept : counted(kept)).add(times(added, share));
      });
      return { s: next, p: perAxis(g.shape, (_, n) => inverse(next[n])) };
    },
    direction(state, g) {
      return { u: g.shape.reduce((x, _, n) => alongAxis(x, n, (rows) => rows.matmul(state.p[n])), g), state };
    },
  };
  return preconditioned("rf-shampoo", rate, preconditioner, {
    ...h,
    mask: options.mask,
    every: h.precondEvery,
    needsBatch: true,
  });
}
