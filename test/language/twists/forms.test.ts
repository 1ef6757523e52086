/** Twists with a body of their own, and around a proposal: on a random transformer of three tokens, whose 27 continuations are listed. */
import { expect, test } from "vitest";
import { mapTree, type NdArray, ndarray, randomStream, toNumbers } from "../../../src/array/index.ts";
import { checkLearning } from "../../../src/language/learning/check.ts";
import { type LearningState, networkOf, twistLearner } from "../../../src/language/learning/learner.ts";
import type { LearningOptions } from "../../../src/language/learning/options.ts";
import { type Rollout, rollout } from "../../../src/language/learning/rollout.ts";
import { transformerModel } from "../../../src/language/models/transformer.ts";
import type { Potential } from "../../../src/language/potentials/potential.ts";
import { enumerate } from "../../../src/language/steering/enumerate.ts";
import { simulateObservations } from "../../../src/language/steering/infill.ts";
import { runParticles, type StepView } from "../../../src/language/steering/particles.ts";
import type { TextTarget } from "../../../src/language/steering/target.ts";
import { readTwist, twistParameters, writeTwist } from "../../../src/language/twists/file.ts";
import type { TwistNetwork, TwistParameters, TwistShape } from "../../../src/language/twists/network.ts";
import { type CausalTransformer, lowRank } from "../../../src/nn/index.ts";
import { resamplingSchemes } from "../../../src/sampling/index.ts";
import { jit } from "../../../src/tensor/index.ts";
import { characterTokenizer } from "../../../src/tokenizers/index.ts";
import { target as chainA } from "../chain-a.ts";
import { paramsOf } from "../models/random-transformer.ts";

const config: CausalTransformer = {
  architecture: "llama",
  vocabulary: 3,
  context: 16,
  width: 8,
  depth: 2,
  heads: 2,
  keyValueHeads: 1,
  hidden: 12,
};
const model = transformerModel(
  { name: "random", config, params: paramsOf(config), tokenizer: characterTokenizer([..."abc"]), hash: "h" },
  { dtype: "f64" },
);
const twos: Potential = { name: "twos", logs: (texts) => texts.map(({ tokens }) => tokens.filter((v) => v === 2).length) };
const target: TextTarget = { model, prompt: [1, 0], length: 3, potential: twos };
const all = await enumerate(target);
const strings = Array.from({ length: 27 }, (_, i) => Int32Array.of(Math.floor(i / 9), Math.floor(i / 3) % 3, i % 3));
const common = { objective: "ctl", kind: "linear", texts: 16, steps: 1, rate: 0.01 } as const;
const optionsOf = (shape: Partial<TwistShape>, more: Partial<LearningOptions> = {}): LearningOptions => ({ ...common, ...shape, ...more });
const networkFor = (options: LearningOptions): TwistNetwork => networkOf(target, options, { dtype: "f64", width: 0 });

/** Parameters away from where they start. */
const stirred = (params: TwistParameters<NdArray>): TwistParameters<NdArray> => {
  const rng = randomStream("stirred");
  return mapTree<TwistParameters<NdArray>>((a: NdArray, path: string) => {
    const noise = rng.fold(path).normal(a.shape).data;
    return ndarray(
      Float64Array.from(a.data as Float64Array, (x, i) => x + 0.2 * noise[i]),
      a.shape,
      "f64",
    );
  }, params);
};

const first = networkFor(optionsOf({}));
const around = { network: first, params: stirred(first.init(randomStream(5))), observed: 0 };
const shapes: readonly [string, Partial<TwistShape>, Partial<LearningOptions>][] = [
  ["a head on the frozen model", {}, {}],
  ["a copy", { body: "copy" }, {}],
  ["a copy under a perceptron", { body: "copy", kind: "mlp" }, {}],
  ["low-rank changes", { body: "lora", rank: 2 }, {}],
  ["p0 ψ of a copy", { body: "copy", form: "p-psi" }, {}],
  ["p0 ψ of low-rank changes", { body: "lora", form: "p-psi" }, {}],
  ["a ratio", { form: "ratio" }, { around }],
  ["a ratio by a copy", { body: "copy", form: "ratio" }, { around }],
];

/** log ψ of every token of all strings: on the way, with a cache, by SMC. */
async function walked(network: TwistNetwork, params: TwistParameters<NdArray>, frozen: boolean): Promise<number[]> {
  const logs = new Float64Array(81);
  await runParticles(
    target,
    {
      ...{ twist: network.twist(params, { name: "it", frozen }), particles: 1, populations: 27, resampling: "never", references: strings },
      see: ({ t, chosen }) => chosen.logTwist.forEach((log, row) => void (logs[3 * row + t - 1] = log)),
    },
    randomStream(1),
  );
  return [...logs];
}
const { rollout: texts } = await rollout(target, { texts: 27, everyToken: true, references: strings }, randomStream(1));

test.each(shapes)("%s: as it is learned, as it is sampled, and as it was saved are one", async (_, shape, more) => {
  const options = optionsOf(shape, more);
  const network = networkFor(options);
  const params = stirred(network.init(randomStream(2)));
  const apply = jit((p: TwistParameters, r: Rollout) => network.apply(p, r, false).selected);
  const selected = toNumbers(await apply(params, texts));
  const close = (found: readonly number[], tolerance: number): void =>
    expect(Math.max(...found.map((log, i) => Math.abs(log - selected[i])))).toBeLessThan(tolerance);
  expect(Math.max(...selected) - Math.min(...selected)).toBeGreaterThan(0.1);
  close(await walked(network, params, false), 1e-9);
  close(await walked(network, params, true), 1e-9);
  const { kind, body = "frozen", rank = 4, form = "psi" } = options;
  const about = {
    format: "pushforward-twist",
    objective: "ctl",
    kind,
    body,
    rank,
    form,
    model: "m",
    modelHash: "h",
    tokenizerHash: "t",
  } as const;
  const description = { ...about, potential: "twos", beta: 1, length: 3, prompt: "ba", observed: 0 };
  const file = readTwist(writeTwist(params, description, options.around?.params), "twist.safetensors");
  expect(file.description).toEqual(description);
  close(await walked(network, twistParameters(file, network), true), 1e-9);
  if (form === "ratio") expect(twistParameters(file, first, "around.")).toEqual(around.params);
});

test.each(shapes)("%s: resampled rows keep what belongs to them", async (_, shape, more) => {
  const network = networkFor(optionsOf(shape, more));
  const twist = network.twist(stirred(network.init(randomStream(2))), { name: "it" });
  const last = new Float64Array(64);
  const settings = { twist, particles: 64, resampling: "always", scheme: resamplingSchemes.multinomial } as const;
  const run = await runParticles(target, { ...settings, see: ({ chosen }) => last.set(chosen.logTwist) }, randomStream(3));
  expect(new Set(run.records[0].ancestors).size).toBeLessThan(60);
  const alone = await walked(network, stirred(network.init(randomStream(2))), false);
  const tokens = run.particles.tokens.data;
  last.forEach((log, row) => {
    const string = tokens.subarray(3 * row, 3 * row + 3).reduce((number, v) => 3 * number + v, 0);
    expect(Math.abs(log - alone[3 * string + 2])).toBeLessThan(1e-9);
  });
});

test.each(shapes)("%s: at first q is p0, or the proposal that it is around, whose weights are 1 until the end", async (_, shape, more) => {
  const network = networkFor(optionsOf(shape, more));
  const twist = network.twist(network.init(randomStream(2)), { name: "it" });
  const settings = { particles: 1, populations: 27, resampling: "never", references: strings } as const;
  const proposal = more.around ? first.twist(around.params, { name: "q" }) : undefined;
  const [found, wanted] = [
    await runParticles(target, { ...settings, twist }, randomStream(1)),
    await runParticles(target, { ...settings, twist: proposal }, randomStream(1)),
  ];
  const gaps = found.particles.logProposal.data.map((log, i) => Math.abs(log - wanted.particles.logProposal.data[i]));
  expect(Math.max(...gaps)).toBeLessThan(1e-9);
  if (more.around) {
    const free = await runParticles(
      target,
      { twist, particles: 8, resampling: "always", scheme: resamplingSchemes.systematic },
      randomStream(4),
    );
    expect(Math.min(...free.records.slice(0, 2).map((r) => r.effectiveSize[0]))).toBeCloseTo(8, 9);
  }
});

test("a copy that is told what must follow: each text its own ending, as it is learned and as it is sampled", async () => {
  const { suffixes, exact, features } = await simulateObservations(target, { count: 9, suffix: 1 }, randomStream(6));
  const network = networkOf(target, optionsOf({ body: "copy", kind: "mlp" }), { dtype: "f64", width: 8 });
  const params = stirred(network.init(randomStream(2)));
  const told = { texts: 9, groups: 9, everyToken: true, references: exact, suffixes, observations: features };
  const { rollout: own } = await rollout(target, told, randomStream(1));
  const apply = jit((p: TwistParameters, r: Rollout) => network.apply(p, r, false).selected);
  const learned = toNumbers(await apply(params, own));
  const sampled = new Float64Array(27);
  const settings = { particles: 1, populations: 9, resampling: "never", references: exact, suffixes } as const;
  const see = ({ t, chosen }: StepView): void => chosen.logTwist.forEach((log, row) => void (sampled[3 * row + t - 1] = log));
  await runParticles(target, { ...settings, twist: network.twist(params, { name: "it" }, features), see }, randomStream(1));
  learned.forEach((log, i) => void expect(Math.abs(log - sampled[i])).toBeLessThan(1e-9));
});

test("low-rank changes: W + A B, of every linear layer", async () => {
  const params = paramsOf(config);
  const adapters = lowRank.init(randomStream(1), params, 2, "f32");
  const names = ["query", "key", "value", "out", "up", "gate", "down"].sort();
  expect(adapters.blocks.map((block) => Object.keys(block).sort())).toEqual([names, names]);
  expect(adapters.head?.down.shape).toEqual([8, 2]);
  expect(() => lowRank.init(randomStream(1), params, 0)).toThrow(/0 is not a rank/);
  const changed = mapTree<typeof adapters>((a: NdArray) => ndarray(new Float32Array(a.data.length).fill(0.5), a.shape, "f32"), adapters);
  const apply = jit((p: Parameters<typeof lowRank.apply>[0], a: Parameters<typeof lowRank.apply>[1]) => lowRank.apply(p, a));
  const after = await apply(params, changed);
  // A B is 2 · 0.5 · 0.5 everywhere
  const gaps = (a: NdArray, b: NdArray): number[] => toNumbers(a).map((x, i) => x - toNumbers(b)[i]);
  for (const gap of gaps(after.blocks[1].attention.value.w, params.blocks[1].attention.value.w)) expect(gap).toBeCloseTo(0.5, 5);
  expect(after.symbols.table).toEqual(params.symbols.table);
  for (const gap of gaps(after.head!.w, params.head!.w)) expect(gap).toBeCloseTo(0.5, 5);
});

test.each<[string, Partial<TwistShape>, Partial<LearningOptions>]>([
  ["a copy", { body: "copy" }, {}],
  ["p0 ψ of low-rank changes", { body: "lora", form: "p-psi" }, { objective: "dpg" }],
  ["a ratio", { form: "ratio" }, { around }],
])("%s learns: KL(q ‖ σ) falls to less than half", async (_, shape, more) => {
  const options = optionsOf(shape, { ...more, rate: 0.04, texts: 48 });
  const network = networkFor(options);
  const learner = twistLearner(target, options, network, "f64");
  const rng = randomStream(7);
  const divergence = async (state: LearningState): Promise<number> => {
    const twist = network.twist(state.params, { name: "it" });
    const { particles } = await runParticles(
      target,
      { twist, particles: 1, populations: 27, resampling: "never", references: strings },
      rng,
    );
    return particles.logProposal.data.reduce((sum, log, i) => sum + Math.exp(log) * (log - particles.logTarget.data[i] + all.logZ), 0);
  };
  let state = await learner.init(rng.fold("init"));
  const before = await divergence(state);
  for (let i = 0; i < 30; i++) state = (await learner.step(state, rng.fold(i))).state;
  expect(await divergence(state)).toBeLessThan(before / 2);
});

test.each<[string, LearningOptions, RegExp]>([
  ["p0 ψ without a body", optionsOf({ form: "p-psi" }), /begins as the model's own/],
  ["p0 ψ as a probability", optionsOf({ body: "copy", form: "p-psi" }, { objective: "fudge" }), /only the output log ψ can be bounded/],
  ["a ratio without a proposal", optionsOf({ form: "ratio" }), /learned around a proposal, and there is none/],
  ["a proposal without a ratio", optionsOf({}, { around }), /to learn around is for ratios/],
])("%s is refused", (_, options, message) => {
  const bounded = { ...target, potential: { ...twos, largest: 0 } };
  expect(() => checkLearning(bounded, options, 0)).toThrow(message);
});
test("bodies of models that are not ours are refused; an output layer cannot be told what must follow", () => {
  expect(() => checkLearning(chainA, optionsOf({ body: "copy" }), 0)).toThrow(
    /needs the weights of the model, and only those of our own kinds/,
  );
  expect(() => checkLearning(target, optionsOf({ body: "copy", form: "p-psi" }), 8)).toThrow(/cannot be told what must follow/);
});
