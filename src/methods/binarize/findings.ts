/** What a training of circuits found, for people and programs. */

import type { Random } from "../../array/index.ts";
import type { Findings } from "../../lab/life.ts";
import { formatNumber } from "../../numbers.ts";
import { condensed, type Moment } from "../../quantum/figures/losses.ts";
import { localMinima, optimumOf, rangeOf } from "../../quantum/landscape/optima.ts";
import { bitText } from "../../quantum/landscape/table.ts";
import { lowOrderShare, walsh, weightsByOrder } from "../../quantum/landscape/walsh.ts";
import { probabilities } from "../../quantum/simulate.ts";
import { meanCost } from "../../quantum/training/objectives.ts";
import { byAll, type ReadOut, readOut, verdict } from "../../quantum/training/outcome.ts";
import { trainingOf } from "../../quantum/training/settings.ts";
import { simulationOf } from "../../quantum/training/simulation.ts";
import { accuracyNumbers, bestText, polishedFrom, type RankedNetwork, rankedNetwork, rankedTable } from "./ranked.ts";
import { lowestOf } from "./trainings.ts";
import type { Problem, Worked } from "./work.ts";

export interface Found extends Findings, Worked {
  readonly chosen: number;
  readonly probabilities: Float64Array;
  readonly spectrum: Float64Array;
  /** What the circuit yielded on the way. */
  readonly course: readonly Moment[];
  readonly ranked: readonly RankedNetwork[];
}

export function findings(worked: Worked, { loaded, circuit, polish: polishing, shots, measuring }: Problem, rng: Random): Found {
  const { costs, restarts, objective, baselines } = worked;
  const { bits, source, networks } = loaded;
  const chosen = lowestOf(restarts);
  const { path = [], layers, angles, energy, pOptimal, entropy, support, gates, gradientNorm } = restarts[chosen];
  const training = trainingOf(costs, { ...circuit, layers }, objective);
  const own = Float64Array.from(angles);
  const simulation = simulationOf(training.circuit, measuring.noise, rng.fold("noise"));
  const p = simulation.probabilities(own);
  const noisy = measuring.noise.noise > 0 || measuring.noise.readout > 0;
  const withoutNoise = noisy ? meanCost(costs)(probabilities(training.circuit, own)).value : undefined;
  const out = readOut(p, costs, shots, rng.fold("shots"));
  const ranked = out.candidates.map((candidate) => rankedNetwork(candidate, bits, networks));
  const [best] = ranked;
  const { minimum, set } = optimumOf(costs);
  const { minimum: low, maximum } = rangeOf(costs);
  const polished = polishing ? polishedFrom((k) => costs[k], bits, out.candidates) : undefined;
  const said =
    polished && polished.loss < best.loss
      ? `Classical polishing found a better string than the circuit: ${formatNumber(polished.loss)} at ${bitText(polished.index, bits)}`
      : undefined;
  const first = said ?? verdict(byAll(best.loss, costs.length), baselines, maximum - low);
  const weights = weightsByOrder(walsh(costs));
  const minima = localMinima(costs).length;
  const { network: _, index, ...bestNumbers } = best;
  const tied = set.length === 1 ? "one configuration" : `a set of ${set.length.toLocaleString("en")} configurations that tie`;
  const summary = `Best of the trained circuit: loss ${formatNumber(best.loss)} at ${best.bits}; the exact minimum is ${formatNumber(minimum)}, reached by ${tied}, of which the circuit yields one with probability ${formatNumber(pOptimal)}.`;
  const baselineRows = baselines.map((b) => ({ ...b, bits: bitText(b.index, bits), optimal: b.loss <= minimum + 1e-10 * (maximum - low) }));
  return {
    ...{ ...worked, chosen, probabilities: p, spectrum: weights, ranked },
    course: path.map(({ step, angles: at }) => ({ step, drawn: condensed(costs, simulation.probabilities(Float64Array.from(at))) })),
    title: networks ? `Binary networks for ${source.title}` : `Search of ${source.title}`,
    summary: first ? `${first}. ${summary}` : summary,
    numbers: numbersOf(),
    tables: [rankedTable(ranked), baselineTable(baselineRows, { loss: best.loss, evaluations: costs.length, pOptimal })],
    warnings: maximum > low ? [] : ["every configuration has the same cost: there is nothing to find"],
    results: {
      best: { ...bestNumbers, index, ...(networks && { weights: best.network?.layers.map((layer) => layer.weights) }) },
      optimum: { loss: minimum, count: set.length },
      pOptimal,
      evaluations: costs.length,
      baselines: baselineRows.map(({ index: at, ...row }) => ({ ...row, index: at })),
      ...{ energy, entropy, support, gradientNorm, gates, layers, angles, shotsFor99: out.shotsFor99, polished },
      ...(out.shots && { measured: out.shots }),
      ...(noisy && { noise: { ...measuring.noise, energyWithoutNoise: withoutNoise } }),
      restarts: restarts.map(({ angles: _angles, path: _path, trace, ...rest }) => ({ ...rest, steps: trace.length - 1 })),
      landscape: { walsh: [...weights], localMinima: minima },
      verdict: first,
    },
    text: (took) => [
      ...(first ? [first] : []),
      bestText(best),
      `exact minimum ${formatNumber(minimum)} of ${tied}; the circuit yields one with probability ${formatNumber(pOptimal)}`,
      ...(out.shots ? [shotsText(out.shots)] : []),
      ...baselineRows.map(
        (b) => `  ${b.name.padEnd(18)} ${formatNumber(b.loss).padEnd(10)} after ${b.evaluations.toLocaleString("en")} evaluations`,
      ),
      `  ${"circuit".padEnd(18)} ${formatNumber(best.loss).padEnd(10)} simulated with all ${costs.length.toLocaleString("en")} costs`,
      `${restarts.length} restarts in ${took}`,
    ],
  };

  function numbersOf(): Findings["numbers"] {
    return [
      { name: "best loss", value: best.loss, note: best.bits },
      { name: "exact minimum", value: minimum, note: tied },
      { name: "P(optimal set)", value: pOptimal, note: "of the restart that ended lowest" },
      {
        name: noisy ? "mean loss under noise" : "mean loss",
        value: energy,
        note: `above the minimum by ${formatNumber(energy - minimum)}${withoutNoise === undefined ? "" : `; without noise ${formatNumber(withoutNoise)}`}`,
      },
      ...accuracyNumbers(best),
      ...(out.shots ? [{ name: "measured", value: shotsText(out.shots) }] : []),
      { name: "shots for 99 %", value: out.shotsFor99, note: "until one is optimal" },
      { name: "entropy", value: entropy, note: `nats; ${support} states above 1/1000` },
      { name: "circuit", value: `${bits} qubits, ${layers} layers, ${gates} gates, ${angles.length} angles` },
      {
        name: "local minima",
        value: minima,
        note: `of single flips; orders 1 and 2 hold ${formatNumber(100 * lowOrderShare(weights))} % of the variance`,
      },
      ...(polished ? [{ name: "polished (classical)", value: polished.loss, note: `${polished.evaluations} more evaluations` }] : []),
    ];
  }
}

const shotsText = ({ shots, optimal, interval }: NonNullable<ReadOut["shots"]>): string =>
  `${optimal} of ${shots.toLocaleString("en")} shots optimal: probability ${formatNumber(interval[0])} to ${formatNumber(interval[1])} (95 %)`;

const baselineTable = (
  rows: readonly { readonly name: string; readonly loss: number; readonly evaluations: number; readonly optimal: boolean }[],
  circuit: { readonly loss: number; readonly evaluations: number; readonly pOptimal: number },
) => ({
  title: "Beside classical searches",
  columns: ["search", "best loss", "evaluations until then", "optimal"],
  rows: [
    ["circuit (simulated)", circuit.loss, circuit.evaluations, `P = ${formatNumber(circuit.pOptimal)}`],
    ...rows.map(({ name, loss, evaluations, optimal }) => [name, loss, evaluations, optimal ? "yes" : "no"]),
  ],
  caption: "A simulation computes every cost before it begins: its evaluations are all there are.",
});
