/** What all optimizers with layers can be told. */
import { adamw } from "../adam.ts";
import { every, integer, momentum, number, type OptionsOf, precision, type Settings, toggle, weightDecay } from "../hyper.ts";
import type { Mask, Optimizer } from "../optimizer.ts";
import type { Rate } from "../schedules.ts";
import { approximation, lossAverage } from "./rows.ts";

/** Hyper-parameters of optimizers with layers. */
export const layerParameters = {
  /** λ */
  damping: number("constant added to the curvature", 1e-3, 0, Number.POSITIVE_INFINITY, {
    open: "high",
    search: { low: 1e-5, high: 1e-1 },
  }),
  /** α₂ of the heavy ball */
  momentum: momentum(0.9),
  /** κ, coupled */
  weightDecay: weightDecay(5e-4),
  /** T */
  precondEvery: every(2),
  /** A table's rows are seen rarely: its curvature is mostly damping. */
  tables: toggle("tables (embeddings) are layers too, or follow the fallback", false),
  approximation,
  lossAverage,
  burnIn: integer("first steps that move only the curvature", 0, 0, 1e9),
  klClip: number("bound on the Kullback–Leibler size of a step; 0: none", 0, 0, Number.POSITIVE_INFINITY, { open: "high" }),
  fallbackRatio: number("rate of AdamW for parameters in no layer, as a share of the rate", 0.5, 0, Number.POSITIVE_INFINITY, {
    open: "both",
    search: { low: 0.05, high: 5 },
  }),
  precision: precision("rounding of the factors and their updates"),
};

/** Options of optimizers with layers; defaults as in the table. */
export type LayerOptions = OptionsOf<typeof layerParameters> & {
  /** Parameters that decay; default all. */
  readonly mask?: Mask;
  /** For parameters in no layer; default AdamW at `fallbackRatio` times the rate. */
  readonly fallback?: Optimizer;
  /** Layers to precondition, by path and shape of the weight; default all. */
  readonly layers?: Mask;
};

/** AdamW at a share of the rate, with the same decay. It begins after the burn-in, and the rate with all others before it. */
export const defaultFallback = (rate: Rate, { fallbackRatio, weightDecay, burnIn }: Settings<typeof layerParameters>): Optimizer =>
  adamw(typeof rate === "number" ? rate * fallbackRatio : (step) => rate(step.add(burnIn)).mul(fallbackRatio), { weightDecay });
