/** What a run is about: a system, a wave function, a flow. */
import type { z } from "zod";
import { type AnsatzChoice, ansatzOf } from "../../chemistry/ansatz/choose.ts";
import { ownField } from "../../chemistry/energy/formula-field.ts";
import { knownOrbitals } from "../../chemistry/learning/known.ts";
import type { LearningSettings } from "../../chemistry/learning/settings.ts";
import type { WaveProblem } from "../../chemistry/learning/state.ts";
import { electronsOf, type System } from "../../chemistry/systems/system.ts";
import { UserError } from "../../errors.ts";
import type { moleculeOptions } from "./options.ts";

type Options = z.infer<z.ZodObject<typeof moleculeOptions>> & { readonly quick: boolean };

/** What a run is about, with everything that options leave open filled in. */
export interface MoleculeProblem extends WaveProblem {
  readonly choice: AnsatzChoice;
  /** Energy of the Hartree-Fock determinant, in hartree. */
  readonly hartreeFock?: number;
  readonly notes: readonly string[];
}

/** @throws UserError */
export async function problemOf(asked: System, given: Options): Promise<MoleculeProblem> {
  const known = await knownOrbitals(asked);
  const system = asked.reference || !known?.reference ? asked : { ...asked, reference: known.reference };
  const few = electronsOf(system) <= 2;
  const { quick, method: flow, transportWeight, transportWeightEnd = transportWeight, ansatz: name, layers, heads, determinants } = given;
  const { pairWidth, factored, cusp } = given;
  const choice: AnsatzChoice = { name, layers, heads, determinants, pairWidth, factored, cusp, width: given.width ?? (few ? 16 : 32) };
  const ansatz = ansatzOf(name, system, choice, known?.orbitals);
  const steps = quick ? Math.min(given.steps ?? 100, 100) : (given.steps ?? (few ? 600 : 2500));
  const solver = given.solver ?? "kfac";
  if (solver === "minsr" && flow !== "fr")
    throw new UserError("--solver minsr is for gradients of the Fisher-Rao flow only", "use --solver robust or kfac, or --method fr");
  const pretrain = quick ? Math.min(given.pretrain ?? 100, 100) : (given.pretrain ?? 300);
  const settings: LearningSettings = {
    ...{
      flow,
      cost: given.cost,
      kappa: given.kappa,
      solver,
      steps,
      walkers: given.walkers,
      moves: given.moves,
      movesPerStep: given.movesPerStep,
    },
    transportWeight: [transportWeight, transportWeightEnd],
    reweightingWeight: given.reweightingWeight,
    rate: given.rate ?? (solver === "adam" ? 0.003 : flow === "w" ? 0.02 : 0.05),
    delay: given.delay ?? Math.max(50, steps / 4),
    ...{ damping: given.damping, normConstraint: given.normConstraint, clip: given.clip, carry: given.carry },
    evaluationSteps: quick ? Math.min(given.evalSteps, 100) : given.evalSteps,
    pretrainSteps: known && ansatz.orbitals ? pretrain : 0,
  };
  return {
    ...{ system, ansatz, settings, choice, field: ownField(system), notes: known?.notes ?? [] },
    ...(known && { known: known.orbitals, hartreeFock: known.hartreeFock }),
  };
}

/** What can be said before the work begins. */
export function cautionsBefore({ system, settings, known }: MoleculeProblem, given: Options): string[] {
  const unused = given.method === "fr" ? (["transportWeightEnd", "kappa"] as const).filter((key) => given[key] !== undefined) : [];
  return [
    ...(given.quick ? ["--quick: few steps; the energy is far from what the wave function can reach"] : []),
    ...(settings.flow !== "fr" && settings.cost === "l2" && system.field.kind === "nuclei" && settings.steps > 0
      ? ["--cost l2 has no finite variance where electrons meet nuclei or nodes: use tanh, relativistic or clip"]
      : []),
    ...(system.field.kind === "nuclei" && !known && given.pretrain !== 0
      ? ["no orbitals are known for elements beyond neon: the wave function begins at random, and may not find the ground state"]
      : []),
    ...unused.map(
      (key) => `--${key.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)} is of the Wasserstein part, which --method fr has not`,
    ),
  ];
}
