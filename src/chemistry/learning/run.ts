/** Runs a learner of a wave function from its beginning to its end, outside of a run folder. */
import type { Random } from "../../array/index.ts";
import { waveLearner } from "./learner.ts";
import { partsOf } from "./settings.ts";
import type { WaveProblem, WaveState } from "./state.ts";

/** @param watch  told of each step and its metrics; false stops, and there is no result */
export async function learnWave(
  problem: WaveProblem,
  rng: Random,
  watch: (step: number, metrics: Readonly<Record<string, number>>) => boolean,
): Promise<WaveState | undefined> {
  const learner = waveLearner(problem);
  let state = await learner.init(rng.fold("init"));
  const stream = rng.fold("steps");
  for (let step = 1; step <= partsOf(problem.settings).end; step++) {
    const next = await learner.step(state, stream);
    state = next.state;
    if (!watch(step, next.metrics)) return undefined;
  }
  return state;
}
