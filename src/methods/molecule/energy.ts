/** `pushforward molecule`: the ground state of electrons by a flow of walkers. */
import { z } from "zod";
import { evaluationOf } from "../../chemistry/evaluation/evaluation.ts";
import { nodalSlice, snapshot } from "../../chemistry/evaluation/snapshot.ts";
import { evaluationFigures, trainingFigures, walkerFigures } from "../../chemistry/figures/all.ts";
import { planeOf } from "../../chemistry/figures/plane.ts";
import { transportCost } from "../../chemistry/flows/costs.ts";
import { quantile } from "../../chemistry/flows/robust.ts";
import { waveLearner } from "../../chemistry/learning/learner.ts";
import { partsOf } from "../../chemistry/learning/settings.ts";
import { valueOf } from "../../chemistry/learning/state.ts";
import { countOf } from "../../chemistry/solvers/vector.ts";
import type { System } from "../../chemistry/systems/system.ts";
import { UserError } from "../../errors.ts";
import { method } from "../../lab/method.ts";
import { evaluate } from "./evaluate.ts";
import { filesOf } from "./files.ts";
import { energyFindings, measuredNumbers } from "./findings.ts";
import { flow } from "./flow.ts";
import { hf } from "./hf.ts";
import { loadSystem, systemInput } from "./load.ts";
import { moleculeOptions } from "./options.ts";
import { cautionsBefore, problemOf } from "./problem.ts";
import { scan } from "./scan.ts";

export const molecule = method({
  name: "molecule",
  summary: "ground states of molecules by Wasserstein quantum Monte Carlo",
  description:
    "learn the ground state of electrons in a molecule, a trap or a potential: energy with an error bar, density, wave function; no basis set",
  examples: [
    "pushforward molecule LiH",
    'pushforward molecule "H 0 0 0; H 0 0 1.4" --method fr --seed 1',
    "pushforward molecule water.xyz --steps 5000",
    'pushforward molecule "dot omega=1 up=1 down=1 dimension=2"',
    'pushforward molecule "V = (x^2-4)^2/8"',
  ],
  notes: `Energies are in hartree (1 mHa = 0.001 hartree; chemical accuracy is 1.6 mHa), lengths in bohr. The energy that is reported is that of
frozen parameters over a long evaluation, with a blocked error; energies of the training are labelled as such.`,
  input: systemInput,
  options: z.object(moleculeOptions),
  commands: [hf, evaluate, scan, flow],
  metrics: {
    rows: [
      "orbitalLoss",
      "energy",
      "variance",
      "kinetic",
      "acceptance",
      "width",
      "scale",
      "slope",
      "cosine",
      "clipped",
      "lost",
      "skipped",
      "evaluated",
    ],
    results: [...measuredNumbers, "trainingEnergy", "zeroVariance.energy", "zeroVariance.error", "parameters", "steps"],
  },
  load: (input, given) => loadSystem(input ?? missing(), given),

  async prepare({ system, notes }, given) {
    const problem = await problemOf(system, given);
    const { settings } = problem;
    return {
      problem,
      source: { name: system.name, title: system.title, source: system.title },
      label: `${system.name}, ${settings.flow}`,
      folder: `molecule-${system.name}`,
      steps: partsOf(settings).end,
      config: { ...settings, ...problem.choice },
      warnings: [...notes, ...problem.notes, ...cautionsBefore(problem, given)],
      divergedHint: "lower --rate, or raise --walkers",
    };
  },

  learner: (problem) => waveLearner(problem),

  async conclude({ state, history, seconds }, problem) {
    const found = evaluationOf(state.tally, problem.system);
    const wave = { ...problem, parameters: state.parameters, x: state.x };
    const electrons = await snapshot(wave, shownWalkers, transportCost(problem.settings.cost, problem.settings.kappa));
    const slice = hasNodes(problem.system) ? await nodalSlice(wave, planeOf(problem.system), rangeOf(found.places)) : undefined;
    const told = energyFindings(problem, found, history, countOf(state.parameters));
    return {
      ...told,
      electrons,
      slice,
      evaluation: found,
      course: seconds.length === history.length ? history.map((row, i) => ({ ...row, seconds: seconds[i] })) : history,
      parameters: state.parameters,
      x: state.x,
      proposal: valueOf(state.width),
    };
  },

  figures: ({ course, evaluation, electrons, slice }, { system, settings }) => [
    ...trainingFigures(course, evaluation, system),
    ...evaluationFigures(evaluation, system),
    ...walkerFigures(system, electrons, slice, settings.cost),
  ],
  files: ({ evaluation, parameters, x, proposal }, { system, ansatz, choice }) =>
    filesOf(evaluation, { system, ansatz: choice, parameters, x, proposal }, ansatz),
});

/** Walkers in pictures. */
const shownWalkers = 120;

/** Electrons of one spin exclude each other: ψ has nodes in planes and in space. */
const hasNodes = ({ up, down, dimension }: System): boolean => dimension > 1 && Math.max(up, down) > 1;

/** Where nearly all electrons are, the same for all coordinates. */
function rangeOf(places: Float32Array): readonly [number, number] {
  const [low, high] = [quantile(places, 0.005), quantile(places, 0.995)];
  return [low - 0.1 * (high - low), high + 0.1 * (high - low)];
}

function missing(): never {
  throw new UserError("molecule needs a system", 'a preset such as LiH, atoms such as "Li 0 0 0; H 0 0 3.015", or an XYZ file');
}
