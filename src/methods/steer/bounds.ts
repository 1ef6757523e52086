/** `pushforward steer bounds`: log Z from below and above, and how far the proposal is from the target. */
import { z } from "zod";
import { experiment, type Workbench } from "../../lab/index.ts";
import { ladderFigure, sizesFigure } from "../../language/figures/steering.ts";
import { type ExactDraws, exactDraws, type RunBounds, runBounds, sandwichOf } from "../../language/index.ts";
import { measure } from "./measure.ts";
import { samplerOptions, targetOptions } from "./options.ts";
import { givenDraws, loadTarget, loadTwist, modelInput, outOfReach, resamplingOf, samplerNotes, schemeOf } from "./problem.ts";
import { boundsSentence, divergenceLines, logZResults, measuredNumbers, plain } from "./results.ts";

export const bounds = experiment({
  name: "steer bounds",
  summary: "log Z from below and from above, and the divergence of the sampler from the target, both ways",
  examples: [
    "pushforward steer bounds --model chain.json --length 6 --potential contains:good",
    'pushforward steer bounds --model stories260K.bin --prompt "Once upon a time" --potential "afinn<=-4" --twist twist.safetensors',
  ],
  notes:
    "The lower bound is the mean of log Ẑ over runs; the upper one that of runs that contain one exact draw of the target (by listing all texts, by the exact twist of a chain, or by rejection). Where none can be had there is no upper bound, and the reason is told.",
  input: modelInput,
  options: z.object({
    ...targetOptions,
    ...samplerOptions,
    particles: z.int().min(1).max(100_000).default(256).describe("particles of a run, K: the largest of 1, 4, 16, … that are gone through"),
    draws: z.int().min(2).max(1_000_000).default(1000).describe("texts of the proposal, for the divergences"),
  }),
  metrics: {
    rows: [],
    results: [
      ...measuredNumbers,
      "truth",
      "ladder.*.particles",
      "ladder.*.lower",
      "ladder.*.upper",
      "ladder.*.se",
      "ladder.*.lowerSe",
      "ladder.*.upperSe",
    ],
  },
  load: loadTarget,

  async prepare({ target, source, notes }, options, { rng }) {
    const { twist, notes: told } = await loadTwist(options.twist, target, rng);
    const quick = options.quick;
    const settings = {
      ...{ twist, power: options.power, scheme: schemeOf(options.scheme), resampling: resamplingOf(options.resample, twist) },
      ...{ particles: quick ? Math.min(options.particles, 16) : options.particles, runs: quick ? Math.min(options.runs, 8) : options.runs },
      ...{ draws: quick ? Math.min(options.draws, 200) : options.draws, exactBudget: options.exactBudget },
    };
    const given = await givenDraws(target, options.exact, settings.runs);
    const ladder = [...new Set([1, 4, 16, 64, 256, 1024, 4096].filter((k) => k < settings.particles)), settings.particles];
    return {
      problem: { target, settings, ladder, given },
      source,
      label: `${settings.runs} runs of ${settings.particles} particles`,
      folder: `steer-bounds-${source.name}`,
      steps: ladder.length * settings.runs,
      config: { particles: settings.particles, runs: settings.runs, length: target.length },
      warnings: [...notes, ...told, ...samplerNotes(options, twist), ...(quick ? ["--quick: few particles and runs"] : [])],
    };
  },

  async work({ target, settings, ladder, given }, { rng, progress, interrupted, saved, save }: Workbench<Saved>) {
    const { runs, draws } = settings;
    const wanted = Math.max(runs, draws);
    const line = progress("exact draws", wanted);
    const exact =
      given ??
      (saved?.exact
        ? restoredDraws(saved.exact)
        : await exactDraws(target, { wanted, least: runs }, settings.exactBudget, rng.fold("exact"), (done) => line.update(done, {})));
    line.finish();
    const found = exact.draws;
    const why = exact.draws ? undefined : exact.why;
    const rungs = saved ? saved.rungs.map(restored) : [];
    const bar = progress("runs", ladder.length * runs, rungs.length * runs);
    const keep = () => save(rungs.length, { ...(!given && { exact: savedDraws(exact) }), rungs: rungs.map(plainly) });
    await keep();
    for (const [i, particles] of ladder.slice(0, -1).entries()) {
      if (i < rungs.length) continue;
      if (interrupted()) return undefined;
      const own = { ...settings, particles, ...(found && { exact: found.slice(0, runs) }) };
      rungs.push(await runBounds(target, own, rng.fold("runs").fold(particles), (done) => bar.update(i * runs + done, {})));
      await keep();
    }
    if (interrupted()) return undefined;
    const truth = exact.draws ? exact.logZ : undefined;
    const own = { ...settings, ...(found && { exact: found }), known: truth, why };
    const measured = await measure(target, own, rng.fold("last"), (done) => bar.update((ladder.length - 1) * runs + done, {}));
    bar.finish();
    const { bounds: last, divergence, cautions } = measured;
    rungs.push(last);
    if (last.dead === runs && truth !== Number.NEGATIVE_INFINITY) throw outOfReach(target, settings.particles);
    const sentence = boundsSentence(last, why);
    const { lower, upper } = sandwichOf(last);
    return {
      ...{ rungs, truth },
      title: `log Z of ${target.model.name}, tilted by ${target.potential.name}`,
      summary: `${sentence}. ${runs} runs of ${last.particles} particles, ${target.length} tokens.`,
      numbers: [
        { name: "log Z, lower", value: lower.mean, error: lower.error, note: "nats" },
        ...(upper ? [{ name: "log Z, upper", value: upper.mean, error: upper.error, note: "nats" }] : []),
        ...(truth === undefined ? [] : [{ name: "log Z", value: truth, note: "exact" }]),
        ...(divergence.kl.qToTarget === null ? [] : [{ name: "KL(q ‖ target)", value: divergence.kl.qToTarget, note: "nats" }]),
        ...(divergence.kl.targetToQ === null ? [] : [{ name: "KL(target ‖ q)", value: divergence.kl.targetToQ, note: "nats" }]),
      ],
      warnings: cautions,
      results: {
        ...measured.results,
        ...(truth !== undefined && { truth }),
        exact: exact.draws ? exact.how : null,
        ladder: rungs.map((rung) => ({ particles: rung.particles, ...logZResults(rung, why) })),
        texts: [],
      },
      text: (took: string) => [
        sentence,
        ...(truth === undefined ? [] : [`log Z is ${truth.toFixed(6)} exactly`]),
        ...divergenceLines(divergence),
        `in ${took}`,
      ],
    };
  },

  figures: ({ rungs, truth }) => [ladderFigure(rungs, truth), sizesFigure(rungs[rungs.length - 1])],
  files: ({ rungs }) => [
    {
      name: "runs.csv",
      columns: [
        { name: "particles", values: Float64Array.from(rungs.flatMap((r) => Array.from(r.lower, () => r.particles))) },
        { name: "log_z_lower", values: Float64Array.from(rungs.flatMap((r) => [...r.lower])) },
        ...(rungs[0].upper ? [{ name: "log_z_upper", values: Float64Array.from(rungs.flatMap((r) => [...(r.upper ?? [])])) }] : []),
      ],
    },
  ],
});

/** What is kept of a run that was stopped. */
interface Saved {
  readonly exact?: ReturnType<typeof savedDraws>;
  readonly rungs: readonly ReturnType<typeof plainly>[];
}

const savedDraws = (exact: ExactDraws) => (exact.draws ? { ...exact, draws: exact.draws.map((text) => Array.from(text)) } : exact);
const restoredDraws = (exact: ReturnType<typeof savedDraws>): ExactDraws =>
  exact.draws ? { ...exact, draws: exact.draws.map((text) => Int32Array.from(text)) } : exact;

/** JSON has no -∞: it is null there. */
const plainly = ({ lower, upper, leastSize, sizes, ...rest }: RunBounds) => ({
  ...rest,
  ...{ lower: Array.from(lower, plain), upper: upper && Array.from(upper, plain) },
  ...{ leastSize: Array.from(leastSize), sizes: Array.from(sizes) },
});
const restored = ({ lower, upper, leastSize, sizes, ...rest }: ReturnType<typeof plainly>): RunBounds => {
  const logs = (values: readonly (number | null)[]): Float64Array => Float64Array.from(values, (v) => v ?? Number.NEGATIVE_INFINITY);
  const arrays = { leastSize: Float64Array.from(leastSize), sizes: Float64Array.from(sizes) };
  return { ...rest, ...arrays, lower: logs(lower), ...(upper && { upper: logs(upper) }) };
};
