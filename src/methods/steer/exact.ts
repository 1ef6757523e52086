/** `pushforward steer exact`: log Z exactly, or exact draws where only those can be had. */
import { z } from "zod";
import { UserError } from "../../errors.ts";
import { experiment } from "../../lab/index.ts";
import { scoresFigure } from "../../language/figures/steering.ts";
import { drawExactly, type ExactDraws, enumerate, exactDraws, exactTwist, isListable, runParticles } from "../../language/index.ts";
import { estimate } from "../../sampling/index.ts";
import { targetOptions } from "./options.ts";
import { loadTarget, modelInput } from "./problem.ts";
import { distinct, jsonl, logZNumbers, plain, type TextRow, textRows, textTable } from "./results.ts";

export const exact = experiment({
  name: "steer exact",
  summary: "log Z and texts of the target exactly: by counting, by the exact twist of a chain, or by rejection",
  examples: [
    "pushforward steer exact --model chain.json --length 4 --potential score.js",
    "pushforward steer exact --model novel.txt --order 3 --prompt The --length 40 --potential contains:moon",
  ],
  notes:
    "All texts are listed up to 2^20 of them. Rejection needs a potential that is bounded above, and gives draws and an estimate of log Z.",
  input: modelInput,
  options: z.object({
    ...targetOptions,
    texts: z.int().min(1).max(1_000_000).default(64).describe("exact draws"),
    exactBudget: z.int().min(1).max(100_000_000).default(200_000).describe("most texts of the model, for rejection"),
  }),
  metrics: { rows: [], results: [...logZNumbers, "kl.qToTarget", "kl.targetToQ", "accepted", "ess", "uniqueAncestors"] },
  load: loadTarget,
  prepare: async ({ target, source, notes }, { texts, exactBudget }) => ({
    problem: { target, texts, exactBudget },
    source,
    label: "counting texts",
    folder: `steer-exact-${source.name}`,
    steps: texts,
    config: { length: target.length },
    warnings: notes,
  }),

  async work({ target, texts, exactBudget }, { rng, progress }) {
    const line = progress("exact draws", texts);
    const listed = !exactTwist(target) && isListable(target) ? await enumerate(target) : undefined;
    const found: ExactDraws =
      listed && listed.logZ > Number.NEGATIVE_INFINITY
        ? { draws: drawExactly(listed, texts, rng.fold("draws")), how: `all ${listed.texts.length} continuations`, logZ: listed.logZ }
        : await exactDraws(target, { wanted: texts, least: 1 }, exactBudget, rng.fold("draws"), (done) => line.update(done, {}));
    line.finish();
    if (!found.draws) throw new UserError(found.why, "bounds need no exact draws: pushforward steer bounds");
    // what q = p0 has of the target: exactly where all texts are listed, from draws elsewhere
    const count = found.draws.length;
    const base = await runParticles(target, { particles: 1, populations: texts, resampling: "never" }, rng.fold("model"));
    const run = await runParticles(
      target,
      { particles: 1, populations: count, resampling: "never", references: found.draws },
      rng.fold("score"),
    );
    const rows = textRows(target, run.particles, new Float64Array(count), count);
    const { logZ } = found;
    const log = run.particles.logPotential.data;
    const kl =
      listed === undefined
        ? {
            qToTarget: logZ === undefined ? null : plain(logZ - estimate(base.particles.logPotential.data).mean),
            targetToQ: logZ === undefined ? null : plain(estimate(log).mean - logZ),
          }
        : {
            qToTarget: plain(logZ! - mean(listed.logModel, listed.logModel, listed.logTarget)),
            targetToQ: plain(
              mean(
                listed.logTarget.map((l) => l - listed.logZ),
                listed.logModel,
                listed.logTarget,
              ) - listed.logZ,
            ),
          };
    const { how } = found;
    const accepted = found.tried === undefined ? undefined : count / found.tried;
    const sentence =
      logZ === undefined
        ? `${count} exact draws by ${how}: ${(100 * accepted!).toPrecision(3)} % of the model's texts were accepted`
        : `log Z is ${logZ.toFixed(10)} nats (${how})`;
    return {
      ...{ rows, base: base.particles.logPotential.data },
      title: `Exact: ${target.model.name}, tilted by ${target.potential.name}`,
      summary: sentence,
      numbers: logZ === undefined ? [] : [{ name: "log Z", value: logZ, note: `nats, ${how}` }],
      tables: [textTable(rows)],
      warnings: [],
      results: {
        unit: "nats",
        logZ:
          logZ === undefined
            ? { why: "rejection draws exactly, but only estimates log Z: see steer bounds" }
            : { lower: logZ, upper: logZ, se: 0 },
        kl,
        q: "model",
        how,
        ...(accepted !== undefined && { accepted }),
        ess: count,
        uniqueAncestors: count,
        texts: rows,
      },
      text: (took: string) => [
        sentence,
        ...(kl.qToTarget === null ? [] : [`KL(model ‖ target) ${kl.qToTarget.toFixed(4)}`]),
        ...(kl.targetToQ === null ? [] : [`KL(target ‖ model) ${kl.targetToQ.toFixed(4)}`]),
        ...distinct(rows)
          .slice(0, 8)
          .map((row) => `  ${JSON.stringify(row.text)}${row.copies > 1 ? ` (${row.copies} times)` : ""}`),
        `in ${took}`,
      ],
    };
  },

  figures: ({ rows, base }) => [
    scoresFigure({ model: { values: base }, target: { values: rows.map((row: TextRow) => row.logPotential) } }),
  ],
  files: ({ rows }) => [{ name: "texts.jsonl", content: jsonl(rows) }],
});

/** Σ e^law (log σ̃ - log p0) over all texts. */
const mean = (law: Float64Array, logModel: Float64Array, logTarget: Float64Array): number =>
  law.reduce((sum, log, i) => (log === Number.NEGATIVE_INFINITY ? sum : sum + Math.exp(log) * (logTarget[i] - logModel[i])), 0);
