/** What a training found that knows the costs of sampled strings alone. */
import type { Findings } from "../../lab/life.ts";
import { formatNumber, withError } from "../../numbers.ts";
import { bitText } from "../../quantum/landscape/table.ts";
import { verdict } from "../../quantum/training/outcome.ts";
import { costOf } from "./problem.ts";
import { accuracyNumbers, bestText, polishedFrom, type RankedNetwork, rankedNetwork, rankedTable } from "./ranked.ts";
import type { SampledWork } from "./sampled.ts";
import type { Problem } from "./work.ts";

export interface SampledFound extends Findings, SampledWork {
  /** What shots of the chosen circuit show, and the best string of all that was asked for. */
  readonly ranked: readonly RankedNetwork[];
}

/** Configurations that are listed. */
const listed = 20;

export function sampledFindings(worked: SampledWork, { loaded, polish, measuring }: Problem): SampledFound {
  const { restarts, chosen, baselines, evaluations, seen, uniform } = worked;
  const { bits, source, networks } = loaded;
  const { shown, energy, error, entropy, layers, gates, angles, gradientNorm } = restarts[chosen];
  const shots = shown.reduce((sum, { count }) => sum + count, 0);
  const ranked = shown.slice(0, listed).map((s) => rankedNetwork({ ...s, probability: s.count / shots }, bits, networks));
  const [best] = ranked;
  const range = uniform.reduce((a, b) => Math.max(a, b)) - seen.loss;
  const known = evaluations.toLocaleString("en");
  const said = `its trainings asked for ${seen.evaluations.toLocaleString("en")} of their ${known} costs until then`;
  const first = verdict({ loss: seen.loss, evaluations: seen.evaluations, said }, baselines, range);
  const polished = polish ? polishedFrom(costOf(loaded), bits, ranked) : undefined;
  const rows = baselines.map((b) => ({ ...b, bits: bitText(b.index, bits) }));
  const { network, index, ...bestNumbers } = best;
  const unknown = `of 2^${bits} costs ${known} were computed: the exact minimum is unknown`;
  const summary = `Best of the trained circuit: loss ${formatNumber(best.loss)} at ${best.bits}, in ${best.count} of ${shots.toLocaleString("en")} shots. Of 2^${bits} costs ${known} were computed, the lowest ${formatNumber(seen.loss)}; the exact minimum is unknown.`;
  return {
    ...{ ...worked, ranked },
    title: networks ? `Binary networks for ${source.title}` : `Search of ${source.title}`,
    summary: first ? `${first}. ${summary}` : summary,
    numbers: [
      { name: "best loss", value: best.loss, note: best.bits },
      {
        name: "lowest loss seen",
        value: seen.loss,
        note: `${bitText(seen.index, bits)}, after ${seen.evaluations.toLocaleString("en")} costs`,
      },
      {
        name: "mean loss",
        value: withError(energy, error),
        note: `of ${shots.toLocaleString("en")} shots of the restart that ended lowest`,
      },
      ...accuracyNumbers(best),
      { name: "exact minimum", value: "unknown", note: `${known} of 2^${bits} costs were computed` },
      { name: "entropy", value: entropy, note: `nats, from ${shown.length} different strings` },
      { name: "circuit", value: `${bits} qubits, ${layers} layers, ${gates} gates, ${angles.length} angles` },
      ...(polished ? [{ name: "polished (classical)", value: polished.loss, note: `${polished.evaluations} more evaluations` }] : []),
    ],
    tables: [
      rankedTable(ranked),
      {
        title: "Beside classical searches",
        columns: ["search", "best loss", "evaluations until then"],
        rows: [["circuit (trained by shots)", seen.loss, seen.evaluations], ...rows.map((b) => [b.name, b.loss, b.evaluations])],
        caption: `Each search may ask for as many different configurations as the trainings did, ${known}; one that is asked for again does not count.`,
      },
    ],
    warnings: range > 0 ? [] : ["every cost that was seen is the same: there may be nothing to find"],
    results: {
      best: { ...bestNumbers, index, ...(networks && { weights: network?.layers.map((layer) => layer.weights) }) },
      seen: { ...seen, bits: bitText(seen.index, bits) },
      optimum: null,
      pOptimal: null,
      evaluations,
      baselines: rows,
      ...{ energy, standardError: error, entropy, shots, distinct: shown.length, gradientNorm, gates, layers, angles, polished },
      ...(measuring.noise.noise > 0 || measuring.noise.readout > 0 ? { noise: measuring.noise } : {}),
      restarts: restarts.map(({ angles: _angles, path: _path, trace, shown: _shown, ...rest }) => ({ ...rest, steps: trace.length - 1 })),
      verdict: first,
    },
    text: (took) => [
      ...(first ? [first] : []),
      bestText(best),
      `lowest loss seen ${formatNumber(seen.loss)} at ${bitText(seen.index, bits)}; ${unknown}`,
      `mean loss of the circuit ${withError(energy, error)}`,
      ...rows.map(
        (b) => `  ${b.name.padEnd(18)} ${formatNumber(b.loss).padEnd(10)} after ${b.evaluations.toLocaleString("en")} evaluations`,
      ),
      `  ${"circuit".padEnd(18)} ${formatNumber(seen.loss).padEnd(10)} after ${seen.evaluations.toLocaleString("en")} evaluations`,
      `${restarts.length} restarts in ${took}`,
    ],
  };
}
