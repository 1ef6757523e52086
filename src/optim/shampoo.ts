/** Shampoo in its practical form: grafting, blocks, roots every T steps by a matmul-only Newton iteration. */

import { eye, maximum, pow, type Tensor } from "../tensor/index.ts";
import { alongAxis, perAxis, rowsAlong } from "./axes.ts";
import { blocked } from "./blocks.ts";
import { checkRate, choice, every, integer, memory, momentum, number, type OptionsOf, precision, settle, weightDecay } from "./hyper.ts";
import type { Mask, Optimizer } from "./optimizer.ts";
import { type Preconditioner, preconditioned } from "./preconditioner.ts";
import { ifFinite, inverseRoot } from "./roots.ts";
import { counted, type Rate, times } from "./schedules.ts";
import { type Float, filled, scaledIdentity } from "./structures/structure.ts";
import { unitParameters } from "./units.ts";

/** Hyper-parameters of Shampoo. */
export const shampooParameters = {
  /** β */
  precondLr: number("weight of the newest statistics in their moving average", 0.05, 0, 1, {
    open: "low",
    search: { low: 2e-3, high: 0.2 },
  }),
  /** ε */
  epsilon: number("ridge of the statistics before the root", 1e-6, 0, Number.POSITIVE_INFINITY, {
    open: "both",
    search: { low: 1e-10, high: 1e-4 },
  }),
  momentum: momentum(0.9),
  weightDecay: weightDecay(5e-4),
  /** T */
  precondEvery: every(10),
  accumulate: choice("statistics: moving average, or sum as in AdaGrad", ["ema", "sum"]),
  /** p in (L + εI)^(-1/p) */
  root: integer("p of the inverse p-th roots; 0: twice the number of axes", 0, 0, 16),
  graft: choice("whose step length is taken", ["adam", "rmsprop", "sgd", "none"]),
  graftMemory: memory("memory of the mean square of the grafted method", 0.999),
  blockSize: integer("longest axis of a block with statistics of its own", 1024, 2, 65536),
  ...unitParameters({ joinBias: false, mergeKernels: true }),
  precision: precision("rounding of statistics and roots"),
};

/** Options of Shampoo; defaults as in the table. */
export type ShampooOptions = OptionsOf<typeof shampooParameters> & {
  /** Parameters that decay; default all. */
  readonly mask?: Mask;
};

/** Statistics and roots by axis; Σ ρ^k g² and Σ ρ^k of the grafted method. */
type ShampooState = {
  readonly l: Readonly<Record<number, Tensor>>;
  readonly root: Readonly<Record<number, Tensor>>;
  readonly squares?: Tensor;
  readonly weight?: Tensor;
};

/**
 * Shampoo. For each axis n of a gradient G with N axes:
 *
 *   L_n ← (1 - β) L_n + β G_n G_nᵀ,   u = G ×_n (L_n + ε I)^(-1/2N)
 *
 * and u takes the length of the grafted method's step. A root that does not come out finite is replaced by the one before.
 *
 * @source  Gupta, Koren & Singer, ICML 2018; Anil et al., 2020 (arXiv 2002.09018); Shi et al., 2023 (arXiv 2309.06497)
 */
export function shampoo(rate: Rate, options: ShampooOptions = {}): Optimizer {
  const h = settle("shampoo", shampooParameters, options, ["mask"]);
  checkRate("shampoo", rate);
  const second = h.graft === "adam" || h.graft === "rmsprop";
  const kept = h.accumulate === "ema" ? 1 - h.precondLr : 1;
  const added = h.accumulate === "ema" ? h.precondLr : 1;
  const preconditioner: Preconditioner<ShampooState> = {
    init: (shape, dtype) => ({
      l: perAxis(shape, (d) => scaledIdentity(d, 0, dtype)),
      root: perAxis(shape, (d) => scaledIdentity(d, 1, dtype)),
      ...(second ? { squares: filled(shape, 0, dtype), weight: filled([], 0, dtype) } : {}),
    }),
    observe: (state, g) => ({
      ...state,
      l: perAxis(g.shape, (_, n) => {
        const rows = rowsAlong(g, n);
        return state.l[n].mul(kept).add(rows.transpose().matmul(rows).mul(added));
      }),
      ...(state.squares && state.weight
        ? { squares: state.squares.mul(h.graftMemory).add(g.square()), weight: counted(times(state.weight, h.graftMemory)) }
        : {}),
    }),
    refreshed: ["root"],
    refresh: ({ l, root }, g) => ({
      root: perAxis(g.shape, (d, n) => {
        const ridge = l[n].add(eye(d, g.dtype as Float).mul(h.epsilon));
        return ifFinite(inverseRoot(ridge, h.root || 2 * g.rank), root[n]);
      }),
    }),
    direction(state, g) {
      const u = g.shape.reduce((x, _, n) => alongAxis(x, n, (rows) => rows.matmul(state.root[n])), g);
      if (h.graft === "none") return { u, state };
      const scale = h.graft === "rmsprop" ? 1 / (1 - h.graftMemory) : state.weight;
      const reference = state.squares && scale ? g.div(pow(state.squares.div(scale), 0.5).add(1e-8)) : g;
      const length = (x: Tensor): Tensor => x.square().sum().sqrt();
      return { u: u.mul(length(reference).div(maximum(length(u), 1e-30))), state };
    },
  };
  return preconditioned("shampoo", rate, blocked(preconditioner, h.blockSize), {
    ...h,
    mask: options.mask,
    every: h.precondEvery,
    needsBatch: false,
  });
}
