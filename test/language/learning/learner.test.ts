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

/** A training on the bounded chain, step by step: the learner, its network, and what each step gave. */
async function followed(options: LearningOptions, seed: number) {
  const network = networkOf(bounded, options, { dtype: "f64", width: 0 });
  const learner = twistLearner(bounded, options, network, "f64");
  const rng = randomStream(seed);
  const states = [await learner.init(rng)];
  const metrics: Readonly<Record<string, number>>[] = [];
  for (let i = 0; i < options.steps && !learner.done(states[i]); i++) {
    const next = await learner.step(states[i], rng.fold(i));
    states.push(next.state);
    metrics.push(next.metrics);
  }
  return { network, learner, states, metrics };
}

test("dpg by a running mean of Z: the mean weight of all texts so far is Z, and learning by it comes as near", async () => {
  const { network, states, metrics } = await followed({ objective: "dpg-running", kind: "mlp", texts: 64, steps: 100, rate: 0.02 }, 3);
  const state = states.at(-1)!;
  const means = metrics.map((row) => Math.exp(row.logZ));
  const mean = means.reduce((a, b) => a + b) / means.length;
  expect(Number(state.logMass!.data[0])).toBeCloseTo(Math.log(mean), 10);
  const error = Math.sqrt(means.reduce((s, m) => s + (m - mean) ** 2, 0)) / means.length;
  expect(Math.abs(mean - Math.exp(logZ - 4))).toBeLessThan(5 * error);
  expect(await divergence(bounded, twistOf(network, state, "dpg-running"), logZ - 4)).toBeLessThan(0.36);
});

test("learning that leaves the ground ends, with the twist of the update before", async () => {
  const { learner, states } = await followed({ objective: "ctl", kind: "mlp", texts: 16, steps: 50, rate: 30 }, 4);
  const state = states.at(-1)!;
  const updates = states.length - 2; // neither the first state nor the step that stopped is one
  expect([learner.done(state), Number(state.step.data[0])]).toEqual([true, updates]);
  expect(Number(state.diverged.data[0])).toBeGreaterThan(Number(state.largest.data[0]) + 50);
  expect(state.params).toBe(states[updates - 1].params);
});
