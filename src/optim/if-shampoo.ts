/** Inverse-free root-free Shampoo: a Kronecker-factored preconditioner of any tensor, kept by products and sums alone. */

import { UserError } from "../errors.ts";
import { pow, type Tensor } from "../tensor/index.ts";
import { alongAxis, rowsAlong } from "./axes.ts";
import { balanced, factorParameters, startOf, stepFactor } from "./factor.ts";
import { checkRate, integer, number, type OptionsOf, precision, type Settings, scheduled, settle } from "./hyper.ts";
import type { Mask, Optimizer } from "./optimizer.ts";
import { type Moment, type Preconditioner, preconditioned } from "./preconditioner.ts";
import { rfShampooParameters } from "./rf-shampoo.ts";
import { type Rate, rateAt, times } from "./schedules.ts";
import { type Parts, type Structure, structureOf, structureParameter } from "./structures/index.ts";
import { mapParts, timesSquare } from "./structures/structure.ts";

/** Hyper-parameters of inverse-free root-free Shampoo. */
export const ifShampooParameters = {
  ...rfShampooParameters,
  /** β₂ */
  precondLr: scheduled(
    number("step of the preconditioner, the weight of the newest curvature", 0.1, 0, 1, { open: "low", search: { low: 8e-3, high: 0.4 } }),
  ),
  ...factorParameters,
  structure: structureParameter,
  maxDense: integer("longest axis with a dense factor when the structure is automatic; longer ones get a diagonal", 1024, 1, 65536),
  precision: precision("rounding of the factors and their updates"),
};

/** Options of inverse-free root-free Shampoo; defaults as in the table. */
export type IfShampooOptions = Omit<OptionsOf<typeof ifShampooParameters>, "structure"> & {
  /** Name of a structure for all axes, or one per axis; "auto": dense up to `maxDense`, diagonal above and for vectors. */
  readonly structure?: string | ((path: string, axis: number, size: number) => string);
  /** Parameters that decay; default all. */
  readonly mask?: Mask;
};

/** More numbers than this in one dense factor is a mistake rather than a wish. */
const largestDense = 16384;

/** The structure of each axis of a tensor. */
function structuresOf(
  name: string,
  shape: readonly number[],
  path: string,
  structure: IfShampooOptions["structure"],
  maxDense: number,
): Structure[] {
  return shape.map((d, axis) => {
    const chosen = typeof structure === "function" ? structure(path, axis, d) : (structure ?? "auto");
    if (chosen === "dense" && d > largestDense)
      throw new UserError(
        `${name}: a dense factor of axis ${axis} of ${path} would hold ${d} × ${d} numbers (${((d * d * 4) / 2 ** 30).toFixed(1)} GiB)`,
        `use structure "auto", "diagonal", "hierarchical(15,15)" or "toeplitz-lower" for it`,
      );
    const automatic = shape.length > 1 && d <= maxDense ? "dense" : "diagonal";
    return structureOf(chosen === "auto" ? automatic : chosen)(d);
  });
}

/**
 * Inverse-free root-free Shampoo. K_n K_nᵀ ≈ S_n⁻¹ for the axes n = 1..N of a tensor with d = Π d_n elements; B examples in the batch:
 *
 *   Y = √B G ×₁ K₁ᵀ … ×_N K_Nᵀ,   H_n = Y_n Y_nᵀ d_n / d,   c_n = λ Π_{j≠n} tr(K_jᵀK_j) / d_j
 *   M_n = ½ (H_n + c_n K_nᵀK_n - γ I),   m_n ← α₂ m_n + (1 - α₂) M_n,   K_n ← K_n (I - β₂ / max(1, |m_n|) m_n)
 *   u = G ×₁ K₁K₁ᵀ … ×_N K_NK_Nᵀ + κ w,   v ← α₁ v + u,   w ← w - η v
 *
 * The first three lines every T steps. With λ = 0 the method is equivariant under W = A V Bᵀ.
 *
 * @param rate  η
 * @throws  TensorError in a step without a batch size
 * @source  Lin et al., ICML 2024 (arXiv 2402.03496)
 */
export function ifShampoo(rate: Rate, options: IfShampooOptions = {}): Optimizer {
  const h = settle("if-shampoo", ifShampooParameters, options, ["mask"]);
  checkRate("if-shampoo", rate);
  const structures = (shape: readonly number[], path: string): Structure[] =>
    structuresOf("if-shampoo", shape, path, options.structure, h.maxDense);
  const cached = (s: Structure): boolean => s.shapes.full !== undefined && h.precondEvery !== 1;
  const preconditioner: Preconditioner<Factors> = {
    init(shape, dtype, path) {
      const list = structures(shape, path);
      const each = (value: number) => Object.fromEntries(list.map((s, n) => [n, s.identity(value, dtype)]));
      const products = Object.fromEntries(list.flatMap((s, n) => (cached(s) ? [[n, s.identity(1, dtype)]] : [])));
      return { k: each(1), ...(h.precondMomentum ? { m: each(0) } : {}), ...(list.some(cached) ? { p: products } : {}) };
    },
    refreshed: ["k", "m", "p"],
    refresh(state, g, at) {
      const list = structures(g.shape, at.path);
      const next = refreshFactors(list, state, g, at, h);
      if (!state.p) return next;
      const p = list.flatMap((s, n) => (cached(s) ? [[n, { full: squareOf(next.k[n].full) }]] : []));
      return { ...next, p: Object.fromEntries(p) };
    },
    direction(state, g, at) {
      const { k, p } = state;
      const u = structures(g.shape, at.path).reduce(
        (x, s, n) => alongAxis(x, n, (rows) => (p?.[n] ? rows.matmul(p[n].full) : timesSquare(s, rows, k[n]))),
        g,
      );
      return { u, state };
    },
  };
  return preconditioned("if-shampoo", rate, preconditioner, {
    ...h,
    mask: options.mask,
    every: h.precondEvery,
    needsBatch: true,
  });
}

/** K Kᵀ. */
const squareOf = (k: Tensor): Tensor => k.matmul(k.transpose());

/** Factors, momenta and cached products K Kᵀ by axis. */
type Factors = {
  readonly k: Readonly<Record<number, Parts>>;
  readonly m?: Readonly<Record<number, Parts>>;
  readonly p?: Readonly<Record<number, Parts>>;
};

/** New K_n and m_n, all from the old ones. */
function refreshFactors(
  list: readonly Structure[],
  state: Factors,
  g: Tensor,
  { step, batchSize }: Moment,
  h: Settings<typeof ifShampooParameters>,
) {
  const root = typeof batchSize === "number" ? Math.sqrt(batchSize) : batchSize.sqrt();
  const scaled = times(g, root);
  const curvature = scaled.square().mean();
  // (B |G|² / d + λ)^(-1/2N), which makes tr M_n = 0.
  const start = h.initialScale === "identity" ? undefined : startOf(list, Object.values(state.k), curvature);
  const scale = start ? start.now(pow(curvature.add(h.damping), -1 / (2 * list.length))) : 1;
  const k = list.map((_, n) => mapParts((part) => times(part, scale), state.k[n]));
  const y = list.reduce((x, s, n) => alongAxis(x, n, (rows) => s.times(rows, k[n])), scaled);
  const squares = list.map((s, n) => s.selfGram(k[n]));
  const traces = list.map((s, n) => s.averageTrace(squares[n]));
  const moved = list.map((s, n) => {
    const rows = rowsAlong(y, n);
    // Rows are scaled before their product: smaller intermediates in half precision.
    const curvature = s.gram(rows.mul(1 / Math.sqrt(rows.shape[0])));
    const c = traces.filter((_, j) => j !== n).reduce<number | Tensor>((a, b) => times(b, a), h.damping);
    const total = mapParts((a, b) => a.add(times(b, c)).mul(0.5), curvature, squares[n]);
    const grad = s.addIdentity(total, -h.forget / 2);
    const next = stepFactor(s, k[n], state.m?.[n], grad, rateAt(h.precondLr, step), h);
    if (!start) return next;
    return { k: start.unlessWaiting(next.k, state.k[n]), m: state.m ? start.unlessWaiting(next.m, state.m[n]) : next.m };
  });
  const byAxis = <T>(parts: readonly T[]): Record<number, T> => Object.fromEntries(parts.map((x, n) => [n, x]));
  const factors = moved.map((x) => x.k);
  return {
    k: byAxis(h.precision === "full" ? factors : balanced(list, factors)),
    ...(state.m ? { m: byAxis(moved.map((x) => x.m)) } : {}),
  };
}
