/** Learned twists of a chain come near what is optimal. */
import { expect, test } from "vitest";
import { randomStream } from "../../../src/array/index.ts";
import { dtypeOf, networkOf, twistLearner, twistOf } from "../../../src/language/learning/learner.ts";
import { objectiveNames } from "../../../src/language/learning/objectives.ts";
import type { LearningOptions } from "../../../src/language/learning/options.ts";
import { drawExactly, enumerate } from "../../../src/language/steering/enumerate.ts";
import { runParticles } from "../../../src/language/steering/particles.ts";
import type { TextTarget } from "../../../src/language/steering/target.ts";
import { target as chainA, logZ, potential, strings } from "../chain-a.ts";

const all = await enumerate(chainA);

async function learned(target: TextTarget, options: Omit<LearningOptions, "kind" | "texts">) {
  const all = { kind: "mlp", texts: 64, ...options } as const;
  const dtype = await dtypeOf(target);
  const network = networkOf(target, all, { dtype, width: 0 });
  const learner = twistLearner(target, all, network, dtype);
  const rng = randomStream(7);
  let state = await learner.init(rng.fold("init"));
  for (let i = 0; i < options.steps; i++) state = (await learner.step(state, rng.fold(i))).state;
  return twistOf(network, state, options.objective);
}
/** KL(q ‖ σ), from all strings. */
async function divergence(target: TextTarget, twist: Awaited<ReturnType<typeof learned>>, truth: number): Promise<number> {
  const run = await runParticles(
    target,
    { twist, particles: 1, populations: 81, resampling: "never", references: strings },
    randomStream(1),
  );
  return run.particles.logProposal.data.reduce((sum, log, i) => sum + Math.exp(log) * (log - run.particles.logTarget.data[i] + truth), 0);
}

// φ / e^4 is a probability; the hidden state of a chain is its last token, which decides E[φ to come]
const bounded: TextTarget = {
  ...chainA,
  potential: { ...potential, largest: 0, logs: async (texts) => Float64Array.from(await potential.logs(texts), (log) => log - 4) },
};
test.each(objectiveNames)("%s: KL(q ‖ σ) falls from 0.718", async (objective) => {
  const exact = drawExactly(all, 500, randomStream(2));
  const positives = ["ctl", "nvi", "sixo", "dpg"].includes(objective);
  const twist = await learned(bounded, { objective, steps: 100, rate: 0.02, ...(positives && { exact }) });
  const kl = await divergence(bounded, twist, logZ - 4);
  expect(kl).toBeGreaterThan(-1e-9);
  // the head knows the last token only, not how many steps are left; half of what the model itself has is far from no learning
  // pcl-proposal has values of a network that follows over a hundred steps
  expect(kl).toBeLessThan(objective === "pcl-proposal" ? 0.6 : 0.36);
});
