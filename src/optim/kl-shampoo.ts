/** KL-Shampoo: Shampoo whose factors are those of least divergence, without grafting. */
import { cond, equal, type Tensor } from "../tensor/index.ts";
import { perAxis, rowsAlong } from "./axes.ts";
import { axesOf, type ByAxis, onAxes, rotate, rotateBack, scaledAlong } from "./eigenbasis.ts";
import { firstBasis, nextBasis } from "./eigenvectors.ts";
import { checkRate, every, integer, momentum, number, type OptionsOf, settle, weightDecay } from "./hyper.ts";
import type { Mask, Optimizer } from "./optimizer.ts";
import { type Preconditioner, preconditioned } from "./preconditioner.ts";
import type { Rate } from "./schedules.ts";
import { filled, scaledIdentity } from "./structures/structure.ts";
import { unitParameters } from "./units.ts";

/** Hyper-parameters of KL-Shampoo. */
export const klShampooParameters = {
  /** β */
  precondLr: number("weight of the newest statistics in their moving average", 0.05, 0, 1, {
    open: "low",
    search: { low: 2e-3, high: 0.2 },
  }),
  epsilon: number("constant added to the eigenvalues", 1e-8, 0, Number.POSITIVE_INFINITY, { open: "both" }),
  momentum: momentum(0.9),
  weightDecay: weightDecay(5e-4),
  /** T */
  precondEvery: every(10),
  maxDense: integer("longest axis that is preconditioned", 2048, 1, 65536),
  ...unitParameters({ joinBias: false, mergeKernels: true }),
};

/** Options of KL-Shampoo; defaults as in the table. */
export type KlShampooOptions = OptionsOf<typeof klShampooParameters> & {
  /** Parameters that decay; default all. */
  readonly mask?: Mask;
};

type KlState = {
  readonly s: ByAxis;
  readonly q: ByAxis;
  readonly values: ByAxis;
};

/**
 * KL-Shampoo: Kronecker factors of least Kullback–Leibler divergence from E[g gᵀ],
 *
 *   S_n ← (1 - β) S_n + β d_n / d Y_n Y_nᵀ,   Y = G ×_{j≠n} S_j^(-1/2);   u = G ×_n S_n^(-1/2)
 *
 * with S_n ≈ Q_n diag(λ_n) Q_nᵀ: bases every T steps, eigenvalues every step by the same average in the basis. Vectors are one axis.
 *
 * @source  Lin et al., ICLR 2026
 */
export function klShampoo(rate: Rate, options: KlShampooOptions = {}): Optimizer {
  const h = settle("kl-shampoo", klShampooParameters, options, ["mask"]);
  checkRate("kl-shampoo", rate);
  const roots = (values: ByAxis): ByAxis => onAxes(axesOf(values), (n) => values[n].add(h.epsilon).sqrt().pow(-1));
  const preconditioner: Preconditioner<KlState> = {
    init: (shape, dtype) => ({
      s: perAxis(shape, (d) => scaledIdentity(d <= h.maxDense ? d : 1, 1, dtype)),
      q: perAxis(shape, (d) => scaledIdentity(d <= h.maxDense ? d : 1, 1, dtype)),
      values: perAxis(shape, (d) => filled([d <= h.maxDense ? d : 1], 1, dtype)),
    }),
    observe(state, g) {
      const axes = [...g.shape.keys()].filter((n) => state.s[n].shape[0] === g.shape[n]);
      const active = (x: ByAxis): ByAxis => onAxes(axes, (n) => x[n]);
      const r = roots(active(state.values));
      const q = active(state.q);
      const turned = rotate(g, q);
      // S^(-1/2) = Q λ^(-1/2) Qᵀ, seen in the bases: the Q on the left of Y_n Y_nᵀ turns it back.
      const terms = onAxes(axes, (n) => {
        const rows = rowsAlong(scaledAlong(turned, r, n), n);
        return rows.mul(1 / Math.sqrt(rows.shape[0]));
      });
      const keep = (x: ByAxis, next: ByAxis): ByAxis => ({ ...x, ...next });
      return {
        ...state,
        values: keep(
          state.values,
          onAxes(axes, (n) => state.values[n].mul(1 - h.precondLr).add(terms[n].square().sum(0).mul(h.precondLr))),
        ),
        s: keep(
          state.s,
          onAxes(axes, (n) => {
            const back = terms[n].matmul(q[n].transpose());
            return state.s[n].mul(1 - h.precondLr).add(back.transpose().matmul(back).mul(h.precondLr));
          }),
        ),
      };
    },
    refreshed: ["q", "values"],
    refresh({ s, q, values }, g, { step }) {
      const follow = (n: number): Tensor =>
        cond(
          equal(step, 0),
          ({ s }) => firstBasis(s),
          ({ s, q }) => nextBasis(s, q).q,
          { s: s[n], q: q[n] },
        );
      const next = perAxis(g.shape, (d, n) => (s[n].shape[0] === d ? follow(n) : q[n]));
      // Eigenvalues belong to a basis: in a new one they are its Rayleigh quotients.
      return {
        q: next,
        values: perAxis(g.shape, (d, n) => (s[n].shape[0] === d ? s[n].matmul(next[n]).mul(next[n]).sum(0) : values[n])),
      };
    },
    direction(state, g) {
      const axes = [...g.shape.keys()].filter((n) => state.s[n].shape[0] === g.shape[n]);
      const q = onAxes(axes, (n) => state.q[n]);
      return { u: rotateBack(scaledAlong(rotate(g, q), roots(onAxes(axes, (n) => state.values[n]))), q), state };
    },
  };
  return preconditioned("kl-shampoo", rate, preconditioner, {
    ...h,
    mask: options.mask,
    every: h.precondEvery,
    needsBatch: false,
  });
}
