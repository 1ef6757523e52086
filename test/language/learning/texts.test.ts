/** Whom the texts of a step come from: mixtures, exact draws, texts of earlier steps. */
import { expect, test } from "vitest";
import { array, type NdArray, randomStream, toNumbers } from "../../../src/array/index.ts";
import { checkLearning } from "../../../src/language/learning/check.ts";
import { type LearningState, networkOf, twistLearner, twistOf } from "../../../src/language/learning/learner.ts";
import type { LearningOptions } from "../../../src/language/learning/options.ts";
import { emptyReplay, recalled, remembered } from "../../../src/language/learning/replay.ts";
import { type Rollout, rollout } from "../../../src/language/learning/rollout.ts";
import { stepTexts } from "../../../src/language/learning/texts.ts";
import { drawExactly, enumerate } from "../../../src/language/steering/enumerate.ts";
import { runParticles } from "../../../src/language/steering/particles.ts";
import { family, logZ, strings, target } from "../chain-a.ts";

const all = await enumerate(target);
const exact = drawExactly(all, 200, randomStream(2));
const textAt = ({ tokens }: { tokens: NdArray }, row: number): string =>
  toNumbers(tokens)
    .slice(4 * row, 4 * row + 4)
    .join("");
const sumAt = (a: NdArray, row: number, n = 4): number =>
  toNumbers(a)
    .slice(4 * row, 4 * row + n)
    .reduce((x, y) => x + y, 0);

test("half p0, half q: log q is that of the mixture, of whole texts and of prefixes", async () => {
  const twist = family(1);
  const law = async (own: object) =>
    (await rollout(target, { texts: 81, everyToken: false, references: strings, ...own }, randomStream(1))).rollout;
  const [p, q] = [await law({}), await law({ twist })];
  // of 5 texts, the first, third and fifth come from p0
  for (const [texts, share] of [
    [1500, 0.5],
    [5, 0.6],
  ] as const) {
    const { rollout: mixed } = await rollout(target, { texts, everyToken: false, twist, mixture: true }, randomStream(3));
    for (let row = 0; row < Math.min(texts, 40); row++) {
      const string = Number.parseInt(textAt(mixed, row), 3);
      for (const n of [1, 2, 3, 4]) {
        const wanted = Math.log(
          share * Math.exp(sumAt(p.logProposal, string, n)) + (1 - share) * Math.exp(sumAt(q.logProposal, string, n)),
        );
        expect(sumAt(mixed.logProposal, row, n)).toBeCloseTo(wanted, 10);
      }
    }
    if (texts < 100) continue;
    // weights by the mixture are unbiased, and at most φ p0 / (p0 / 2) = 2 φ
    const weights = Array.from({ length: texts }, (_, row) =>
      Math.exp(sumAt(mixed.logModel, row) + toNumbers(mixed.logPotential)[row] - sumAt(mixed.logProposal, row)),
    );
    const mean = weights.reduce((a, b) => a + b, 0) / texts;
    const error = Math.sqrt(weights.reduce((sum, w) => sum + (w - mean) ** 2, 0) / texts / (texts - 1));
    expect(Math.abs(mean - Math.exp(logZ))).toBeLessThan(4 * error);
    expect(error).toBeLessThan(0.17);
  }
});

test("replay: first in, first out; texts with the log q of their own time", () => {
  const texts = (from: number): Rollout<NdArray> => {
    const rows = (data: number[]): NdArray => array(data, "f64", [3, 2]);
    const numbers = [from, from, from + 1, from + 1, from + 2, from + 2];
    const none = rows([0, 0, 0, 0, 0, 0]);
    return {
      ...{ tokens: array(numbers, "i32", [3, 2]), logProposal: rows(numbers.map((v) => -v)) },
      ...{ hidden: none, logits: none, logModel: none, active: none, logPassed: none, logPotential: none },
    };
  };
  let replay = remembered(emptyReplay(5, 2, "f64"), texts(1));
  const early = recalled(replay, 50, randomStream(1));
  expect([...new Set(early.texts.map((t) => t[0]))].sort()).toEqual([1, 2, 3]);
  replay = remembered(replay, texts(11));
  const found = recalled(replay, 100, randomStream(1));
  expect([...new Set(found.texts.map((t) => t[0]))].sort((a, b) => a - b)).toEqual([2, 3, 11, 12, 13]);
  expect(toNumbers(found.logProposal)).toEqual(found.texts.flatMap((t) => [-t[0], -t[1]]));
});

const common = { kind: "linear", texts: 32, steps: 40, rate: 0.05 } as const;
const width = { dtype: "f64", width: 0 } as const;
test.each<[string, LearningOptions]>([
  ["contrastive, by the mixture", { ...common, objective: "ctl", law: "mixture" }],
  ["contrastive, from the last 320 texts", { ...common, objective: "ctl", replay: 320 }],
  ["soft Q-learning, half of it exact draws", { ...common, objective: "rl", law: "exact", exact }],
  ["soft Q-learning, from the last 320 texts", { ...common, objective: "rl", replay: 320 }],
])("%s: KL(q ‖ σ) falls to less than half", async (_, options) => {
  const network = networkOf(target, options, width);
  const learner = twistLearner(target, options, network, "f64");
  const rng = randomStream(7);
  let state: LearningState = await learner.init(rng.fold("init"));
  for (let i = 0; i < options.steps; i++) state = (await learner.step(state, rng.fold(i))).state;
  const twist = twistOf(network, state, options.objective);
  const { particles } = await runParticles(target, { twist, particles: 1, populations: 81, resampling: "never", references: strings }, rng);
  const kl = particles.logProposal.data.reduce((sum, log, i) => sum + Math.exp(log) * (log - particles.logTarget.data[i] + logZ), 0);
  expect(kl).toBeLessThan(0.36);
});

test("texts of a step: half exact draws; earlier texts stand for σ, or are learned from", async () => {
  const textsOf = async (options: LearningOptions) => {
    const network = networkOf(target, options, width);
    const twist = twistOf(network, { params: network.init(randomStream(1)) }, options.objective);
    const replay = options.replay ? emptyReplay(options.replay, 4, "f64") : undefined;
    return stepTexts(target, options, network)(() => twist, replay, randomStream(5));
  };
  const half = await textsOf({ ...common, objective: "rl", law: "exact", exact: [Int32Array.of(2, 2, 2, 2)] });
  expect(Array.from({ length: 16 }, (_, i) => textAt(half.batch.main, 16 + i))).toEqual(Array(16).fill("2222"));
  const kept = await textsOf({ ...common, objective: "ctl", replay: 64 });
  const fresh = new Set(Array.from({ length: 32 }, (_, i) => textAt(kept.batch.main, i)));
  for (let i = 0; i < 32; i++) expect(fresh).toContain(textAt(kept.batch.replayed!, i));
  const off = await textsOf({ ...common, objective: "rl", replay: 64 });
  expect(off.batch.replayed).toBeUndefined();
});

test.each<[LearningOptions, RegExp]>([
  [
    { ...common, objective: "reinforce", law: "model" },
    /reinforce cannot learn from texts of the law "model": its texts must come from the proposal/,
  ],
  [{ ...common, objective: "fudge", law: "mixture" }, /fudge cannot learn .*must come from the model/],
  [{ ...common, objective: "ctl", law: "exact", exact }, /only from proposal, model, mixture/],
  [{ ...common, objective: "rl", law: "exact" }, /no exact draws to take half of the texts from/],
  [{ ...common, objective: "rl", exact }, /rl does not learn from exact draws/],
  [{ ...common, objective: "ppo", replay: 64 }, /ppo needs texts of the proposal as it is now/],
  [{ ...common, objective: "ctl", replay: 8 }, /--replay 8 is less than the 32 texts of a step/],
  [{ ...common, objective: "ctl", replay: 64, exact }, /exact draws, or texts of earlier steps, not both/],
  [{ ...common, objective: "ctl", window: 2 }, /ctl has no window of steps/],
  [{ ...common, objective: "ctl", body: "lora", rank: 0 }, /0 is not the rank/],
])("refused: %o", (options, message) => {
  const bounded = { ...target, potential: { ...target.potential, largest: 0 } };
  expect(() => checkLearning(bounded, options, 0)).toThrow(message);
});
