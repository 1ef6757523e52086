/** Trainings that ask for costs of sampled strings alone, and searches that may ask for as many. */
import type { Random } from "../../array/index.ts";
import type { Workbench } from "../../lab/method.ts";
import type { Circuit } from "../../quantum/circuit.ts";
import type { Moment } from "../../quantum/figures/losses.ts";
import { type Baseline, baselines } from "../../quantum/search/baselines.ts";
import { type Cost, type Found, remembered, uniforms } from "../../quantum/search/counter.ts";
import { byScore, byShift } from "../../quantum/training/evaluators.ts";
import type { Restart } from "../../quantum/training/restart.ts";
import { productSampler, type Sampler, samplerOf } from "../../quantum/training/sampler.ts";
import { circuitOf, estimateOf } from "../../quantum/training/settings.ts";
import { simulationOf } from "../../quantum/training/simulation.ts";
import { breathe } from "./enumerated.ts";
import { isByBits } from "./plan.ts";
import { costOf } from "./problem.ts";
import { lowestOf, type Saved, trainings } from "./trainings.ts";
import { type Problem, settled } from "./work.ts";

/** A string that was measured on a trained circuit. */
interface Shown {
  readonly index: number;
  readonly loss: number;
  readonly count: number;
}

/** A restart, and what shots of its end show. Plain data, in units of the cost. */
export interface SampledRestart extends Restart {
  readonly layers: number;
  readonly gates: number;
  /** Mean cost of the shots, and its standard error. */
  readonly energy: number;
  readonly error: number;
  /** Mean of -log p over the shots: an estimate without bias. */
  readonly entropy: number;
  readonly shown: readonly Shown[];
  /** Different configurations whose costs were asked for, in this restart alone. */
  readonly evaluations: number;
  readonly seen: Found;
}

export interface SampledWork {
  readonly restarts: readonly SampledRestart[];
  readonly chosen: number;
  /** What the chosen circuit yielded on the way, by shots of their own. */
  readonly course: readonly Moment[];
  /** Costs of uniform strings: what there is, as far as it is known. */
  readonly uniform: readonly number[];
  readonly baselines: readonly Baseline[];
  /** Different configurations that the trainings asked for, those of the beginning included. */
  readonly evaluations: number;
  readonly seen: Found;
}

/** Uniform strings by which costs are scaled before a training; and strings of a histogram in a picture, whose costs do not count. */
const [probes, pictured] = [64, 2048];

/** @returns  nothing when it was interrupted */
export async function trainSampled(problem: Problem, bench: Workbench<Saved<SampledRestart>>): Promise<SampledWork | undefined> {
  const { loaded, circuit, measuring, stepping, shots } = problem;
  const { rng, interrupted, progress } = bench;
  const { bits, networks } = loaded;
  const cost = costOf(loaded);
  const probed = remembered(cost);
  const first = uniformStrings(bits, probes, rng.fold("probes")).map(probed.cost);
  const [mean, range] = [first.reduce((a, b) => a + b, 0) / probes, Math.max(...first) - Math.min(...first) || 1];
  const objective = settled(problem, range);
  const samplerFor = (made: Circuit, stream: Random): Sampler =>
    isByBits(circuit.ansatz, true, measuring.noise)
      ? productSampler(bits)
      : samplerOf(simulationOf(made, measuring.noise, stream.fold("noise")));
  const restarts = await trainings(
    {
      ...{ depths: problem.depths, restarts: problem.restarts, iterations: stepping.iterations },
      begin(layers, stream) {
        const made = circuitOf(bits, { ...circuit, layers });
        const sampler = samplerFor(made, stream);
        const asked = remembered(cost);
        const scaled: Cost = (k) => (asked.cost(k) - mean) / range;
        const estimate = estimateOf({ ...objective, temperature: objective.temperature / range }, scaled, bits);
        const by = measuring.gradient === "shift" ? byShift : byScore;
        const inUnits = (value: number): number => mean + range * value;
        return {
          evaluator: by(sampler, estimate, { shots: measuring.shots, random: stream.fold("shots") }),
          stepping: { ...stepping, metric: circuit.ansatz === "product" ? undefined : made },
          inUnits,
          done: (end) => ({
            ...end,
            ...{ layers, gates: made.gates.length, value: inUnits(end.value), trace: end.trace.map(inUnits) },
            ...shownBy(sampler, end, shots || measuring.shots, asked.cost, stream.fold("shown")),
            ...{ evaluations: asked.computed(), seen: asked.best() },
          }),
        };
      },
    },
    bench,
  );
  if (!restarts) return undefined;
  const evaluations = restarts.reduce((sum, r) => sum + r.evaluations, probed.computed());
  const found: Baseline[] = [];
  const line = progress("classical searches", networks ? 5 : 4);
  for (const baseline of baselines({ bits, cost, budget: Math.min(evaluations, 2 ** bits), once: true, networks }, rng.fold("baselines"))) {
    found.push(baseline);
    line.update(found.length);
    await breathe();
    if (interrupted()) return undefined;
  }
  line.finish();
  const uniform = uniformStrings(bits, pictured, rng.fold("uniform")).map(cost);
  const chosen = lowestOf(restarts);
  const { layers, path = [] } = restarts[chosen];
  const sampler = samplerFor(circuitOf(bits, { ...circuit, layers }), rng.fold("course"));
  const course = path.map(({ step, angles }) => {
    const { states, counts } = sampler.draw(Float64Array.from(angles), pictured, rng.fold("course").fold(step));
    return { step, drawn: { costs: states.map(cost), shares: counts } };
  });
  return { restarts, chosen, course, uniform, baselines: found, evaluations, seen: firstBest(probed.best(), probed.computed(), restarts) };
}

const uniformStrings = (bits: number, count: number, rng: Random): readonly number[] => {
  const u = uniforms(rng);
  return Array.from({ length: count }, () => Math.floor(u() * 2 ** bits));
};

/** What shots of a trained circuit show. */
function shownBy(sampler: Sampler, { angles }: Restart, shots: number, cost: Cost, random: Random) {
  const { states, counts, logs } = sampler.draw(Float64Array.from(angles), shots, random);
  const shown = states.map((index, i) => ({ index, loss: cost(index), count: counts[i] }));
  const energy = shown.reduce((sum, { loss, count }) => sum + (count / shots) * loss, 0);
  const variance = shown.reduce((sum, { loss, count }) => sum + (count / shots) * (loss - energy) ** 2, 0);
  return {
    energy,
    error: Math.sqrt(variance / (shots - 1)),
    entropy: -logs.reduce((sum, log, i) => sum + (counts[i] / shots) * log, 0),
    shown: shown.sort((a, b) => a.loss - b.loss || b.count - a.count),
  };
}

/** The best of all, and how many had been asked for by then, restart after restart. */
function firstBest(start: Found, asked: number, restarts: readonly SampledRestart[]): Found {
  let [best, before] = [start, asked];
  for (const { seen, evaluations } of restarts) {
    if (seen.loss < best.loss) best = { ...seen, evaluations: before + seen.evaluations };
    before += evaluations;
  }
  return best;
}
