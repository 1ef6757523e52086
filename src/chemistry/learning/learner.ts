/** A wave function that learns: known orbitals first, then walkers in equilibrium, then the flow, all as steps of one state. */
import type { Random } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import type { Tensor } from "../../tensor/index.ts";
import type { Parameters } from "../ansatz/ansatz.ts";
import { startWalkers } from "../walkers/start.ts";
import { logDensity, walk } from "../walkers/walk.ts";
import { flowStep } from "./flow-step.ts";
import { knownDensity, pretraining } from "./pretrain.ts";
import { equilibrationSteps } from "./settings.ts";
import { adapted, scalarArray, valueOf, type WaveProblem, type WaveState } from "./state.ts";

/** Steps of the chain in one step of equilibration. */
const equilibrationMoves = 50;

/**
 * The learner of a problem. Its first steps fit known orbitals, the next bring walkers into equilibrium; metrics of these are the loss and the
 * acceptance. Those of the flow are the energy, its variance and what `flowStep` tells.
 */
export function waveLearner(problem: WaveProblem) {
  const { system, ansatz, settings, known } = problem;
  const pre = pretraining(system, ansatz, known);
  const toKnown = known && walk<Record<string, never>>(system, knownDensity(system, known), settings.moves);
  const toWave = walk<Parameters<Tensor>>(system, logDensity(system, ansatz), settings.moves);
  const flow = flowStep(problem, toWave);
  return {
    async init(rng: Random): Promise<WaveState> {
      const parameters = ansatz.init(rng.fold("parameters"));
      const x = startWalkers(system, settings.walkers, rng.fold("walkers"));
      return {
        ...{ parameters, x, width: scalarArray(0.4), step: scalarArray(0), adam: pre.init(parameters) },
        ...{ memory: await flow.init(parameters, x), skipped: scalarArray(0), inARow: scalarArray(0), dampingScale: scalarArray(1) },
      };
    },
    async step(state: WaveState, rng: Random): Promise<{ state: WaveState; metrics: Record<string, number> }> {
      const done = valueOf(state.step);
      const next = scalarArray(done + 1);
      const width = valueOf(state.width);
      if (done < settings.pretrainSteps && toKnown) {
        const moved = await toKnown(state.x, settings.movesPerStep, width, {}, rng);
        const fitted = await pre.step(state.parameters, state.adam, moved.x);
        const { acceptance } = moved;
        return {
          state: { ...state, ...fitted.state, x: moved.x, width: scalarArray(adapted(width, acceptance, 1.1)), step: next },
          metrics: { orbitalLoss: fitted.loss, acceptance },
        };
      }
      if (done < settings.pretrainSteps + equilibrationSteps) {
        const moved = await toWave(state.x, equilibrationMoves, width, state.parameters, rng);
        if (moved.lost > moved.x.shape[0] / 2)
          throw new UserError(
            "more than half of the walkers are where the wave function is no number",
            "give another --seed, or other orbitals",
          );
        const adaptedWidth = scalarArray(adapted(width, moved.acceptance, 1.1));
        return { state: { ...state, x: moved.x, width: adaptedWidth, step: next }, metrics: { acceptance: moved.acceptance } };
      }
      const { state: flowed, metrics } = await flow.step(state, done - settings.pretrainSteps - equilibrationSteps, rng);
      return { state: { ...flowed, step: next }, metrics };
    },
  };
}
