/** `pushforward steer train`: a twist for a model, a prompt and a score. */
import { z } from "zod";
import { item, type Random } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { method } from "../../lab/index.ts";
import { firstTokensFigure } from "../../language/figures/comparison.ts";
import { learningFigure, scoresFigure, trainingFigure } from "../../language/figures/steering.ts";
import { gainsFigure } from "../../language/figures/twist.ts";
import {
  checkLearning,
  checkTarget,
  dtypeOf,
  exactDraws,
  firstTokens,
  gainsAlong,
  type LearningOptions,
  type LearningState,
  learningCautions,
  logWeightsOf,
  networkOf,
  objectiveOf,
  runParticles,
  sandwichOf,
  simulateObservations,
  type TextTarget,
  type TwistShape,
  twistLearner,
  twistOf,
  writeTwist,
} from "../../language/index.ts";
import { estimate, resamplingSchemes } from "../../sampling/index.ts";
import { measure } from "./measure.ts";
import { learningOptions, targetOptions } from "./options.ts";
import { givenDraws, loadTarget, modelInput } from "./problem.ts";
import { divergenceLines, measuredNumbers, plain, textRows, textTable } from "./results.ts";
import { aroundTwist } from "./twist-file.ts";

/** Exact draws that are looked for, texts of q that are weighed at the end, and on the way. */
const [wantedExact, finalDraws, evaluated] = [2000, 2000, 500];

/** Step size by width of the hidden state: 1e-3 up to 64, 1e-4 from 512; 0.3 of it for all weights of a copy, as the paper has it. */
export const rateFor = (width: number, body: TwistShape["body"]): number =>
  1e-3 * Math.min(1, Math.max(0.1, 64 / width)) * (body === "copy" ? 0.3 : 1);

export const train = method({
  name: "steer train",
  summary: "learn a twist: a small network that knows the score to come, and a proposal of its own",
  examples: [
    'pushforward steer train --prompt "Once upon a time" --potential afinn --slope -1.5 --threshold -3',
    "pushforward steer train --model chain.json --length 8 --potential score.js --loss dpg --steps 300",
    'pushforward steer train --prompt "Once upon a time" --potential afinn --body lora --form p-psi',
  ],
  notes: `Losses: ${["ctl", "dpg", "sixo", "rl", "pcl", "tb", "fudge", "reinforce", "ppo"].map((name) => `${name} (${objectiveOf(name as "ctl").title})`).join(", ")} and others. The twist is a safetensors file for --twist.`,
  input: modelInput,
  options: z.object({
    ...targetOptions,
    ...learningOptions,
    potential: targetOptions.potential.default("none"),
    exact: z
      .string()
      .optional()
      .describe("exact draws of the target, JSON lines of steer exact; default: they are looked for")
      .meta({ file: true }),
    positives: z
      .enum(["approximate", "exact"])
      .default("approximate")
      .describe("what ctl, nvi, sixo and dpg take for texts of the target: weighed texts of their own, or exact draws"),
    infill: z.int().min(1).max(1000).optional().describe("learn for infilling: endings of so many tokens that the model writes"),
    groups: z.int().min(1).max(10_000).default(10).describe("with --infill: endings of a step, among which its texts are divided"),
    exactBudget: z.int().min(0).max(100_000_000).default(20_000).describe("most texts of the model for exact draws by rejection"),
  }),
  metrics: {
    rows: ["loss", "hits", "steepest", "effective", "logZ", "proposalWeight", "targetWeight"],
    results: [...measuredNumbers, "curve.*.step", "curve.*.qToTarget", "curve.*.targetToQ"],
  },
  load: loadTarget,

  async prepare({ target, source, notes, promptText }, options, { rng, progress }) {
    const { quick } = options;
    const loss = options.loss ?? (options.positives === "exact" ? "dpg" : "ctl");
    const steps = quick ? Math.min(options.steps, 20) : options.steps;
    const suffix = options.infill;
    if (suffix === undefined && options.potential === "none")
      throw new UserError("--potential is needed: there is nothing to steer to", "--potential afinn");
    if (suffix !== undefined && options.texts % options.groups !== 0)
      throw new UserError(
        `--texts ${options.texts} cannot be divided among --groups ${options.groups}`,
        `--texts ${options.groups * Math.ceil(options.texts / options.groups)}`,
      );
    checkTarget(target, suffix);
    const line = progress("exact draws", wantedExact);
    const budget = quick ? Math.min(options.exactBudget, 2048) : options.exactBudget;
    const found =
      suffix === undefined
        ? ((await givenDraws(target, options.exact, 20)) ??
          (await exactDraws(target, { wanted: wantedExact, least: 20 }, budget, rng.fold("exact"), (done) => line.update(done, {}))))
        : ({ why: "endings come with an exact text each" } as const);
    line.finish();
    const positives = objectiveOf(loss).positives === true;
    const wanted = options.positives === "exact" || options.law === "exact";
    if (wanted && suffix === undefined && !found.draws)
      throw new UserError(`there are no exact draws: ${found.why}`, "--positives approximate, and another --law than exact");
    if (options.positives === "exact" && !positives)
      throw new UserError(`${loss} does not learn from exact draws`, "--loss ctl, nvi, sixo or dpg does");
    const exact = wanted ? found.draws : undefined;
    const around = options.around === undefined ? undefined : await aroundTwist(options.around, target);
    const learning: LearningOptions = {
      ...{ objective: loss, kind: options.head, texts: options.texts, steps, temper: options.temper, exact },
      ...{ body: options.body, rank: options.rank, form: options.form, around: around?.learned },
      ...{ law: options.law, replay: options.replay, window: options.window },
      rate: options.lr ?? rateFor(target.model.width, options.body),
      ...(suffix !== undefined && {
        groups: options.groups,
        observe: (own: Random) => simulateObservations(target, { count: options.groups, suffix }, own),
      }),
    };
    const observed = suffix === undefined ? 0 : target.model.width;
    checkLearning(target, learning, observed);
    const dtype = await dtypeOf(target);
    const why = found.draws ? undefined : found.why;
    return {
      problem: {
        ...{ target, learning, suffix, dtype, around: around?.description },
        network: networkOf(target, learning, { dtype, width: observed }),
        draws: found.draws,
        why,
        logZ: found.draws ? found.logZ : undefined,
        promptText,
        beta: options.beta,
      },
      source,
      label: `learning a twist by ${objectiveOf(loss).title}`,
      folder: `steer-train-${source.name}`,
      steps,
      evaluateEvery: Math.max(1, Math.round(steps / 16)),
      config: { steps, rate: learning.rate, length: target.length },
      warnings: [
        ...notes,
        ...(around?.notes ?? []).map((note) => `--around: ${note}`),
        ...(options.loss === undefined && loss !== "ctl"
          ? [`${loss} is learned by, for there are exact draws (--loss ctl is the other)`]
          : []),
        ...(quick ? ["--quick: few steps"] : []),
        ...(why === undefined || suffix !== undefined ? [] : [`no exact draws: ${why}; KL(target ‖ q) and the upper bound cannot be had`]),
      ],
      divergedHint: "lower --lr",
    };
  },

  learner({ target, learning, network, dtype, draws, suffix }) {
    const learner = twistLearner(target, learning, network, dtype);
    return {
      ...learner,
      async evaluate(state: LearningState, rng) {
        const observed =
          suffix === undefined ? undefined : await simulateObservations(target, { count: evaluated, suffix }, rng.fold("observations"));
        const own = { twist: twistOf(network, state, learning.objective, observed?.features), suffixes: observed?.suffixes };
        const weights = await logWeightsOf(target, { ...own, exact: observed?.exact ?? draws?.slice(0, evaluated) }, evaluated, rng);
        return {
          proposalWeight: plain(estimate(weights.proposal).mean) ?? 0,
          ...(weights.target && { targetWeight: estimate(weights.target).mean }),
        };
      },
    };
  },

  async conclude({ state, history }, problem, _, { rng, progress }) {
    const { target, learning, network, around, draws, why, promptText, beta, suffix } = problem;
    const steps = item(state.step); // without the one at which learning that diverges ends
    const observed =
      suffix === undefined ? undefined : await simulateObservations(target, { count: 200, suffix }, rng.fold("observations"));
    const twist = twistOf(network, state, learning.objective, observed?.features);
    const line = progress("bounds", observed ? 200 : 20);
    const measured = await measure(
      target,
      {
        ...(observed ? { particles: 16, runs: 200 } : { particles: 64, runs: 20 }),
        ...{ scheme: resamplingSchemes.systematic, resampling: "never", twist, draws: finalDraws },
        ...{ exact: observed?.exact ?? draws, suffixes: observed?.suffixes, known: problem.logZ, why: observed ? undefined : why },
      },
      rng.fold("measure"),
      (done) => line.update(done, {}),
    );
    line.finish();
    const { bounds, divergence } = measured;
    const known = problem.logZ === undefined ? undefined : { mean: problem.logZ, error: 0 };
    const interval = known ? { lower: known, upper: known } : sandwichOf(bounds);
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
      await runParticles(
        target,
        { particles: observed ? 1 : 64, populations: observed ? 64 : 1, twist, resampling: "never" },
        rng.fold("texts"),
      ),
      await runParticles(target, { particles: 256, resampling: "never" }, rng.fold("model")),
    ];
    const rows = textRows(target, own.particles, new Float64Array(64), 64);
    const evidence = {
      ...{ steps, starved: item(state.starved) },
      ...(item(state.diverged) > 0 && { diverged: { steepest: item(state.diverged), largest: item(state.largest) } }),
    };
    const best = rows.toSorted((a, b) => b.logPotential - a.logPotential).slice(0, 6);
    const explained = observed
      ? undefined
      : {
          first: await firstTokens(target, twist),
          gains: await gainsAlong(
            target,
            twist,
            best.map((row) => padded(row.tokens, target)),
          ),
        };
    const sentence = divergenceLines(divergence).join("; ") || "the divergences cannot be had";
    const { objective, kind, body = "frozen", rank = 4, form = "psi" } = learning;
    const description = {
      ...{ format: "pushforward-twist" as const, objective, kind, body, rank, form },
      observed: observed ? observed.features.shape[1] : 0,
      ...{ model: target.model.name, modelHash: target.model.hash, tokenizerHash: target.model.tokenizer.hash },
      ...{ potential: target.potential.name, beta, length: target.length, prompt: promptText },
      ...(around && { around }),
    };
    const name = objectiveOf(learning.objective).title;
    const updates = steps === 1 ? "update" : "updates";
    return {
      ...{
        history,
        curve,
        rows,
        explained,
        base: base.particles.logPotential.data,
        file: writeTwist(state.params, description, learning.around?.params),
      },
      title: `A twist of ${target.model.name} by ${name}`,
      summary: `${sentence}, after ${steps} ${updates} of ${learning.texts} texts.`,
      numbers: [
        { name: "log Z, lower", value: interval.lower.mean, error: interval.lower.error, note: "nats" },
        ...(interval.upper ? [{ name: "log Z, upper", value: interval.upper.mean, error: interval.upper.error, note: "nats" }] : []),
        ...(divergence.kl.qToTarget === null ? [] : [{ name: "KL(q ‖ target)", value: divergence.kl.qToTarget, note: "nats" }]),
        ...(divergence.kl.targetToQ === null ? [] : [{ name: "KL(target ‖ q)", value: divergence.kl.targetToQ, note: "nats" }]),
      ],
      tables: [textTable(rows)],
      warnings: [...learningCautions(evidence), ...measured.cautions],
      results: {
        ...measured.results,
        curve,
        texts: rows,
      },
      text: (took: string) => [
        sentence,
        ...rows.slice(0, 5).map((row) => `  ${JSON.stringify(row.text)}  log φ ${row.logPotential.toFixed(2)}`),
        `${steps} ${updates} in ${took}; twist.safetensors is for --twist`,
      ],
    };
  },

  figures: ({ history, curve, rows, base, explained }) => [
    ...(curve.length > 0 ? [learningFigure(curve)] : []),
    trainingFigure(history),
    scoresFigure({ model: { values: base }, "proposal q": { values: rows.map((r) => r.logPotential) } }),
    ...(explained ? [firstTokensFigure(explained.first), gainsFigure(explained.gains)] : []),
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

/** T tokens: an ended text is filled up with its end token. */
const padded = (tokens: readonly number[], { model, length }: TextTarget): Int32Array =>
  Int32Array.from({ length }, (_, t) => tokens[t] ?? model.tokenizer.end ?? 0);
