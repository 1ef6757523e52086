/** What a run is about: a system, a wave function, a flow. */
import type { z } from "zod";
import { type AnsatzChoice, ansatzOf } from "../../chemistry/ansatz/choose.ts";
import { ownField } from "../../chemistry/energy/formula-field.ts";
import { knownOrbitals } from "../../chemistry/learning/known.ts";
import type { LearningSettings } from "../../chemistry/learning/settings.ts";
import type { WaveProblem } from "../../chemistry/learning/state.ts";
import type { SolverName } from "../../chemistry/solvers/solver.ts";
import { electronsOf, type System } from "../../chemistry/systems/system.ts";
import { checkMoves } from "../../chemistry/walkers/walk.ts";
import { UserError } from "../../errors.ts";
import { flag } from "../../lab/invocation.ts";
import type { moleculeOptions } from "./options.ts";

type Options = z.infer<z.ZodObject<typeof moleculeOptions>> & { readonly quick: boolean };

/** What a run is about, with everything that options leave open filled in. */
export interface MoleculeProblem extends WaveProblem {
  readonly choice: AnsatzChoice;
  /** Energy of the Hartree-Fock determinant, in hartree. */
  readonly hartreeFock?: number;
  readonly notes: readonly string[];
}

/** What a flow does not read. */
const idleIn = {
  fr: ["transportWeight", "transportWeightEnd", "reweightingWeight", "cost", "kappa", "carry", "lookAhead"],
  w: ["transportWeight", "transportWeightEnd", "reweightingWeight"],
  wfr: [],
} as const;
const networks: readonly string[] = ["psiformer", "ferminet", "lapnet"];

/** Options that were given and have no effect, with the reason. */
function idle(given: Options): string[] {
  const { ansatz, method } = given;
  const named = (keys: readonly (keyof Options)[], why: string) =>
    keys.filter((key) => given[key] !== undefined).map((key) => `${flag(key)} ${why}`);
  return [
    ...named(idleIn[method], `is not read by --method ${method}`),
    ...named(ansatz === "ferminet" || !networks.includes(ansatz) ? ["heads"] : [], `is of attention, which ${ansatz} has not`),
    ...named(ansatz === "ferminet" ? [] : ["pairWidth"], `is of ferminet, and the wave function is ${ansatz}`),
    ...named(networks.includes(ansatz) ? [] : ["width"], `is of networks, and the wave function is ${ansatz}`),
  ];
}

/** Sizes of the wave function, those filled in that were left open. */
function choiceOf(
  { ansatz: name, width, layers, heads = 4, pairWidth = 8, determinants, factored, cusp }: Options,
  few: boolean,
): AnsatzChoice {
  return { name, width: width ?? (few ? 16 : 32), layers, heads, pairWidth, determinants, factored, cusp };
}

/** Steps for so many electrons, of whose bonds some may be broken: then little energy tells right from wrong, and it takes longer. */
const usualSteps = (few: boolean, broken: boolean): number => (few ? 800 : 2000) * (broken ? 3 : 1);

/** Step sizes of solvers without curvature. */
const plainRates: Readonly<Partial<Record<SolverName, number>>> = { adam: 0.003, lamb: 0.01 };

function settingsOf(given: Options, few: boolean, pretrains: boolean, broken: boolean): LearningSettings {
  const { quick, method: flow, transportWeight = 0.1, transportWeightEnd = transportWeight, solver = "kfac", pretrain = 300 } = given;
  const steps = quick ? Math.min(given.steps ?? 100, 100) : (given.steps ?? usualSteps(few, broken));
  const { carry = 0, lookAhead = 0, cost = "tanh", reweightingWeight = 1, evalSteps } = given;
  const { walkers, moves, movesPerStep, damping, normConstraint, clip, kappa } = given;
  return {
    ...{ walkers, moves, movesPerStep, damping, normConstraint, clip, kappa },
    ...{ flow, cost, solver, steps, carry, lookAhead, reweightingWeight },
    transportWeight: [transportWeight, transportWeightEnd],
    rate: given.rate ?? plainRates[solver] ?? (flow === "w" ? 0.02 : 0.05),
    delay: given.delay ?? Math.max(50, steps / 4),
    evaluationSteps: quick ? Math.min(evalSteps, 100) : evalSteps,
    pretrainSteps: pretrains ? (quick ? Math.min(pretrain, 100) : pretrain) : 0,
  };
}

/** @throws UserError  for what does not go together, and potentials that hold no particle */
export async function problemOf(asked: System, given: Options): Promise<MoleculeProblem> {
  if (given.solver === "minsr" && given.method !== "fr")
    throw new UserError("--solver minsr is for gradients of the Fisher-Rao flow only", "use --solver robust or kfac, or --method fr");
  checkMoves(asked, given.moves);
  const known = await knownOrbitals(asked);
  const system = asked.reference || !known?.reference ? asked : { ...asked, reference: known.reference };
  const few = electronsOf(system) <= 2;
  const choice = choiceOf(given, few);
  const ansatz = ansatzOf(choice.name, system, choice, known?.orbitals[0]);
  const settings = settingsOf(given, few, known !== undefined && ansatz.orbitals !== undefined, (known?.orbitals.length ?? 1) > 1);
  return {
    ...{ system, ansatz, settings, choice, field: ownField(system), notes: known?.notes ?? [] },
    ...(known && { known: known.orbitals, hartreeFock: known.hartreeFock }),
  };
}

/** What can be said before the work begins. */
export function cautionsBefore({ system, settings, known }: MoleculeProblem, given: Options): string[] {
  return [
    ...(given.quick ? ["--quick: few steps; the energy is far from what the wave function can reach"] : []),
    ...(settings.flow === "w" && system.field.kind === "nuclei" && known && known.length > 1
      ? [
          "--method w does not tell how much of ψ is in places that are far apart, such as ions beside atoms of a broken bond: use wfr or fr",
        ]
      : []),
    ...(settings.flow !== "fr" && settings.cost === "l2" && system.field.kind === "nuclei"
      ? ["--cost l2 has no finite variance where electrons meet nuclei or nodes: use tanh, relativistic or clip"]
      : []),
    ...(system.field.kind === "nuclei" && !known && given.pretrain !== 0
      ? ["no orbitals are known for elements beyond argon: the wave function begins at random, and may not find the ground state"]
      : []),
    ...idle(given),
  ];
}
