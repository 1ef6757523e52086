/**
 * Methods that work in the eigenbasis of Kronecker factors: SOAP and KL-Shampoo. Bases follow by one step of orthogonal iteration every T
 * steps.
 */

import { equal, iota, less, type Tensor, where, whileLoop } from "../tensor/index.ts";
import { alongAxis, perAxis, rowsAlong } from "./axes.ts";
import { checkRate, every, integer, memory, momentum, number, type OptionsOf, settle, weightDecay } from "./hyper.ts";
import type { Mask, Optimizer } from "./optimizer.ts";
import { type Moment, type Preconditioner, preconditioned } from "./preconditioner.ts";
import { eigenStep, ifFinite } from "./roots.ts";
import type { Rate } from "./schedules.ts";
import { filled, scaledIdentity } from "./structures/structure.ts";
import { unitParameters } from "./units.ts";

type Matrices = Readonly<Record<number, Tensor>>;

/** Several steps in the first update, which starts from the identity; one in the others, which start from the last basis. */
function followBasis(s: Tensor, q: Tensor, { step }: Moment): Tensor {
  const rounds = where(equal(step, 0), 10, 1).cast("i32");
  const start = { q, i: iota(1).slice(0) };
  const next = whileLoop(
    ({ i }: typeof start) => less(i, rounds),
    ({ q, i }) => ({ q: eigenStep(s, q), i: i.add(1) }),
    start,
  );
  return ifFinite(next.q, q);
}

/** G ×_n Q_nᵀ for all axes with a basis. */
const rotate = (g: Tensor, q: Matrices): Tensor =>
  Object.keys(q).reduce((x, n) => alongAxis(x, Number(n), (rows) => rows.matmul(q[Number(n)])), g);
const rotateBack = (g: Tensor, q: Matrices): Tensor =>
  Object.keys(q).reduce((x, n) => alongAxis(x, Number(n), (rows) => rows.matmul(q[Number(n)].transpose())), g);

/** Axes that get a basis: those of tensors with two or more, up to a length. */
const basisAxes = (shape: readonly number[], maxDense: number): number[] =>
  shape.length < 2 ? [] : [...shape.keys()].filter((n) => shape[n] <= maxDense);
const onAxes = <T>(axes: readonly number[], f: (axis: number) => T): Record<number, T> => Object.fromEntries(axes.map((n) => [n, f(n)]));

/** Hyper-parameters of SOAP. */
export const soapParameters = {
  /** β₁ */
  beta1: memory("memory of the mean", 0.95, { low: 0.8, high: 0.99, scale: "linear" }),
  /** β₂ */
  beta2: memory("memory of the mean square", 0.95, { low: 0.9, high: 0.999, scale: "linear" }),
  shampooMemory: memory("memory of the statistics", 0.95),
  epsilon: number("constant added to the root mean square", 1e-8, 0, Number.POSITIVE_INFINITY, { open: "high" }),
  /** κ, after preconditioning */
  weightDecay: weightDecay(0.01),
  /** T */
  precondEvery: every(10),
  maxDense: integer("longest axis that is rotated", 2048, 1, 65536),
  ...unitParameters({ joinBias: false, mergeKernels: true }),
};

/** Options of SOAP; defaults as in the table. */
export type SoapOptions = OptionsOf<typeof soapParameters> & {
  /** Parameters that decay; default all. */
  readonly mask?: Mask;
};

type SoapState = {
  readonly l: Matrices;
  readonly q: Matrices;
  /** Mean of gradients, and of their squares in the eigenbasis. */
  readonly mean: Tensor;
  readonly squares: Tensor;
};

/**
 * SOAP: Adam in the eigenbasis Q_n of Shampoo's statistics L_n. Vectors, and axes longer than `maxDense`, are not rotated. The first step
 * only makes the bases.
 *
 * @source  Vyas et al., ICLR 2025 (arXiv 2409.11321), algorithm 3; QR by Gram–Schmidt
 */
export function soap(rate: Rate, options: SoapOptions = {}): Optimizer {
  const h = settle("soap", soapParameters, options, ["mask"]);
  checkRate("soap", rate);
  const preconditioner: Preconditioner<SoapState> = {
    init(shape, dtype) {
      const axes = basisAxes(shape, h.maxDense);
      return {
        l: onAxes(axes, (n) => scaledIdentity(shape[n], 0, dtype)),
        q: onAxes(axes, (n) => scaledIdentity(shape[n], 1, dtype)),
        mean: filled(shape, 0, dtype),
        squares: filled(shape, 0, dtype),
      };
    },
    observe: (state, g) => ({
      ...state,
      l: onAxes(Object.keys(state.l).map(Number), (n) => {
        const rows = rowsAlong(g, n);
        return state.l[n].mul(h.shampooMemory).add(
          rows
            .transpose()
            .matmul(rows)
            .mul(1 - h.shampooMemory),
        );
      }),
    }),
    refreshed: ["q"],
    refresh: ({ l, q }, _, at) => ({ q: onAxes(Object.keys(q).map(Number), (n) => followBasis(l[n], q[n], at)) }),
    direction(state, g, { step }) {
      const first = equal(step, 0);
      const weigh = (old: Tensor, x: Tensor, beta: number): Tensor => old.mul(beta).add(where(first, 0, x).mul(1 - beta));
      const mean = weigh(state.mean, g, h.beta1);
      const squares = weigh(state.squares, rotate(g, state.q).square(), h.beta2);
      // Steps that counted: all but the first.
      const t = where(first, 1, step);
      const [c1, c2] = [h.beta1, h.beta2].map((beta) =>
        t
          .mul(Math.log(beta || Number.MIN_VALUE))
          .exp()
          .neg()
          .add(1),
      );
      const u = rotateBack(rotate(mean, state.q).div(squares.div(c2).sqrt().add(h.epsilon)).div(c1), state.q);
      return { u, state: { ...state, mean, squares } };
    },
  };
  return preconditioned("soap", rate, preconditioner, {
    ...h,
    momentum: 0,
    mask: options.mask,
    every: h.precondEvery,
    needsBatch: false,
  });
}

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
  readonly s: Matrices;
  readonly q: Matrices;
  readonly values: Matrices;
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
  const roots = (values: Matrices): Matrices => onAxes(Object.keys(values).map(Number), (n) => values[n].add(h.epsilon).sqrt().pow(-1));
  const scaled = (g: Tensor, r: Matrices, skip = -1): Tensor =>
    Object.keys(r).reduce((x, n) => (Number(n) === skip ? x : alongAxis(x, Number(n), (rows) => rows.mul(r[Number(n)]))), g);
  const preconditioner: Preconditioner<KlState> = {
    init: (shape, dtype) => ({
      s: perAxis(shape, (d) => scaledIdentity(d <= h.maxDense ? d : 1, 1, dtype)),
      q: perAxis(shape, (d) => scaledIdentity(d <= h.maxDense ? d : 1, 1, dtype)),
      values: perAxis(shape, (d) => filled([d <= h.maxDense ? d : 1], 1, dtype)),
    }),
    observe(state, g) {
      const axes = [...g.shape.keys()].filter((n) => state.s[n].shape[0] === g.shape[n]);
      const active = (x: Matrices): Matrices => onAxes(axes, (n) => x[n]);
      const r = roots(active(state.values));
      const q = active(state.q);
      const turned = rotate(g, q);
      // S^(-1/2) = Q λ^(-1/2) Qᵀ, seen in the bases: the Q on the left of Y_n Y_nᵀ turns it back.
      const terms = onAxes(axes, (n) => {
        const rows = rowsAlong(scaled(turned, r, n), n);
        return rows.mul(1 / Math.sqrt(rows.shape[0]));
      });
      const keep = (x: Matrices, next: Matrices): Matrices => ({ ...x, ...next });
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
    refresh({ s, q, values }, g, at) {
      const next = perAxis(g.shape, (d, n) => (s[n].shape[0] === d ? followBasis(s[n], q[n], at) : q[n]));
      // Eigenvalues belong to a basis: in a new one they are its Rayleigh quotients.
      return {
        q: next,
        values: perAxis(g.shape, (d, n) => (s[n].shape[0] === d ? s[n].matmul(next[n]).mul(next[n]).sum(0) : values[n])),
      };
    },
    direction(state, g) {
      const axes = [...g.shape.keys()].filter((n) => state.s[n].shape[0] === g.shape[n]);
      const q = onAxes(axes, (n) => state.q[n]);
      return { u: rotateBack(scaled(rotate(g, q), roots(onAxes(axes, (n) => state.values[n]))), q), state };
    },
  };
  return preconditioned("kl-shampoo", rate, preconditioner, {
    ...h,
    mask: options.mask,
    every: h.precondEvery,
    needsBatch: false,
  });
}
