/** Settings of optimizers by the kind of network: what is good on one is often far off on another. */
import { optimizerEntry } from "../optim/index.ts";
import type { Problem } from "./problem.ts";
import type { OptimizerSettings } from "./recipe.ts";

/** Kinds of networks that ask for settings of their own. */
type NetworkKind = "text" | "vit";

const textSingd = { lr: 8e-3, momentum: 0.5, damping: 1e-4, precondLr: 0.2, fallbackRatio: 1 };
const vitSingd = { lr: 2e-3, momentum: 0.5, damping: 1e-3, fallbackRatio: 4, approximation: "reduce" };

const table: Readonly<Record<NetworkKind, Readonly<Record<string, OptimizerSettings>>>> = {
  text: {
    adamw: { lr: 1e-2, beta1: 0.6, beta2: 0.95 },
    nadamw: { lr: 1e-2, beta1: 0.6, beta2: 0.95 },
    "if-shampoo": { lr: 2e-2, momentum: 0.7, damping: 1e-4, precondLr: 0.3 },
    singd: textSingd,
    ingd: textSingd,
  },
  vit: {
    adamw: { lr: 8e-3, beta2: 0.95 },
    nadamw: { lr: 8e-3, beta2: 0.95 },
    singd: vitSingd,
    ingd: vitSingd,
  },
};

/** The kind of a network by what it learns and the name of its model; undefined where the optimizers' own defaults serve. */
const kindOf = ({ kind }: Pick<Problem, "kind">, model: string | undefined): NetworkKind | undefined =>
  kind === "text" ? "text" : model === "vit" ? "vit" : undefined;

/**
 * Settings of an optimizer that follow from problem and network: those of the table above, and that the loss of a text is a mean over
 * examples and positions, which curvature has to know.
 *
 * @param model  name of the network, such as `vit`
 * @param precision  that of the steps: factors that know of it keep their sizes balanced
 */
export function settingsFor(name: string, problem: Pick<Problem, "kind">, model?: string, precision = "f32"): OptimizerSettings {
  const kind = kindOf(problem, model);
  const { parameters } = optimizerEntry(name);
  const tokens = problem.kind === "text" && "lossAverage" in parameters;
  const half = precision !== "f32" && "precision" in parameters;
  return {
    ...(tokens ? { lossAverage: "batch+sequence" } : {}),
    ...(half ? { precision } : {}),
    ...(kind ? table[kind][name] : undefined),
  };
}

/** Terms in the mean of the loss: characters of texts, or examples. */
export const lossTerms = ({ kind, input }: Pick<Problem, "kind" | "input">, batchSize: number): number =>
  kind === "text" ? batchSize * input[0] : batchSize;
