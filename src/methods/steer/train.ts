/** `pushforward steer train`: a twist for a model, a prompt and a score. */
import { z } from "zod";
import { UserError } from "../../errors.ts";
import { method } from "../../lab/index.ts";
import { learningFigure, scoresFigure, trainingFigure } from "../../language/figures/steering.ts";
import {
  checkLearning,
  exactDraws,
  type LearningOptions,
  type LearningState,
  logWeightsOf,
  objectiveOf,
  runBounds,
  runParticles,
  sandwichOf,
  twistLearner,
  twistOf,
  writeTwist,
} from "../../language/index.ts";
import { estimate, resamplingSchemes } from "../../sampling/index.ts";
import { learningOptions, targetOptions } from "./options.ts";
import { loadTarget, modelInput } from "./problem.ts";
import { divergenceLines, divergenceResults, logZResults, plain, textRows, textTable } from "./results.ts";

/** Exact draws that are looked for, texts of q that are weighed at the end, and on the way. */
const [wantedExact, finalDraws, evaluated] = [2000, 2000, 500];

/** Step size by width of the hidden state, as the specification has it: 1e-3 up to 64, 1e-4 from 512. */
export const rateFor = (width: number): number => 1e-3 * Math.min(1, Math.max(0.1, 64 / width));

export const train = method({
  name: "steer train",
  summary: "learn a twist: a small network that knows the score to come, and a proposal of its own",
  examples: [
    'pushforward steer train --prompt "Once upon a time" --potential afinn --slope -1.5 --threshold -3',
    "pushforward steer train --model chain.json --length 8 --potential score.js --loss dpg --steps 300",
  ],
  notes: `Losses: ${["ctl", "dpg", "sixo", "rl", "pcl", "tb", "fudge", "reinforce", "ppo"].map((name) => `${name} (${objectiveOf(name as "ctl").title})`).join(", ")} and others. The twist is a safetensors file for --twist.`,
  input: modelInput,
  options: z.object({
    ...targetOptions,
    ...learningOptions,
    exact: z.enum(["auto", "yes", "no"]).default("no").describe("learn from exact draws of the target: ctl, sixo and dpg"),
    exactBudget: z.int().min(0).max(100_000_000).default(50_000).describe("most texts of the model for exact draws by rejection"),
  }),
  load: loadTarget,

  async prepare({ target, source, notes, promptText }, options, { rng, progress }) {
    const { loss, quick } = options;
    const steps = quick ? Math.min(options.steps, 20) : options.steps;
    const line = progress("exact draws", wantedExact);
    const found = await exactDraws(
      target,
      wantedExact,
      quick ? Math.min(options.exactBudget, 2048) : options.exactBudget,
      rng.fold("exact"),
      (done) => line.update(done, {}),
    );
    line.finish();
    const positives = objectiveOf(loss).positives === true;
    if (options.exact === "yes" && !found.draws) throw new UserError(`there are no exact draws: ${found.why}`, "--exact no");
    const exact = found.draws && positives && options.exact !== "no" ? found.draws : undefined;
    const learning: LearningOptions = {
      ...{ objective: loss, kind: options.head, texts: options.texts, steps, temper: options.temper, exact },
      rate: options.lr ?? rateFor(target.model.width),
    };
    checkLearning(target, learning);
    const why = found.draws ? undefined : found.why;
    return {
      problem: { target, learning, draws: found.draws, why, logZ: found.draws ? found.logZ : undefined, promptText, beta: options.beta },
      source,
      label: `learning a twist by ${objectiveOf(loss).title}`,
      folder: `steer-train-${source.name}`,
      steps,
      evaluateEvery: Math.max(1, Math.round(steps / 16)),
      config: { steps, rate: learning.rate, length: target.length },
      warnings: [
        ...notes,
        ...(quick ? ["--quick: few steps"] : []),
        ...(why === undefined ? [] : [`no exact draws: ${why}; KL(target ‖ q) and the upper bound cannot be had`]),
      ],
      divergedHint: "lower --lr",
    };
  },

  learner({ target, learning, draws }) {
    const learner = twistLearner(target, learning, 0);
    return {
      ...learner,
      async evaluate(state: LearningState, rng) {
        const weights = await logWeightsOf(target, { twist: twistOf(state, learning), exact: draws?.slice(0, evaluated) }, evaluated, rng);
        return {
          proposalWeight: plain(estimate(weights.proposal).mean) ?? 0,
          ...(weights.target && { targetWeight: estimate(weights.target).mean }),
        };
      },
    };
  },

  async conclude({ state, history, steps }, problem, _, { rng, progress }) {
    const { target, learning, draws, why, promptText, beta } = problem;
    const twist = twistOf(state, learning);
    const line = progress("bounds", 20);
    const settings = {
      ...{ particles: 64, runs: 20, scheme: resamplingSchemes.systematic, resampling: "never" as const, twist },
      ...(draws && { exact: draws.slice(0, 20) }),
    };
    const bounds = await runBounds(target, settings, rng.fold("bounds"), (done) => line.update(done, {}));
    line.finish();
    const weights = await logWeightsOf(target, { twist, ...(draws && { exact: draws }) }, finalDraws, rng.fold("weights"));
    const known = problem.logZ === undefined ? undefined : { mean: problem.logZ, error: 0 };
    const interval = known ? { lower: known, upper: known } : sandwichOf(bounds);
    const divergence = divergenceResults(weights, interval, why);
    const middle = interval.upper ? (interval.lower.mean + interval.upper.mean) / 2 : interval.lower.mean;
    const curve = history.flatMap((row) =>
      row.proposalWeight === undefined
        ? []
        : [
            {
              step: row.step,
              qToTarget: middle - row.proposalWeight,
              ...(row.targetWeight !== undefined && { targetToQ: row.targetWeight - middle }),
            },
          ],
    );
    const [own, base] = [
      await runParticles(target, { particles: 64, twist, resampling: "never" }, rng.fold("texts")),
      await runParticles(target, { particles: 256, resampling: "never" }, rng.fold("model")),
    ];
    const rows = textRows(target, own.particles, new Float64Array(64), 64);
    const sentence = divergenceLines(divergence).join("; ") || "the divergences cannot be had";
    const description = {
      ...{ format: "pushforward-twist" as const, objective: learning.objective, kind: learning.kind, observed: 0 },
      ...{ model: target.model.name, modelHash: target.model.hash, tokenizerHash: target.model.tokenizer.hash },
      ...{ potential: target.potential.name, beta, length: target.length, prompt: promptText },
    };
    const name = objectiveOf(learning.objective).title;
    return {
      ...{ history, curve, rows, base: base.particles.logPotential.data, file: writeTwist(state.params, description) },
      title: `A twist of ${target.model.name} by ${name}`,
      summary: `${sentence}, after ${steps} updates of ${learning.texts} texts.`,
      numbers: [
        { name: "log Z, lower", value: interval.lower.mean, error: interval.lower.error, note: "nats" },
        ...(interval.upper ? [{ name: "log Z, upper", value: interval.upper.mean, error: interval.upper.error, note: "nats" }] : []),
        ...(divergence.kl.qToTarget === null ? [] : [{ name: "KL(q ‖ target)", value: divergence.kl.qToTarget, note: "nats" }]),
        ...(divergence.kl.targetToQ === null ? [] : [{ name: "KL(target ‖ q)", value: divergence.kl.targetToQ, note: "nats" }]),
      ],
      tables: [textTable(rows)],
      warnings: [],
      results: {
        unit: "nats",
        logZ: logZResults(bounds, why),
        ...divergence,
        ess: bounds.leastSize.reduce((a, b) => a + b, 0) / 20,
        uniqueAncestors: bounds.ancestors,
        curve,
        texts: rows,
      },
      text: (took: string) => [
        sentence,
        ...rows.slice(0, 5).map((row) => `  ${JSON.stringify(row.text)}  log φ ${row.logPotential.toFixed(2)}`),
        `${steps} updates in ${took}; twist.safetensors is for --twist`,
      ],
    };
  },

  figures: ({ history, curve, rows, base }) => [
    ...(curve.length > 0 ? [learningFigure(curve)] : []),
    trainingFigure(history),
    scoresFigure({ model: { values: base }, "proposal q": { values: rows.map((r) => r.logPotential) } }),
  ],
  files: ({ file, curve }) => [
    { name: "twist.safetensors", content: file },
    {
      name: "divergences.csv",
      columns: (["step", "qToTarget", "targetToQ"] as const)
        .filter((key) => curve.every((row) => row[key] !== undefined))
        .map((key) => ({ name: key, values: Float64Array.from(curve, (row) => row[key] as number) })),
    },
  ],
});
