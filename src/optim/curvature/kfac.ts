/** KFAC with inverses: the baseline of the inverse-free methods. */

import { eye, isFinite, type Tensor, where } from "../../tensor/index.ts";
import { alongAxis } from "../axes.ts";
import { checkRate, choice, number, type OptionsOf, settle } from "../hyper.ts";
import type { Optimizer } from "../optimizer.ts";
import { newtonInverse } from "../roots.ts";
import { type Rate, times } from "../schedules.ts";
import { type Float, filled, scaledIdentity } from "../structures/structure.ts";
import { defaultFallback, type LayerOptions, layerParameters } from "./layer-options.ts";
import type { Layer } from "./layers.ts";
import { layerwise } from "./layerwise.ts";
import { frequencies, gradientRows, inputRows } from "./rows.ts";

/** Hyper-parameters of KFAC. */
export const kfacParameters = {
  /** β₁ */
  precondLr: number("weight of the newest curvature in its moving average", 0.05, 0, 1, {
    open: "low",
    search: { low: 1e-2, high: 0.3 },
  }),
  ...layerParameters,
  /** (S_K + λI) ⊗ (S_C + λI), or (S_K + π√λ I) ⊗ (S_C + √λ/π I) with π² = t̄r S_K / t̄r S_C */
  dampingSplit: choice("how damping enters: λ in each factor, or √λ split by the factors' traces", ["each", "trace"]),
};

/** Options of KFAC; defaults as in the table. */
export type KfacOptions = LayerOptions & OptionsOf<typeof kfacParameters>;

/** Second moments of inputs and gradients, and their damped inverses. Embeddings: the inputs' are diagonal. */
type KfacFactors = {
  readonly sk: Tensor;
  readonly sc: Tensor;
  readonly pk: Tensor;
  readonly pc: Tensor;
};

/** AᵀA and ĜᵀĜ of a step. */
type KfacStatistics = { readonly inputs: Tensor; readonly gradients: Tensor };

const isDiagonal = (s: Tensor): boolean => s.rank === 1;
const meanDiagonal = (s: Tensor): Tensor =>
  isDiagonal(s)
    ? s.mean()
    : s
        .mul(eye(s.shape[0], s.dtype as Float))
        .sum()
        .div(s.shape[0]);

/**
 * S_K ← (1 - β) S_K + β AᵀA,  S_C ← (1 - β) S_C + β ĜᵀĜ,  U = (S_C + λI)⁻¹ G (S_K + λI)⁻¹, moments and inverses every T steps. Inverses by
 * Newton's iteration; one that is not finite is replaced by the one before. In half precision it fails: see docs/optimizers.md.
 *
 * @source  Martens & Grosse, ICML 2015
 */
export function kfac(rate: Rate, options: KfacOptions = {}): Optimizer {
  const { fallback, layers, mask, ...rest } = options;
  const h = settle("kfac", kfacParameters, rest);
  checkRate("kfac", rate);
  const size = (layer: Layer): number => layer.inputs + (layer.bias === undefined ? 0 : 1);
  const inverse = (s: Tensor, ridge: Tensor | number, before: Tensor): Tensor => {
    if (isDiagonal(s)) return s.add(ridge).pow(-1);
    const damped = s.add(times(eye(s.shape[0], s.dtype as Float), ridge));
    const next = newtonInverse(damped);
    return where(isFinite(next.mul(0).sum()), next, before);
  };
  return layerwise<KfacFactors, KfacStatistics>(
    "kfac",
    rate,
    {
      init(layer, dtype) {
        const inputs = () => (layer.kind === "embedding" ? filled([layer.inputs], 1, dtype) : scaledIdentity(size(layer), 1, dtype));
        const outputs = () => scaledIdentity(layer.outputs, 1, dtype);
        return { sk: inputs(), sc: outputs(), pk: inputs(), pc: outputs() };
      },
      statistics(_, layer, seen, batchSize) {
        const gram = (rows: Tensor): Tensor => rows.transpose().matmul(rows);
        return {
          inputs:
            layer.kind === "embedding"
              ? frequencies(layer, seen, batchSize, h.approximation)
              : gram(inputRows(layer, seen, batchSize, h.approximation)),
          gradients: gram(gradientRows(layer, seen, batchSize, h.approximation, h.lossAverage)),
        };
      },
      refresh({ sk, sc, pk, pc }, _, { inputs, gradients }) {
        const mix = (old: Tensor, x: Tensor): Tensor => old.mul(1 - h.precondLr).add(x.mul(h.precondLr));
        const [k, c] = [mix(sk, inputs), mix(sc, gradients)];
        const root = Math.sqrt(h.damping);
        const ratio = meanDiagonal(k).div(meanDiagonal(c)).sqrt();
        const [ridgeK, ridgeC] = h.dampingSplit === "each" ? [h.damping, h.damping] : [ratio.mul(root), ratio.pow(-1).mul(root)];
        return { sk: k, sc: c, pk: inverse(k, ridgeK, pk), pc: inverse(c, ridgeC, pc) };
      },
      direction({ pk, pc }, layer, g) {
        const by = (p: Tensor) => (rows: Tensor) => (isDiagonal(p) ? rows.mul(p) : rows.matmul(p));
        const outer = alongAxis(g, layer.inputsFirst ? 1 : 0, by(pc));
        return alongAxis(outer, layer.inputsFirst ? 0 : 1, by(pk));
      },
    },
    {
      ...h,
      mask,
      every: h.precondEvery,
      layers,
      fallback: fallback ?? defaultFallback(rate, h),
    },
  );
}
