/** A wave function that learns: known orbitals first, then walkers in equilibrium, the flow, the long evaluation, all as steps of one state. */
import type { Random } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import type { Tensor } from "../../tensor/index.ts";
import type { Parameters } from "../ansatz/ansatz.ts";
import { emptyTally, note } from "../evaluation/tally.ts";
import { meanOfValues } from "../flows/robust.ts";
import { revived } from "../walkers/revive.ts";
import { startWalkers } from "../walkers/start.ts";
import { logDensity, walk } from "../walkers/walk.ts";
import { flowStep } from "./flow-step.ts";
import { knownDensity, pretraining } from "./pretrain.ts";
import { energyProgram } from "./programs.ts";
import { partsOf } from "./settings.ts";
import { adapted, scalarArray, valueOf, type WaveProblem, type WaveState } from "./state.ts";

/** Steps of the chain in one step of equilibration. */
const equilibrationMoves = 50;

/**
 * The learner of a problem. Its first steps fit known orbitals, the next bring walkers into equilibrium; metrics of these are the loss and the
 * acceptance. Those of the flow are the energy, its variance and what `flowStep` tells; those of the evaluation the energy, which is the result.
 */
export function waveLearner(problem: WaveProblem) {
  const { system, ansatz, settings, known } = problem;
  const pre = pretraining(system, ansatz, known);
  const toKnown = known && walk<Record<string, never>>(system, knownDensity(system, known), settings.moves);
  const toWave = walk<Parameters<Tensor>>(system, logDensity(system, ansatz), settings.moves);
  const flow = flowStep(problem, toWave);
  const energies = energyProgram(system, ansatz, false, problem.field);
  const parts = partsOf(settings);
  return {
    async init(rng: Random): Promise<WaveState> {
      const parameters = problem.start?.parameters ?? ansatz.init(rng.fold("parameters"));
      const x = problem.start?.x ?? startWalkers(system, settings.walkers, rng.fold("walkers"));
      return {
        ...{ parameters, x, width: scalarArray(problem.start?.proposal ?? 0.4), step: scalarArray(0), adam: pre.init(parameters) },
        tally: emptyTally(system, settings.evaluationSteps),
        ...{ memory: await flow.init(parameters, x), skipped: scalarArray(0), inARow: scalarArray(0), dampingScale: scalarArray(1) },
      };
    },
    async step(state: WaveState, rng: Random): Promise<{ state: WaveState; metrics: Record<string, number> }> {
      const done = valueOf(state.step);
      const next = scalarArray(done + 1);
      const width = valueOf(state.width);
      if (done < parts.equilibration && toKnown) {
        const moved = await toKnown(state.x, settings.movesPerStep, width, {}, rng);
        const fitted = await pre.step(state.parameters, state.adam, moved.x);
        const { acceptance } = moved;
        return {
          state: { ...state, ...fitted.state, x: moved.x, width: scalarArray(adapted(width, acceptance, 1.1)), step: next },
          metrics: { orbitalLoss: fitted.loss, acceptance },
        };
      }
      if (done < parts.flow) {
        const moved = await toWave(state.x, equilibrationMoves, width, state.parameters, rng);
        if (moved.lost > moved.x.shape[0] / 2)
          throw new UserError(
            "more than half of the walkers are where the wave function is no number",
            "give another --seed, or other orbitals",
          );
        const adaptedWidth = scalarArray(adapted(width, moved.acceptance, 1.1));
        const alive = revived(system, moved.x, moved.logDensity, rng);
        return { state: { ...state, x: alive.x, width: adaptedWidth, step: next }, metrics: { acceptance: moved.acceptance } };
      }
      if (done < parts.evaluation) {
        const { state: flowed, metrics } = await flow.step(state, done - parts.flow, rng);
        return { state: { ...flowed, step: next }, metrics };
      }
      const moved = await toWave(state.x, settings.movesPerStep, width, state.parameters, rng);
      const at = await energies(state.parameters, moved.x);
      note(state.tally, system, moved.x, at, moved.acceptance);
      const own = (at.energy.data as Float32Array).filter(Number.isFinite);
      return { state: { ...state, x: moved.x, step: next }, metrics: { evaluated: meanOfValues(own), acceptance: moved.acceptance } };
    },
  };
}
