/** What came out of a run, in numbers and words. */

import { evaluationCautions, learningCautions } from "../../chemistry/evaluation/cautions.ts";
import type { Evaluation } from "../../chemistry/evaluation/evaluation.ts";
import { extrapolated } from "../../chemistry/evaluation/extrapolate.ts";
import { virialRatio } from "../../chemistry/evaluation/virial.ts";
import type { System } from "../../chemistry/systems/system.ts";
import { debyeInAtomicUnit } from "../../chemistry/systems/units.ts";
import type { Findings } from "../../lab/life.ts";
import type { KeyNumber } from "../../lab/report.ts";
import { withError } from "../../numbers.ts";
import type { MoleculeProblem } from "./problem.ts";

type Rows = readonly Readonly<Record<string, number>>[];

const millihartree = 1000;
const metric = { wfr: "Wasserstein-Fisher-Rao", w: "Wasserstein", fr: "Fisher-Rao" } as const;

/** Energy and error as chemists write them: -2.9036(3). */
export function bracketed(mean: number, error: number): string {
  if (!(error > 0 && Number.isFinite(error))) return mean.toFixed(6);
  const places = Math.min(10, Math.max(0, -Math.floor(Math.log10(Number(error.toPrecision(1))))));
  return `${mean.toFixed(places)}(${Math.round(error * 10 ** places)})`;
}

/** Names of the numbers of an evaluation, for `metrics`. */
export const measuredNumbers = [
  ...[
    "energy",
    "error",
    "variance",
    "reference",
    "aboveReference",
    "acceptance",
    "virial",
    "lost",
    "kinetic",
    "potential.external",
    "potential.repulsion",
  ],
  ...["observables.*.mean", "observables.*.error", "dipole.atomicUnits.*", "dipole.errors.*"],
];

/** What an evaluation measured, for programs and for people. */
export function measuredOf(
  { energy, variance, kinetic, external, repulsion, means, dipole, acceptance, lost }: Evaluation,
  system: System,
) {
  const { reference } = system;
  const virial = virialRatio(system, { kinetic, external, repulsion });
  const above = reference && millihartree * (energy.mean - reference.energy);
  return {
    results: {
      ...{ energy: energy.mean, error: energy.error, variance },
      reference: reference?.energy ?? null,
      ...(reference && { referenceSource: reference.source, aboveReference: above }),
      ...{ acceptance, virial: virial?.value ?? null, lost },
      kinetic: kinetic.mean,
      potential: { external: external.mean, repulsion: repulsion.mean },
      observables: means,
      ...(dipole && { dipole: { atomicUnits: dipole.map((d) => d.mean), errors: dipole.map((d) => d.error) } }),
      units: { energy: "hartree", length: "bohr", dipole: "e a0" },
    },
    numbers: [
      { name: "energy", value: energy.mean, error: energy.error, note: "hartree; frozen parameters, blocked error" },
      ...(reference && above !== undefined
        ? [
            {
              name: "above the reference",
              value: above,
              error: millihartree * energy.error,
              note: `mHa; ${reference.energy} hartree, ${reference.source}`,
            },
          ]
        : []),
      { name: "variance", value: variance, note: "of the local energy, hartree²; 0 for an eigenstate" },
      ...(virial ? [{ name: "virial", value: virial.value, error: virial.error, note: virial.note }] : []),
      ...Object.entries(means).map(
        ([name, { mean, error }]): KeyNumber => ({
          name: `⟨${name}⟩`,
          value: mean,
          error,
          note: name.includes("1/") ? "1/bohr" : name.includes("²") ? "bohr²" : "bohr",
        }),
      ),
      ...(dipole
        ? [
            {
              name: "dipole",
              value: Math.hypot(...dipole.map((d) => d.mean)) * debyeInAtomicUnit,
              error: Math.hypot(...dipole.map((d) => d.error)) * debyeInAtomicUnit,
              note: "debye",
            },
          ]
        : []),
    ] as KeyNumber[],
    sentence:
      `${bracketed(energy.mean, energy.error)} hartree` +
      (above === undefined ? "" : `, ${withError(above, millihartree * energy.error)} mHa above the known ${reference?.energy}`),
    warnings: evaluationCautions({ energy, variance, acceptance, lost, virial }, reference),
  };
}

/** Of a training and its evaluation. */
export function energyFindings(problem: MoleculeProblem, evaluation: Evaluation, history: Rows, parameters: number): Findings {
  const { system, settings, choice, hartreeFock } = problem;
  const { results, numbers, sentence, warnings } = measuredOf(evaluation, system);
  const limit = extrapolated(history);
  const last = history.findLast((row) => row.energy !== undefined);
  return {
    title: `Ground state of ${system.title}`,
    summary: `${sentence}: a ${choice.name} of ${parameters} parameters after ${settings.steps} steps of the ${metric[settings.flow]} flow.`,
    numbers: [
      ...numbers,
      ...(hartreeFock !== undefined ? [{ name: "Hartree-Fock", value: hartreeFock, note: "hartree, STO-6G: where it began" }] : []),
      ...(limit
        ? [
            {
              name: "at zero variance",
              value: limit.mean,
              error: limit.error,
              note: "hartree; a line through energies and variances of the training: an estimate, no bound",
            },
          ]
        : []),
      ...(last ? [{ name: "energy while training", value: last.energy, note: "hartree, last 20 steps; biased by the optimization" }] : []),
    ],
    warnings: [...warnings, ...learningCautions(history)],
    results: {
      ...results,
      steps: settings.steps,
      method: settings.flow,
      parameters,
      ...(last && { trainingEnergy: last.energy }),
      ...(limit && { zeroVariance: { energy: limit.mean, error: limit.error } }),
    },
    text: (took) => [
      `${system.title}: ${sentence}`,
      `variance ${evaluation.variance.toPrecision(3)} hartree², acceptance ${evaluation.acceptance.toFixed(2)}`,
      `${settings.steps} steps of the ${metric[settings.flow]} flow and the evaluation in ${took}`,
    ],
  };
}
