/** `pushforward molecule scan`: energies along a bond. */
import { z } from "zod";
import { evaluationOf } from "../../chemistry/evaluation/evaluation.ts";
import { type CurvePoint, curveFigure } from "../../chemistry/figures/scan.ts";
import { learnWave } from "../../chemistry/learning/run.ts";
import { partsOf } from "../../chemistry/learning/settings.ts";
import { bondLength, stretched } from "../../chemistry/systems/stretch.ts";
import { bohrIn } from "../../chemistry/systems/units.ts";
import { UserError } from "../../errors.ts";
import { divided } from "../../lab/divided.ts";
import type { WorkPart } from "../../lab/parts.ts";
import { bracketed } from "./findings.ts";
import { loadSystem, systemInput } from "./load.ts";
import { moleculeOptions } from "./options.ts";
import { cautionsBefore, problemOf } from "./problem.ts";

/** A point of the curve: the distance of so many. */
interface Point extends WorkPart {
  readonly index: number;
}

/** Points that a scan may have: more are a slip of the step. */
const mostPoints = 200;

export const scan = divided({
  name: "molecule scan",
  summary: "a potential-energy curve: ground states along a bond",
  examples: ["pushforward molecule scan H2 --bond 0.8:6:0.4", "pushforward molecule scan LiH --bond 2:6:0.5 --steps 1000"],
  notes:
    "Stretches the distance of two atoms, or of all neighbours of a straight chain. Each point is learned on its own: a scan that was stopped keeps its points, and --workers or --queue share them out.",
  input: systemInput,
  options: z.object({
    ...moleculeOptions,
    bond: z.string().describe("distances from:to:step, in bohr or as --units says"),
  }),
  metrics: {
    rows: [],
    results: [
      "lowest.energy",
      "lowest.error",
      "lowest.distance",
      "lowest.hartreeFock",
      "points.*.distance",
      "points.*.energy",
      "points.*.error",
      "points.*.hartreeFock",
    ],
  },
  load: async (input, options) => {
    if (!input) throw new UserError("molecule scan needs a system", "two atoms, such as H2, or a chain, such as H4");
    return loadSystem(input, options);
  },

  async prepare({ system, notes }, options) {
    const distances = distancesOf(options.bond).map((d) => d * bohrIn(options.units ?? "bohr"));
    const equilibrium = bondLength(system);
    const shown = options.quick ? distances.filter((_, k) => k % Math.ceil(distances.length / 3) === 0) : distances;
    const problems = await Promise.all(
      shown.map(async (distance) => ({ distance, problem: await problemOf(stretched(system, distance), options) })),
    );
    const { settings, choice } = problems[0].problem;
    return {
      problem: { system, problems, equilibrium },
      source: { name: system.name, title: system.title, source: system.title },
      label: `scan of ${system.name}`,
      folder: `scan-${system.name}`,
      steps: problems.reduce((sum, { problem }) => sum + partsOf(problem.settings).end, 0),
      config: { ...settings, ...choice, steps: problems.map(({ problem }) => problem.settings.steps), distances: shown },
      warnings: [
        ...notes,
        ...cautionsBefore(problems[0].problem, options),
        ...(shown.length < distances.length ? [`--quick: ${shown.length} of ${distances.length} distances`] : []),
      ],
    };
  },

  parts: ({ problems }): readonly Point[] =>
    problems.map(({ distance, problem }, index) => ({
      name: `${index}-at-${Number(distance.toFixed(4))}`,
      steps: partsOf(problem.settings).end,
      index,
    })),

  async part({ index }, { problems }, { rng, step: tell }): Promise<CurvePoint | undefined> {
    const { distance, problem } = problems[index];
    const state = await learnWave(problem, rng.fold(index), (step, metrics) =>
      tell(step, { distance, ...("energy" in metrics && { energy: metrics.energy }) }),
    );
    if (!state) return undefined;
    const { energy } = evaluationOf(state.tally, problem.system);
    const { hartreeFock } = problem;
    return { distance, energy: energy.mean, error: energy.error, ...(hartreeFock !== undefined && { hartreeFock }) };
  },

  join(finished, { system }) {
    const points = finished.map(({ result }) => result);
    const lowest = points.reduce((a, b) => (b.energy < a.energy ? b : a));
    return {
      points,
      title: `Potential-energy curve of ${system.name}`,
      summary: `Lowest at ${lowest.distance} a0 of ${points.length} distances: ${bracketed(lowest.energy, lowest.error)} hartree.`,
      numbers: [
        { name: "lowest energy", value: lowest.energy, error: lowest.error, note: "hartree" },
        { name: "at a distance of", value: lowest.distance, note: "bohr" },
      ],
      tables: [
        {
          title: "Energies",
          columns: ["distance (bohr)", "energy (hartree)", "error (mHa)", "Hartree-Fock (hartree)"],
          rows: points.map((p) => [
            Number(p.distance.toFixed(6)),
            Number(p.energy.toFixed(6)),
            Number((1000 * p.error).toFixed(2)),
            p.hartreeFock === undefined ? "" : Number(p.hartreeFock.toFixed(6)),
          ]),
        },
      ],
      warnings: [],
      results: { points, lowest, units: { energy: "hartree", length: "bohr" } },
      text: (took: string) => [
        ...points.map((p) => `${p.distance.toFixed(3).padStart(8)} a0  ${bracketed(p.energy, p.error)} hartree`),
        `${points.length} distances in ${took}`,
      ],
    };
  },

  figures: ({ points }, { system }) => [curveFigure(points, system.name)],
  files: ({ points }) => [
    {
      name: "curve.csv",
      columns: (["distance", "energy", "error"] as const).map((name) => ({ name, values: Float64Array.from(points, (p) => p[name]) })),
    },
  ],
});

/** from:to:step. @throws UserError */
function distancesOf(text: string): number[] {
  const [from, to, step, ...more] = text.split(":").map(Number);
  if (more.length || !(from > 0 && to >= from && step > 0))
    throw new UserError(`--bond ${text} is not from:to:step`, "three positive numbers, such as 0.8:6:0.4");
  const count = Math.floor((to - from) / step + 1e-9) + 1;
  if (count > mostPoints) throw new UserError(`--bond ${text} has ${count} points`, `at most ${mostPoints}: give a larger step`);
  return Array.from({ length: count }, (_, k) => Number((from + k * step).toFixed(9)));
}
