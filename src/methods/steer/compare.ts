/** `pushforward steer compare`: twists side by side, by bounds and by divergences both ways. */
import { z } from "zod";
import { UserError } from "../../errors.ts";
import { experiment } from "../../lab/index.ts";
import { comparisonFigure } from "../../language/figures/comparison.ts";
import { exactDraws, sandwichOf } from "../../language/index.ts";
import { estimate } from "../../sampling/index.ts";
import { measure } from "./measure.ts";
import { samplerOptions, targetOptions } from "./options.ts";
import { givenDraws, loadTarget, loadTwist, modelInput, resamplingOf, samplerNotes, schemeOf } from "./problem.ts";
import { logZNumbers } from "./results.ts";

export const compare = experiment({
  name: "steer compare",
  summary: "several twists side by side: bounds on log Z and both divergences, by one log Z",
  examples: ["pushforward steer compare --model chain.json --length 6 --potential contains:good --twists none,prefix,exact"],
  notes: "log Z is exact where it can be had, else the median over twists of the middles of their intervals, as one number for all.",
  input: modelInput,
  options: z.object({
    ...targetOptions,
    ...samplerOptions,
    twists: z.string().describe("with commas: files of steer train, exact, prefix, lookahead:M, none"),
    draws: z.int().min(2).max(1_000_000).default(1000).describe("texts of each proposal, for the divergences"),
  }),
  metrics: { rows: [], results: [...logZNumbers, "twists.**", "logZ.estimate"] },
  load: loadTarget,

  async prepare({ target, source, notes }, options, { rng }) {
    const names = options.twists.split(",").map((name) => name.trim());
    if (new Set(names).size < names.length || names.includes(""))
      throw new UserError(`--twists ${options.twists}: a twist is named twice, or not at all`);
    const loaded = await Promise.all(names.map((name) => loadTwist(name, target, rng)));
    const [particles, runs] = options.quick
      ? [Math.min(options.particles, 16), Math.min(options.runs, 8)]
      : [options.particles, options.runs];
    const given = await givenDraws(target, options.exact, runs);
    return {
      problem: {
        given,
        ...{ target, particles, runs, names, twists: loaded.map((l) => l.twist), power: options.power, exactBudget: options.exactBudget },
        ...{ draws: options.draws, scheme: schemeOf(options.scheme) },
        resampling: loaded.map((l) => resamplingOf(options.resample, l.twist)),
      },
      source,
      label: `${names.length} twists`,
      folder: `steer-compare-${source.name}`,
      steps: names.length,
      config: { particles, runs, length: target.length },
      warnings: [
        ...notes,
        ...loaded.flatMap((l, i) => [...l.notes, ...samplerNotes(options, l.twist)].map((note) => `${names[i]}: ${note}`)),
      ],
    };
  },

  async work({ target, names, twists, given, exactBudget, resampling, ...settings }, { rng, progress, interrupted }) {
    const { runs, draws } = settings;
    const line = progress("exact draws", Math.max(runs, draws));
    const wanted = Math.max(runs, draws);
    const exact = given ?? (await exactDraws(target, { wanted, least: runs }, exactBudget, rng.fold("exact"), (n) => line.update(n, {})));
    line.finish();
    const [known, why] = exact.draws ? [exact.logZ, undefined] : [undefined, exact.why];
    const bar = progress("runs", names.length * runs);
    const measured = [];
    for (const [i, twist] of twists.entries()) {
      const own = { ...settings, twist, exact: exact.draws, known, why, resampling: resampling[i] };
      measured.push(await measure(target, own, rng.fold(names[i]), (done) => bar.update(i * runs + done, {})));
      if (interrupted()) return undefined;
    }
    bar.finish();
    const middles = measured.map(({ bounds }) => {
      const { lower, upper } = sandwichOf(bounds);
      return upper ? (lower.mean + upper.mean) / 2 : lower.mean;
    });
    const logZ = known ?? middles.toSorted((a, b) => a - b)[Math.floor(middles.length / 2)];
    const rows = measured.map(({ bounds, divergence }, i) => {
      const { lower, upper } = sandwichOf(bounds);
      const shift = known === undefined && divergence.kl.qToTarget !== null ? logZ - middles[i] : 0;
      return {
        ...{ name: names[i], lower, upper },
        qToTarget: divergence.kl.qToTarget === null ? null : divergence.kl.qToTarget + shift,
        targetToQ: divergence.kl.targetToQ === null ? null : divergence.kl.targetToQ - shift,
        size: estimate(bounds.leastSize).mean,
      };
    });
    const cell = (value: number | null): string => (value === null ? "–" : value.toFixed(3));
    const table = {
      title: "Twists",
      columns: ["twist", "log Z, lower", "log Z, upper", "KL(q ‖ target)", "KL(target ‖ q)", "least effective size / K"],
      rows: rows.map((r) => [
        r.name,
        cell(r.lower.mean),
        cell(r.upper?.mean ?? null),
        cell(r.qToTarget),
        cell(r.targetToQ),
        r.size.toFixed(3),
      ]),
      caption: `${runs} runs of ${settings.particles} particles; divergences by log Z = ${logZ.toFixed(4)}${known === undefined ? ", the median over twists" : ", exact"}.`,
    };
    const best = rows.filter((r) => r.qToTarget !== null).toSorted((a, b) => a.qToTarget! - b.qToTarget!)[0];
    const sentence = best
      ? `nearest to the target is ${best.name}, KL(q ‖ target) ${cell(best.qToTarget)} nats`
      : "the divergences cannot be had without exact draws";
    return {
      rows,
      title: `Twists of ${target.model.name}, tilted by ${target.potential.name}`,
      summary: `${sentence}.`,
      numbers: [{ name: "log Z", value: logZ, note: known === undefined ? "median over twists" : "exact" }],
      tables: [table],
      warnings: measured.flatMap(({ cautions }, i) => cautions.map((c) => `${names[i]}: ${c}`)),
      results: {
        unit: "nats",
        logZ: known === undefined ? { estimate: logZ, ...(why !== undefined && { why }) } : { lower: known, upper: known, se: 0 },
        twists: measured.map(({ results }, i) => ({
          name: names[i],
          ...results,
          qToTarget: rows[i].qToTarget,
          targetToQ: rows[i].targetToQ,
        })),
      },
      text: (took: string) => [
        sentence,
        ...rows.map(
          (r) =>
            `  ${r.name}: log Z ${cell(r.lower.mean)} to ${cell(r.upper?.mean ?? null)}, KL ${cell(r.qToTarget)} and ${cell(r.targetToQ)}`,
        ),
        `in ${took}`,
      ],
    };
  },
  figures: ({ rows }) => [comparisonFigure(rows)],
});
