/** SOAP: Adam in the eigenbasis of Shampoo's statistics; and with those of KL-Shampoo. */
import { mapTree } from "../array/index.ts";
import { cond, equal, fullPrecision, notEqual, type Tensor, take, where } from "../tensor/index.ts";
import { rowsAlong } from "./axes.ts";
import { axesOf, type ByAxis, onAxes, rotate, rotateBack, scaledAlong } from "./eigenbasis.ts";
import { firstBasis, nextBasis } from "./eigenvectors.ts";
import { checkRate, choice, every, integer, memory, number, type OptionsOf, settle, weightDecay } from "./hyper.ts";
import { type Mask, type Optimizer, optimizer } from "./optimizer.ts";
import { type Preconditioner, preconditioned } from "./preconditioner.ts";
import { type Rate, rateAt, times } from "./schedules.ts";
import { filled, scaledIdentity } from "./structures/structure.ts";
import { unitParameters } from "./units.ts";

/** Hyper-parameters of SOAP. */
export const soapParameters = {
  /** β₁ */
  beta1: memory("memory of the mean", 0.95, { low: 0.8, high: 0.99, scale: "linear" }),
  /** β₂ */
  beta2: memory("memory of the mean square", 0.95, { low: 0.9, high: 0.999, scale: "linear" }),
  shampooMemory: memory("memory of the statistics", 0.95),
  /** ε, in units of the gradient */
  epsilon: number("constant added to the root mean square", 1e-8, 0, Number.POSITIVE_INFINITY, { open: "high" }),
  /** κ, decoupled */
  weightDecay: weightDecay(0.01),
  /** T */
  precondEvery: every(10),
  statistics: choice("statistics of an axis: G Gᵀ, or with the other axes whitened, of least Kullback–Leibler divergence", [
    "shampoo",
    "kl",
  ]),
  maxDense: integer("longest axis that is rotated", 2048, 1, 65536),
  ...unitParameters({ joinBias: false, mergeKernels: true }),
};

/** Options of SOAP; defaults as in the table. */
export type SoapOptions = OptionsOf<typeof soapParameters> & {
  /** Parameters that decay; default all. */
  readonly mask?: Mask;
};

type SoapState = {
  readonly l: ByAxis;
  readonly q: ByAxis;
  /** Mean of gradients, and of their squares in the eigenbasis. */
  readonly mean: Tensor;
  readonly squares: Tensor;
};

/** Axes that get a basis: those of tensors with two or more, up to a length. */
const basisAxes = (shape: readonly number[], maxDense: number): number[] =>
  shape.length < 2 ? [] : [...shape.keys()].filter((n) => shape[n] <= maxDense);

/** G seen along axis n, with every other axis whitened by its Rayleigh quotients λ_j: G ×_{j≠n} Q_j λ_j^(-1/2) Q_jᵀ / √(d/d_n). */
function whitened(g: Tensor, { l, q }: SoapState, n: number, epsilon: number): Tensor {
  const inverse = onAxes(axesOf(l), (j) => l[j].matmul(q[j]).mul(q[j]).sum(0).add(epsilon).sqrt().pow(-1));
  const rows = rowsAlong(rotateBack(scaledAlong(rotate(g, q), inverse, n), q), n);
  return rows.mul(1 / Math.sqrt(rows.shape[0]));
}

/**
 * SOAP: Adam in the eigenbasis Q_n of Shampoo's statistics L_n. With m and v the means of gradients and of their squares in the basis,
 *
 *   u = Q m̂ / (√v̂ + ε) Qᵀ,   w ← (w - η u) (1 - η κ),   L_n ← β L_n + (1 - β) G_n G_nᵀ,   Q_n ← orth(L_n Q_n) every T steps
 *
 * in this order: a step never uses a basis that has seen its gradient. The first step makes the bases, by an eigendecomposition, and moves
 * nothing. Vectors, and axes longer than `maxDense`, are not rotated. With `statistics: "kl"`, KL-SOAP: G_n is whitened along the other
 * axes.
 *
 * @source  Vyas et al., ICLR 2025 (arXiv 2409.11321), algorithm 3, and its authors' code; KL-SOAP: Lin et al., ICLR 2026 (arXiv 2509.03378)
 */
export function soap(rate: Rate, options: SoapOptions = {}): Optimizer {
  const { mask, ...rest } = options;
  const h = settle("soap", soapParameters, rest);
  checkRate("soap", rate);
  const preconditioner: Preconditioner<SoapState> = {
    directionFirst: true,
    init(shape, dtype) {
      const axes = basisAxes(shape, h.maxDense);
      return {
        l: onAxes(axes, (n) => scaledIdentity(shape[n], 0, dtype)),
        q: onAxes(axes, (n) => scaledIdentity(shape[n], 1, dtype)),
        mean: filled(shape, 0, dtype),
        squares: filled(shape, 0, dtype),
      };
    },
    direction(state, g, { step }) {
      const first = equal(step, 0);
      const weigh = (old: Tensor, x: Tensor, beta: number): Tensor => old.mul(beta).add(where(first, 0, x).mul(1 - beta));
      const mean = weigh(state.mean, g, h.beta1);
      const squares = weigh(state.squares, rotate(g, state.q).square(), h.beta2);
      const scaled = rotateBack(rotate(mean, state.q).div(squares.sqrt().add(h.epsilon)), state.q);
      return { u: where(first, 0, times(scaled, correction(step, h))), state: { ...state, mean, squares } };
    },
    observe(state, g, { step }) {
      // The first gradient has nothing to be whitened by.
      const seen = (n: number): Tensor => {
        const plain = rowsAlong(g, n);
        return h.statistics === "kl"
          ? where(equal(step, 0), plain.mul(1 / Math.sqrt(plain.shape[0])), whitened(g, state, n, h.epsilon))
          : plain;
      };
      const l = onAxes(axesOf(state.l), (n) => {
        const rows = seen(n);
        return state.l[n].mul(h.shampooMemory).add(
          rows
            .transpose()
            .matmul(rows)
            .mul(1 - h.shampooMemory),
        );
      });
      return { ...state, l };
    },
    refreshed: ["q", "squares"],
    refresh: (state, _, { step }) => (axesOf(state.q).length ? cond(equal(step, 0), started, followed, bases(state)) : bases(state)),
  };
  const inner = preconditioned("soap", rate, preconditioner, {
    ...h,
    weightDecay: 0,
    momentum: 0,
    every: h.precondEvery,
    needsBatch: false,
  });
  return h.weightDecay ? decayedAfter(inner, rate, h.weightDecay, mask) : inner;
}

type Bases = Pick<SoapState, "l" | "q" | "squares">;
const bases = ({ l, q, squares }: SoapState): Bases => ({ l, q, squares });

const started = ({ l, squares }: Bases): Bases => ({ l, q: onAxes(axesOf(l), (n) => firstBasis(l[n])), squares });

/** The next bases; the mean squares move to where their columns went. */
function followed({ l, q, squares }: Bases): Bases {
  const next = onAxes(axesOf(l), (n) => nextBasis(l[n], q[n]));
  return {
    l,
    q: onAxes(axesOf(l), (n) => next[n].q),
    squares: axesOf(l).reduce((x, n) => take(x, next[n].order, n), squares),
  };
}

/** √(1 - β₂^t) / (1 - β₁^t): t counts the steps but for the first. */
const correction = fullPrecision((step: Tensor, { beta1, beta2 }: { beta1: number; beta2: number }): Tensor => {
  const t = where(equal(step, 0), 1, step);
  const rest = (beta: number): Tensor =>
    t
      .mul(Math.log(beta || Number.MIN_VALUE))
      .exp()
      .neg()
      .add(1);
  return rest(beta2).sqrt().div(rest(beta1));
});

/** Decay of the parameters that a step has made; none in the first, which makes none. */
const decayedAfter = <S extends { readonly step: Tensor }>(
  inner: Optimizer<S>,
  rate: Rate,
  decay: number,
  mask: Mask = () => true,
): Optimizer<S> =>
  optimizer<S>(inner.init, <P>(grads: P, state: S, params: P, context: object) => {
    const { updates, state: next } = inner.update(grads, state, params, context);
    const moves = notEqual(state.step, 0).cast(state.step.dtype);
    const share = times(moves, times(rateAt(rate, state.step), -decay));
    const shrunk = (u: Tensor, p: Tensor, path: string): Tensor => (mask(path, p.shape) ? u.add(times(p.add(u), share)) : u);
    return { updates: mapTree<P>(shrunk, updates, params), state: next };
  });
