/** Structured inverse-free natural gradient: KFAC's curvature, its inverse kept by products alone, in factors of any structure. */

import type { NdArray } from "../../array/index.ts";
import { pow, type Tensor } from "../../tensor/index.ts";
import { alongAxis } from "../axes.ts";
import { balanced, factorParameters, startOf, stepFactor } from "../factor.ts";
import { checkRate, integer, number, type OptionsOf, type Settings, scheduled, settle } from "../hyper.ts";
import type { Optimizer } from "../optimizer.ts";
import { type Rate, rateAt, times } from "../schedules.ts";
import { diagonal } from "../structures/diagonal.ts";
import { type Parts, type Structure, structureOf, structureParameter } from "../structures/index.ts";
import { mapParts, timesSquare } from "../structures/structure.ts";
import type { LayerPreconditioner } from "./layer-factors.ts";
import { defaultFallback, type LayerOptions, layerParameters } from "./layer-options.ts";
import type { Layer } from "./layers.ts";
import { layerwise } from "./layerwise.ts";
import { frequencies, gradientRows, inputRows } from "./rows.ts";

/** Hyper-parameters of SINGD. */
export const singdParameters = {
  /** β₁ */
  precondLr: scheduled(
    number("step of the preconditioner, the weight of the newest curvature", 0.1, 0, 1, { open: "both", search: { low: 1e-2, high: 0.3 } }),
  ),
  ...layerParameters,
  ...factorParameters,
  structure: structureParameter,
  maxDense: integer("longest side with a dense factor when the structure is automatic", 512, 1, 65536),
};

/** Options of SINGD; defaults as in the table. */
export type SingdOptions = LayerOptions &
  Omit<OptionsOf<typeof singdParameters>, "structure"> & {
    /**
     * Structure of both factors, of the inputs' K and the outputs' C, or by layer; "auto": dense up to `maxDense`, hierarchical(16,16)
     * above. Embeddings always have a diagonal K, which is exact.
     */
    readonly structure?:
      | string
      | { readonly k: string; readonly c: string }
      | ((layer: Layer) => { readonly k: string; readonly c: string });
  };

type SingdFactors = {
  readonly k: Parts;
  readonly c: Parts;
  readonly mk?: Parts;
  readonly mc?: Parts;
  /** K Kᵀ and C Cᵀ of dense factors that serve for several steps. */
  readonly pk?: Tensor;
  readonly pc?: Tensor;
};

/** H_K and H_C of a step. */
type SingdStatistics = { readonly inputs: Parts; readonly gradients: Parts };

/** Sizes of both factors. */
const sizes = (layer: Layer): [number, number] => [layer.inputs + (layer.bias === undefined ? 0 : 1), layer.outputs];

/** Structures of K and C for a layer. */
function structuresFor(layer: Layer, structure: SingdOptions["structure"], maxDense: number): [Structure, Structure] {
  const chosen = typeof structure === "function" ? structure(layer) : structure;
  const names = typeof chosen === "object" ? chosen : { k: chosen ?? "auto", c: chosen ?? "auto" };
  const [dk, dc] = sizes(layer);
  const make = (name: string, d: number): Structure =>
    structureOf(name === "auto" ? (d <= maxDense ? "dense" : "hierarchical(16,16)") : name)(d);
  return [layer.kind === "embedding" ? diagonal(dk) : make(names.k, dk), make(names.c, dc)];
}

/** X along the axis of a layer's matrix that its inputs (or outputs) are on. */
const alongInputs = (layer: Layer, g: Tensor, f: (rows: Tensor) => Tensor): Tensor => alongAxis(g, layer.inputsFirst ? 0 : 1, f);
const alongOutputs = (layer: Layer, g: Tensor, f: (rows: Tensor) => Tensor): Tensor => alongAxis(g, layer.inputsFirst ? 1 : 0, f);

/**
 * SINGD. For each layer, with rows A of inputs and Ĝ of output gradients (see rows.ts), bars for traces over the dimension:
 *
 *   H_K = Π(KᵀAᵀA K),  H_C = Π(CᵀĜᵀĜ C),  Q_K = Π(KᵀK),  Q_C = Π(CᵀC)
 *   M_K = ½ (t̄r(H_C) H_K + λ t̄r(Q_C) Q_K - I),  M_C = ½ (t̄r(H_K) H_C + λ t̄r(Q_K) Q_C - I)
 *   m ← α₁ m + (1 - α₁) M,   K ← K (I - β₁ / max(1, |m_K|) m_K),   C likewise
 *   U = C Cᵀ G K Kᵀ + κ W,   v ← α₂ v + U,   W ← W - η v
 *
 * The first three lines every T steps. Dense structures make it INGD. H is formed from K and the rows, never as Kᵀ(AᵀA)K, so that it is
 * positive semi-definite in any precision.
 *
 * @param rate  η
 * @source  Lin et al., ICML 2024 (arXiv 2312.05705); INGD: Lin et al., ICML 2023 (arXiv 2302.09738)
 */
export const singd = (rate: Rate, options: SingdOptions = {}): Optimizer => naturalGradient("singd", rate, options, false);

/** SINGD's without those of the structure. */
const { structure, maxDense, ...ingdParameters } = singdParameters;
/** SINGD's without those of the momentum of the factors. */
const { precondMomentum, momentumMode, ...ikfacParameters } = singdParameters;

export { ikfacParameters, ingdParameters };

/** SINGD with dense factors. */
export const ingd = (rate: Rate, options: Omit<SingdOptions, "structure"> = {}): Optimizer =>
  naturalGradient("ingd", rate, { ...options, structure: "dense" }, false);

/**
 * IKFAC: KFAC to first order in β₁, inverse-free. M_K = ½ (H_K + λ Q_K - I), M_C likewise, without momentum on the factors.
 *
 * @source  Lin et al., ICML 2024 (arXiv 2312.05705), theorem 1
 */
export const ikfac = (rate: Rate, options: Omit<SingdOptions, "precondMomentum"> = {}): Optimizer =>
  naturalGradient("ikfac", rate, { ...options, precondMomentum: 0 }, true);

function naturalGradient(name: string, rate: Rate, options: SingdOptions, separate: boolean): Optimizer {
  const { structure, fallback, layers, mask, ...rest } = options;
  const h = settle(name, singdParameters, rest);
  checkRate(name, rate);
  const period = h.precondEvery;
  const structures = (layer: Layer): [Structure, Structure] => structuresFor(layer, structure, h.maxDense);
  const cached = (s: Structure): boolean => s.shapes.full !== undefined && period !== 1;
  const own: LayerPreconditioner<SingdFactors, SingdStatistics> = {
    init(layer, dtype) {
      const [sk, sc] = structures(layer);
      const momenta = h.precondMomentum ? { mk: sk.identity(0, dtype), mc: sc.identity(0, dtype) } : {};
      const products = (s: Structure): NdArray => s.identity(1, dtype).full;
      return {
        k: sk.identity(1, dtype),
        c: sc.identity(1, dtype),
        ...momenta,
        ...(cached(sk) ? { pk: products(sk) } : {}),
        ...(cached(sc) ? { pc: products(sc) } : {}),
      };
    },
    statistics({ k, c }, layer, seen, batchSize) {
      const [sk, sc] = structures(layer);
      const inputs =
        layer.kind === "embedding"
          ? { d: frequencies(layer, seen, batchSize, h.approximation).mul(k.d.square()) }
          : sk.gram(sk.times(inputRows(layer, seen, batchSize, h.approximation), k));
      return { inputs, gradients: sc.gram(sc.times(gradientRows(layer, seen, batchSize, h.approximation, h.lossAverage), c)) };
    },
    refresh(factors, layer, measured, step) {
      const next = refreshPair(structures(layer), factors, measured, step, { ...h, separate });
      const square = (k: Parts): Tensor => k.full.matmul(k.full.transpose());
      return {
        ...next,
        ...(factors.pk ? { pk: square(next.k) } : {}),
        ...(factors.pc ? { pc: square(next.c) } : {}),
      };
    },
    direction({ k, c, pk, pc }, layer, g) {
      const [sk, sc] = structures(layer);
      const both = (s: Structure, k: Parts, p: Tensor | undefined) => (rows: Tensor) => (p ? rows.matmul(p) : timesSquare(s, rows, k));
      return alongInputs(layer, alongOutputs(layer, g, both(sc, c, pc)), both(sk, k, pk));
    },
  };
  return layerwise(name, rate, own, {
    ...h,
    mask,
    every: period,
    layers,
    fallback: fallback ?? defaultFallback(rate, h),
  });
}

/** `separate`: IKFAC, each factor by itself. */
type PairSettings = Settings<typeof singdParameters> & { readonly separate: boolean };

/** K, C and their momenta after an update. H is that of the factors before any scaling here, which multiplies it by the square. */
function refreshPair(
  [sk, sc]: readonly [Structure, Structure],
  { k: k0, c: c0, mk, mc }: SingdFactors,
  { inputs: hk0, gradients: hc0 }: SingdStatistics,
  step: Tensor,
  h: PairSettings,
) {
  const [tk, tc] = [sk.averageTrace(hk0), sc.averageTrace(hc0)];
  const start = h.initialScale === "identity" ? undefined : startOf([sk, sc], [k0, c0], tk.mul(tc));
  const [rk, rc] = start ? firstScales(tk, tc, h).map(start.now) : [1, 1];
  const grown = (x: Parts, by: number | Tensor): Parts => mapParts((part) => times(part, by), x);
  const [k, c] = [grown(k0, rk), grown(c0, rc)];
  const [hk, hc] = [grown(hk0, times(rk, rk)), grown(hc0, times(rc, rc))];
  const [qk, qc] = [sk.selfGram(k), sc.selfGram(c)];
  const one = (s: Structure, own: Parts, q: Parts, scale: Tensor | number, ridge: Tensor | number): Parts =>
    s.addIdentity(
      mapParts((a, b) => times(a, scale).add(times(b, ridge)).mul(0.5), own, q),
      -0.5,
    );
  const gradK = h.separate ? one(sk, hk, qk, 1, h.damping) : one(sk, hk, qk, sc.averageTrace(hc), sc.averageTrace(qc).mul(h.damping));
  const gradC = h.separate ? one(sc, hc, qc, 1, h.damping) : one(sc, hc, qc, sk.averageTrace(hk), sk.averageTrace(qk).mul(h.damping));
  const beta = rateAt(h.precondLr, step);
  const [a, b] = [stepFactor(sk, k, mk, gradK, beta, h), stepFactor(sc, c, mc, gradC, beta, h)];
  // The factors of IKFAC are no pair of which only the product counts.
  const [nextK, nextC] = h.precision === "full" || h.separate ? [a.k, b.k] : balanced([sk, sc], [a.k, b.k]);
  const kept = start?.unlessWaiting ?? ((next: Parts) => next);
  return { k: kept(nextK, k0), c: kept(nextC, c0), ...(mk && mc ? { mk: kept(a.m, mk), mc: kept(b.m, mc) } : {}) };
}

/**
 * Start of K and C: k = (t̄r(AᵀA) t̄r(ĜᵀĜ) + λ)^(-1/4) for both, with which the averaged equation holds at once; (t̄r + λ)^(-1/2) for each
 * where factors are separate.
 */
function firstScales(tk: Tensor, tc: Tensor, { damping, separate }: PairSettings): [Tensor, Tensor] {
  if (separate) return [pow(tk.add(damping), -0.5), pow(tc.add(damping), -0.5)];
  const both = pow(tk.mul(tc).add(damping), -0.25);
  return [both, both];
}
