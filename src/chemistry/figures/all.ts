/** The pictures of a run. */
import type { Figure } from "../../plots/index.ts";
import type { Evaluation } from "../evaluation/evaluation.ts";
import type { Driven, Slice } from "../evaluation/snapshot.ts";
import type { CostName } from "../flows/costs.ts";
import type { System } from "../systems/system.ts";
import { energyFigure, healthFigure, varianceFigure } from "./curves.ts";
import { densityFigure } from "./density.ts";
import { localEnergyFigure, pairFigure, radialFigure } from "./distributions.ts";
import { drivenFigure, nodeFigure } from "./driven.ts";

type Rows = readonly Readonly<Record<string, number>>[];

/** Of a training and its evaluation. */
export const trainingFigures = (history: Rows, evaluation: Evaluation, { reference }: System): Figure[] => [
  energyFigure(history, evaluation.energy.mean, reference),
  varianceFigure(history),
  healthFigure(history),
];

/** Of an evaluation. */
export const evaluationFigures = ({ sample, energy, radial, pairs, places }: Evaluation, system: System): Figure[] => [
  densityFigure(system, places),
  localEnergyFigure(sample, energy.mean),
  radialFigure(radial, system.field.kind === "nuclei"),
  ...(pairs ? [pairFigure(pairs)] : []),
];

/** Of walkers at the end: in planes and in space. */
export const walkerFigures = (system: System, electrons: readonly Driven[], slice: Slice | undefined, cost: CostName): Figure[] => [
  ...(system.dimension > 1 ? [drivenFigure(system, electrons, cost)] : []),
  ...(slice ? [nodeFigure(system, slice)] : []),
];
