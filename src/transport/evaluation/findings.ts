/** What was found, as the key numbers of a report. */

import type { Snapshots } from "../../data/snapshots.ts";
import { formatNumber } from "../../numbers.ts";
import type { ActionValue } from "../learning/action-value.ts";
import { has, type MethodName } from "../learning/methods.ts";
import type { MassAt } from "../motion/frames.ts";
import { timeText } from "../paths/units.ts";
import type { Balance } from "./balance.ts";
import type { EnergyCurve } from "./energy-balance.ts";
import type { Prediction } from "./predict.ts";
import { type FoundNumber, plusMinus } from "./results.ts";

/** Numbers of a trained model beside its data. */
export interface Numbers {
  readonly predictions: readonly Prediction[];
  readonly mass: readonly MassAt[];
  readonly value?: ActionValue;
  /** The least action through the snapshots, where it is known. */
  readonly least?: { readonly lower: number; readonly upper: number };
  readonly solverError: number;
  readonly balance: readonly Balance[];
  readonly energy?: EnergyCurve;
  /** Last loss of the training. */
  readonly loss?: number;
}

/** Mean W1 of a method over the held-out snapshots that it was scored at. */
export const meanOf = (predictions: readonly Prediction[], name: string): number => {
  const all = predictions.flatMap((p) => p.scores.find((c) => c.name === name)?.w1 ?? []);
  return all.reduce((a, b) => a + b, 0) / all.length;
};

/** All numbers, in the order of their weight. */
export function keyNumbers(data: Pick<Snapshots, "times" | "snapshots">, numbers: Numbers, method: MethodName): FoundNumber[] {
  const { predictions, mass, value, least, solverError, energy, loss } = numbers;
  return [
    ...meanScores(predictions),
    ...predictions.flatMap(predictedMass),
    ...(has(method, "growth") ? massNumbers(mass) : []),
    ...(value ? valueNumbers(value) : []),
    ...(least ? [leastNumber(least)] : []),
    ...(energy ? energyNumbers(energy) : []),
    {
      name: "solver error",
      value: solverError,
      note: "root mean square, in standard deviations: particles of the first snapshot moved to the end in two ways",
    },
    { name: "final loss", value: loss ?? Number.NaN, note: "at the last row of metrics" },
    { name: "particles", value: data.snapshots.map((s) => s.shape[0]).join(", "), note: `at times ${data.times.map(timeText).join(", ")}` },
  ];
}

function meanScores(predictions: readonly Prediction[]): FoundNumber[] {
  const names = [...new Set(predictions.flatMap((p) => p.scores.map((s) => s.name)))].filter((n) => !n.startsWith("copy"));
  return names.map((name) => {
    const times = predictions.filter((p) => p.scores.some((s) => s.name === name)).map((p) => timeText(p.time));
    const { unit } = predictions[0];
    const value = meanOf(predictions, name);
    const own = unit.own === undefined ? "" : `; ${formatNumber(unit.own * value)} in the file's units`;
    return { name: `mean W1, ${name}`, value, note: `${unit.name}, over ${times.join(", ")}${own}` };
  });
}

function predictedMass({ time, mass, midpointMass }: Prediction): FoundNumber[] {
  if (mass === undefined) return [];
  const beside = midpointMass === undefined ? "" : `; of the unbalanced-transport midpoint ${formatNumber(midpointMass)}`;
  return [{ name: `total mass at ${timeText(time)}`, value: mass, note: `predicted over observed${beside}` }];
}

const massNumbers = (mass: readonly MassAt[]): FoundNumber[] => [
  { name: "total mass at the end", value: mass.at(-1)!.mass, note: "relative to the start" },
  { name: "effective particles", value: Math.min(...mass.map((m) => m.effective)), note: "(Σw)² / (n Σw²) at its lowest" },
];

const valueNumbers = ({ dual, error, primal, gap, lower }: ActionValue): FoundNumber[] => [
  {
    name: "action of the path",
    value: dual,
    error,
    note: `kinetic less potential energy, in standard deviations and mean intervals; minus the loss; ${plusMinus.batches}`,
  },
  ...(primal === undefined ? [] : [{ name: "cost of the path as labelled", value: primal, note: "an upper bound of the action" }]),
  ...(gap === undefined
    ? []
    : [
        {
          name: "action gap, at most",
          value: gap.bound,
          error: gap.error,
          note: `the difference of the two: what the action does not account for, ½ ∫ E|∇s - ∇s*|² and the like; ${plusMinus.batches}`,
        },
      ]),
  ...(lower === undefined
    ? []
    : [
        {
          name: "lower bound, estimated",
          value: lower,
          note: "of the least action, from the largest residuals over the particles of the path",
        },
      ]),
];

const energyNumbers = ({ imbalance, friction }: EnergyCurve): FoundNumber[] => [
  {
    name: "energy imbalance",
    value: imbalance,
    note: "largest difference of the total energy from that of the start and the work of friction, noise and time, over the kinetic energy",
  },
  ...(friction > 0 ? [{ name: "friction", value: friction, note: "rate at which velocities die away, over the file's unit of time" }] : []),
];

function leastNumber({ lower, upper }: NonNullable<Numbers["least"]>): FoundNumber {
  const name = "least action through the snapshots";
  return lower === upper
    ? { name, value: lower, note: "exact optimal transport of neighbours" }
    : {
        name,
        value: `${formatNumber(lower)} to ${formatNumber(upper)}`,
        note: "unbalanced transport of neighbours: dual and primal value",
      };
}
