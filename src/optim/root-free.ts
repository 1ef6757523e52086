/**
 * Diagonal methods without the square root: the second moment, scaled by the batch size, estimates the diagonal of the Fisher matrix, and
 * divides the gradient as a second-order method would.
 *
 * Steps depend on the scale of the loss, which must be the mean (or sum, see `reduction`) of negative log-likelihoods, and grow as the
 * gradient vanishes: the rate must fall to zero (`warmUpCosine`).
 */

import { any, fullPrecision, notEqual, pow, type Tensor, where } from "../tensor/index.ts";
import { meanGradients, termsOf } from "./batch-size.ts";
import { type FinishOptions, finish, initVelocity } from "./finish.ts";
import { checkRate, memory, momentum, number, type OptionsOf, reduction, scheduled, settle, terms, toggle, weightDecay } from "./hyper.ts";
import {
  filledLike,
  type Mask,
  mapLeaves,
  type Optimizer,
  optimizer,
  type State,
  type StepContext,
  scalarArray,
  zerosLike,
} from "./optimizer.ts";
import { counted, type Rate, rateAt, times } from "./schedules.ts";

const shared = {
  /** β₂ */
  precondLr: scheduled(
    number("weight of the newest curvature in its moving average", 0.01, 0, 1, { open: "low", search: { low: 5e-3, high: 0.1 } }),
  ),
  /** λ */
  damping: number("constant added to the curvature", 1e-4, 0, Number.POSITIVE_INFINITY, {
    open: "high",
    search: { low: 1e-5, high: 1e-2 },
  }),
  /** S₀ */
  initialCurvature: number("curvature before the first step, the prior's precision", 1, 0, Number.POSITIVE_INFINITY, {
    open: "high",
  }),
  /** Off only to see what it is for. */
  batchScale: toggle("factor B of the batch size in the curvature", true),
  lossAverage: terms,
  reduction,
};

/** Hyper-parameters of RF-RMSProp. */
export const rfRmspropParameters = {
  ...shared,
  /** α₁ */
  momentum: momentum(0.9),
  /** κ, coupled: it goes through the momentum, but not through the preconditioner */
  weightDecay: weightDecay(5e-4),
  /** γ */
  forget: number("share of the old curvature that a step forgets: 1 moving average, 0 sum as in AdaGrad", 1, 0, 1),
  /** p in u = g / (S^p + λ) */
  exponent: number("power of the curvature: 1 root-free, 1/2 as RMSProp, 0 gradient descent", 1, 0, 1),
};

/** Which parameters are treated in which way. */
type Masks = {
  /** Parameters that decay; default all. */
  readonly mask?: Mask;
  /** Tables whose rows keep their curvature in steps that do not touch them: embeddings of rare symbols. Default none. */
  readonly sparse?: Mask;
};

/** Options of RF-RMSProp; defaults as in the table. */
export type RfRmspropOptions = OptionsOf<typeof rfRmspropParameters> & Masks;

type RootFreeState<T = Tensor> = {
  readonly step: T;
  /** S, the diagonal of the curvature. */
  readonly curvature: State<T>;
  readonly velocity: State<T>;
};

/** Rows (first axis) that the gradient touches take the new value; the others keep the old one. */
const touchedRows = (g: Tensor, next: Tensor, old: Tensor): Tensor =>
  where(
    any(
      notEqual(g, 0),
      g.shape.slice(1).map((_, i) => i + 1),
      true,
    ),
    next,
    old,
  );

/**
 * RF-RMSProp, per coordinate, with B terms in the mean of the loss (examples; or tokens, see `lossAverage`):
 *
 *   S ← (1 - β₂ γ) S + β₂ B g²,   u = g / (S + λ) + κ w,   v ← α₁ v + u,   w ← w - η v
 *
 * A single coordinate moves by at most η / (2 √(β₂ B λ)) before momentum: see `largestStep`.
 *
 * @param rate  η; on convolutional networks 5 to 200 times AdamW's, on transformers smaller
 * @throws  TensorError in a step without a batch size
 * @source  Lin et al., ICML 2024 (arXiv 2402.03496), RMSProp without the square root
 */
export function rfRmsprop(rate: Rate, options: RfRmspropOptions = {}): Optimizer {
  const { mask, sparse = () => false } = options;
  const h = settle("rf-rmsprop", rfRmspropParameters, options, ["mask", "sparse"]);
  checkRate("rf-rmsprop", rate);
  const end: FinishOptions = { momentum: h.momentum, weightDecay: h.weightDecay, mask };
  return optimizer<RootFreeState>(
    (params) => ({
      step: scalarArray(0, params),
      curvature: filledLike(params, h.initialCurvature),
      velocity: initVelocity(params, end),
    }),
    <P>(grads: P, { step, curvature, velocity }: RootFreeState, params: P, context: StepContext) => {
      const b = termsOf("rf-rmsprop", context, h.lossAverage, h.batchScale || h.reduction === "sum");
      const beta2 = rateAt(h.precondLr, step);
      const weight = h.batchScale ? times(beta2, b) : beta2;
      const kept = times(beta2, -h.forget);
      const scaled = mapLeaves(
        (g: Tensor, s0: Tensor, path: string) => {
          const next = times(s0, plusOne(kept)).add(times(g.square(), weight));
          const s = sparse(path, g.shape) ? touchedRows(g, next, s0) : next;
          return { s, u: g.div((h.exponent === 1 ? s : pow(s, h.exponent)).add(h.damping)) };
        },
        meanGradients(grads, b, h.reduction),
        curvature,
      );
      const done = finish(scaled.u, params, velocity, rateAt(rate, step), end);
      const state = { step: counted(step), curvature: scaled.s, velocity: done.velocity };
      return { updates: done.updates as P, state };
    },
  );
}

const plusOne = (x: number | Tensor): number | Tensor => (typeof x === "number" ? x + 1 : counted(x));

/** Hyper-parameters of RF-AdamW. */
export const rfAdamwParameters = {
  ...shared,
  /** α₁ */
  momentum: memory("memory of the mean gradient", 0.9, { low: 0.5, high: 0.99, scale: "linear" }),
  /** κ, decoupled */
  weightDecay: weightDecay(5e-4),
  correctMean: toggle("bias correction of the mean", false),
  correctCurvature: toggle("bias correction of the curvature; needs initialCurvature 0", false),
};

/** With `correctCurvature` the default of `initialCurvature` is 0. */
export type RfAdamwOptions = OptionsOf<typeof rfAdamwParameters> & Masks;

type RfAdamwState<T = Tensor> = {
  readonly step: T;
  readonly curvature: State<T>;
  readonly mean: State<T>;
};

/**
 * RF-AdamW:
 *
 *   w ← (1 - η κ) w,   m ← α₁ m + (1 - α₁) g,   S ← (1 - β₂) S + β₂ B g²,   w ← w - η m / (S + λ)
 *
 * With corrections, m / (1 - α₁^t) and S / (1 - (1 - β₂)^t).
 *
 * @source  Lin et al., ICML 2024 (arXiv 2402.03496)
 */
export function rfAdamw(rate: Rate, options: RfAdamwOptions = {}): Optimizer {
  const { mask = () => true, sparse = () => false } = options;
  const h = settle("rf-adamw", rfAdamwParameters, options, ["mask", "sparse"]);
  checkRate("rf-adamw", rate);
  const start = options.initialCurvature ?? (h.correctCurvature ? 0 : 1);
  return optimizer<RfAdamwState>(
    (params) => ({
      step: scalarArray(0, params),
      curvature: filledLike(params, start),
      mean: zerosLike(params),
    }),
    <P>(grads: P, { step, curvature, mean }: RfAdamwState, params: P, context: StepContext) => {
      const b = termsOf("rf-adamw", context, h.lossAverage, h.batchScale || h.reduction === "sum");
      const beta2 = rateAt(h.precondLr, step);
      const weight = h.batchScale ? times(beta2, b) : beta2;
      const eta = rateAt(rate, step);
      const t = counted(step);
      const correction = fullPrecision((kept: number | Tensor): Tensor => pow(kept, t).neg().add(1).pow(-1));
      const down = times(h.correctMean ? correction(h.momentum) : 1, times(eta, -1));
      const up = h.correctCurvature ? correction(plusOne(times(beta2, -1))) : 1;
      const moved = mapLeaves(
        (g: Tensor, s0: Tensor, m0: Tensor, p: Tensor, path: string) => {
          const m = m0.mul(h.momentum).add(g.mul(1 - h.momentum));
          const next = times(s0, plusOne(times(beta2, -1))).add(times(g.square(), weight));
          const s = sparse(path, g.shape) ? touchedRows(g, next, s0) : next;
          const step = times(m.div(times(s, up).add(h.damping)), down);
          const decays = h.weightDecay !== 0 && mask(path, p.shape);
          return { s, m, updates: decays ? step.add(times(p, times(eta, -h.weightDecay))) : step };
        },
        meanGradients(grads, b, h.reduction),
        curvature,
        mean,
        params,
      );
      return { updates: moved.updates as P, state: { step: t, curvature: moved.s, mean: moved.m } };
    },
  );
}

/**
 * The farthest that one coordinate moves in a step of RF-RMSProp before momentum: η / (2 √(β₂ B λ)), reached at |g| = √(λ / (β₂ B)).
 * Above 1, a rare feature may jump: raise the damping or β₂.
 */
export const largestStep = (rate: number, precondLr: number, batchSize: number, damping: number): number =>
  rate / (2 * Math.sqrt(precondLr * batchSize * damping));
