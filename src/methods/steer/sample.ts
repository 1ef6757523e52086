/** `pushforward steer sample`: texts of the model, conditioned on a score. */
import { z } from "zod";
import { experiment } from "../../lab/index.ts";
import { genealogyFigure, scoresFigure, sizesFigure } from "../../language/figures/steering.ts";
import { weightQuantiles, weightsFigure } from "../../language/figures/weights.ts";
import { distinctGrams, isHit, type ParticleOptions, runBounds, runParticles, steeringCautions } from "../../language/index.ts";
import { estimate, lineages } from "../../sampling/index.ts";
import { samplerOptions, targetOptions } from "./options.ts";
import { loadTarget, loadTwist, modelInput, outOfReach, resamplingOf, samplerNotes, schemeOf } from "./problem.ts";
import { distinct, jsonl, logZNumbers, logZResults, plain, type TextRow, textRows, textTable } from "./results.ts";

export const sample = experiment({
  name: "steer sample",
  summary: "texts conditioned on a score, with weights, a bound on log Z, and who descends from whom",
  examples: [
    'pushforward steer sample --prompt "The king said" --potential afinn',
    'pushforward steer sample --model stories260K.bin --prompt "Once upon a time" --potential contains:dragon --length 40 --twist prefix',
  ],
  notes:
    "Texts come with weights since the last resampling: use them as weights, or draw by them. Beside them stand texts of the model as it is.",
  input: modelInput,
  options: z.object({
    ...targetOptions,
    ...samplerOptions,
    runs: z.int().min(1).max(10_000).default(4).describe("further runs, for the bound on log Z"),
  }),
  metrics: { rows: [], results: [...logZNumbers, "ess", "uniqueAncestors", "meanLogPotential.*", "hits.*", "distinctGrams.*.*"] },
  load: loadTarget,

  async prepare({ target, source, notes }, options, { rng }) {
    const { twist, notes: told } = await loadTwist(options.twist, target, rng, "prefix");
    const particles = options.quick ? Math.min(options.particles, 16) : options.particles;
    const settings = {
      ...{ twist, particles, power: options.power, runs: options.quick ? Math.min(options.runs, 2) : options.runs },
      ...{
        scheme: schemeOf(options.scheme),
        resampling: resamplingOf(options.resample, twist),
      },
    };
    return {
      problem: { target, settings },
      source,
      label: `${particles} texts of ${target.length} tokens`,
      folder: `steer-${source.name}`,
      steps: target.length,
      config: { particles, length: target.length },
      warnings: [...notes, ...told, ...samplerNotes(options, twist), ...(options.quick ? ["--quick: few particles"] : [])],
    };
  },

  async work({ target, settings }, { rng, progress, interrupted }) {
    const { particles: K, runs } = settings;
    const line = progress("steps", target.length);
    const fan: ReturnType<typeof weightQuantiles>[] = [];
    const watch: ParticleOptions["watch"] = ({ t }, _, before) => {
      line.update(t, {});
      fan.push(weightQuantiles(before));
    };
    const run = await runParticles(target, { ...settings, watch }, rng.fold("particles"));
    line.finish();
    if (interrupted()) return undefined;
    if (!run.particles.logPotential.data.some((log) => isHit(target.potential, log))) throw outOfReach(target, K);
    const bar = progress("runs", runs);
    const bounds = await runBounds(target, settings, rng.fold("runs"), (done) => bar.update(done, {}));
    bar.finish();
    if (interrupted()) return undefined;
    const base = await runParticles(target, { particles: K, resampling: "never" }, rng.fold("model"));
    const lines = lineages(run.records, K);
    const rows = textRows(target, run.particles, run.logWeights, K, lines);
    const plainRows = textRows(target, base.particles, new Float64Array(K), K);
    const own = new Set(lines[0]).size;
    const sizes = Float64Array.from(run.records, (r) => r.effectiveSize[0] / K);
    const cautions = steeringCautions({ bounds, resamples: settings.resampling !== "never", proposalOnly: settings.twist?.proposalOnly });
    const final = run.records[run.records.length - 1].effectiveSize[0];
    const steered = rows.reduce((sum, row) => sum + (row.weight > 0 ? row.weight * row.logPotential : 0), 0);
    const before = estimate(base.particles.logPotential.data).mean;
    const share = (texts: readonly TextRow[]): number =>
      texts.reduce((sum, row) => sum + (isHit(target.potential, row.logPotential) ? row.weight : 0), 0);
    const hits = { steered: share(rows), model: share(plainRows) };
    const diversity = { steered: distinctGrams(rows.map((row) => row.tokens)), model: distinctGrams(plainRows.map((row) => row.tokens)) };
    const sentence = `mean log φ ${steered.toFixed(3)} steered, ${Number.isFinite(before) ? before.toFixed(3) : "-∞"} of the model as it is`;
    const logZ = estimate(bounds.lower);
    const why = "a sample has no exact draws: steer bounds looks for them";
    return {
      ...{ rows, plainRows, sizes, K, fan },
      records: run.records,
      values: run.particles.logPotential.data,
      title: `${target.model.name}, tilted by ${target.potential.name}`,
      summary: `${sentence}. ${K} particles, ${distinct(rows).length} different texts.`,
      numbers: [
        { name: "mean log φ, steered", value: steered },
        { name: "mean log φ, model", value: before },
        { name: "log Z, lower bound", value: logZ.mean, ...(runs > 1 && { error: logZ.error }), note: "nats" },
        { name: "effective size", value: final, note: `of ${K}, at the end` },
        ...(hits.model < 1
          ? [{ name: "share with φ > 0", value: hits.steered, note: `${hits.model.toFixed(3)} of the model's texts` }]
          : []),
        {
          name: "different pairs of tokens",
          value: diversity.steered[1],
          note: `of all pairs; ${diversity.model[1].toFixed(3)} of the model's texts`,
        },
        { name: "different first tokens", value: own, note: "from which the texts descend" },
      ],
      tables: [textTable(rows), { ...textTable(plainRows, 10), title: "Texts of the model as it is" }],
      warnings: cautions,
      results: {
        unit: "nats",
        logZ: logZResults(bounds, why),
        kl: { qToTarget: null, targetToQ: null, why },
        ess: final,
        uniqueAncestors: own,
        hits,
        distinctGrams: diversity,
        meanLogPotential: { steered: plain(steered), model: plain(before) },
        texts: rows,
        modelTexts: plainRows,
      },
      text: (took: string) => [
        ...distinct(rows)
          .slice(0, 8)
          .map(
            (row) => `${(100 * row.weight).toFixed(1).padStart(5)} %  ${JSON.stringify(row.text)}  log φ ${row.logPotential.toFixed(2)}`,
          ),
        "of the model as it is:",
        ...plainRows.slice(0, 3).map((row) => `         ${JSON.stringify(row.text)}  log φ ${row.logPotential.toFixed(2)}`),
        sentence,
        `${K} particles, effective size ${final.toFixed(1)}, from ${own} first tokens, in ${took}`,
      ],
    };
  },

  figures: ({ records, values, rows, plainRows, sizes, K, fan }) => [
    genealogyFigure(records, values, K),
    scoresFigure({
      model: { values: plainRows.map((r) => r.logPotential) },
      steered: { values: rows.map((r) => r.logPotential), weights: rows.map((r) => r.weight) },
    }),
    sizesFigure({ sizes, particles: K }),
    weightsFigure(fan),
  ],
  files: ({ rows, plainRows }) => [
    { name: "texts.jsonl", content: jsonl(rows) },
    { name: "model-texts.jsonl", content: jsonl(plainRows) },
  ],
});
