/** `pushforward steer kl`: how far any sampler is from the target, from its texts and their log q. */
import { basename } from "node:path";
import { z } from "zod";
import { randomStream } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { experiment } from "../../lab/index.ts";
import { scoresFigure } from "../../language/figures/steering.ts";
import { exactDraws, infinite, runParticles, type SampledTexts, sandwichOf, type TextTarget } from "../../language/index.ts";
import { measure } from "./measure.ts";
import { samplerOptions, targetOptions } from "./options.ts";
import { loadTarget, loadTwist, resamplingOf, samplerNotes, schemeOf, textsAt } from "./problem.ts";
import { divergenceLines, divergenceResults, logZResults, measuredNumbers } from "./results.ts";

export const kl = experiment({
  name: "steer kl",
  summary: "KL divergences of any sampler from the target, both ways, from its texts and their log q",
  examples: [
    "pushforward steer kl texts.jsonl --model chain.json --length 4 --potential score.js",
    "pushforward steer kl texts.jsonl --exact exact.jsonl --model chain.json --length 4 --potential score.js",
  ],
  notes:
    'Lines are {"tokens": […], "logq": -12.3} or {"text": "…", "logq": -12.3}. KL(q ‖ target) needs those; KL(target ‖ q) needs the sampler\'s log q of exact draws (--exact; steer exact writes such texts). log q must be of what was sampled: with top-k, top-p or a temperature it is not that of the model.',
  input: { name: "<texts.jsonl>", description: "texts of the sampler with log q" },
  options: z.object({
    ...targetOptions,
    ...samplerOptions,
    exact: z.string().optional().describe("exact draws of the target with the sampler's log q, JSON lines").meta({ file: true }),
  }),
  metrics: { rows: [], results: [...measuredNumbers] },

  async load(input, options) {
    const { target, notes, source } = await loadTarget(undefined, options);
    const texts = await textsAt(input!, target);
    if (!texts.logProposal) throw new UserError(`${input}: no text has "logq"`, "without the sampler's log q there is no divergence");
    const exact = options.exact === undefined ? undefined : await textsAt(options.exact, target);
    if (exact && !exact.logProposal)
      throw new UserError(`${options.exact}: no text has "logq"`, "the sampler must say how likely each exact draw is");
    return {
      ...{ target, texts, exact },
      source: { ...source, name: basename(input!).replace(/\.jsonl?$/, ""), source: input! },
      notes: [...notes, ...texts.notes, ...(exact?.notes ?? [])],
    };
  },

  async prepare({ target, texts, exact, source, notes }, options, { rng }) {
    const { twist, notes: told } = await loadTwist(options.twist, target, rng);
    const { particles, runs, exactBudget, power } = options;
    return {
      problem: {
        ...{ target, texts, exact, exactBudget },
        settings: { twist, power, particles, runs, scheme: schemeOf(options.scheme), resampling: resamplingOf(options.resample, twist) },
      },
      source,
      label: `scoring ${texts.continuations.length} texts`,
      folder: `steer-kl-${source.name}`,
      steps: runs,
      config: { length: target.length, texts: texts.continuations.length },
      warnings: [...notes, ...told, ...samplerNotes(options, twist)],
    };
  },

  async work({ target, texts, exact, settings, exactBudget }, { rng, progress }) {
    const own = await weightsOf(target, texts);
    const theirs = exact && (await weightsOf(target, exact));
    const forbidden = theirs?.potential.indexOf(Number.NEGATIVE_INFINITY) ?? -1;
    if (forbidden >= 0)
      throw new UserError(
        `text ${forbidden + 1} of --exact has φ = 0: it is no draw of this target`,
        "the prompt, --length, --potential or --beta differ",
      );
    const sought = await exactDraws(target, { wanted: settings.runs }, exactBudget, rng.fold("exact"));
    const enough = exact && exact.continuations.length >= settings.runs;
    const found = !sought.draws && enough ? { draws: exact.continuations, logZ: undefined } : sought;
    const [known, why] = found.draws ? [found.logZ, undefined] : [undefined, found.why];
    const bar = progress("runs", settings.runs);
    const measured = await measure(target, { ...settings, exact: found.draws, known, why, draws: 2 }, rng.fold("bounds"), (n) =>
      bar.update(n, {}),
    );
    bar.finish();
    const noDraws = "the sampler's log q of exact draws is needed: --exact (steer exact writes texts to be scored)";
    const truth = known === undefined ? undefined : { mean: known, error: 0 };
    const interval = truth ? { lower: truth, upper: truth } : sandwichOf(measured.bounds);
    const divergence = divergenceResults({ proposal: own.weights, target: theirs?.weights }, interval, noDraws);
    const outside = own.potential.filter((log) => log === Number.NEGATIVE_INFINITY).length;
    const lines = divergenceLines(divergence);
    const beyond = outside > 0 ? [infinite(outside, own.potential.length)] : [];
    return {
      ...{ own, theirs },
      title: `Divergence of ${texts.continuations.length} texts from ${target.model.name}, tilted by ${target.potential.name}`,
      summary: `${[...beyond, ...lines].join("; ")}.`,
      numbers: [
        ...(divergence.kl.qToTarget === null ? [] : [{ name: "KL(q ‖ target)", value: divergence.kl.qToTarget, note: "nats" }]),
        ...(divergence.kl.targetToQ === null ? [] : [{ name: "KL(target ‖ q)", value: divergence.kl.targetToQ, note: "nats" }]),
      ],
      warnings: [...beyond, ...negative(divergence.kl), ...measured.cautions, ...(exact ? [] : [`KL(target ‖ q): ${noDraws}`])],
      results: {
        ...measured.results,
        logZ: known === undefined ? logZResults(measured.bounds, why) : { lower: known, upper: known, se: 0 },
        ...divergence,
        texts: [],
      },
      text: (took: string) => [...beyond, ...lines, `in ${took}`],
    };
  },

  figures: ({ own, theirs }) => [
    scoresFigure({ sampler: { values: own.potential }, ...(theirs && { target: { values: theirs.potential } }) }),
  ],
});

/** More than this below zero, a divergence of so many texts is no accident. */
const negativeLimit = -0.5;
const negative = ({ qToTarget, targetToQ }: { qToTarget: number | null; targetToQ: number | null }): string[] =>
  [qToTarget, targetToQ].some((value) => value !== null && value < negativeLimit)
    ? [
        "a divergence is negative: log q is not that of the texts (top-k, top-p or a temperature at work?), or --exact are no draws of this target",
      ]
    : [];

/** log σ̃ - log q of texts. */
async function weightsOf(target: TextTarget, texts: SampledTexts) {
  const { continuations } = texts;
  const [weights, potential] = [new Float64Array(continuations.length), new Float64Array(continuations.length)];
  for (let from = 0; from < continuations.length; from += 1024) {
    const references = continuations.slice(from, from + 1024);
    const options = { particles: 1, populations: references.length, resampling: "never", references } as const;
    const { particles } = await runParticles(target, options, randomStream(0));
    weights.set(
      particles.logTarget.data.map((log, i) => log - texts.logProposal![from + i]),
      from,
    );
    potential.set(particles.logPotential.data, from);
  }
  return { weights, potential };
}
