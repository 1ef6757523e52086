/**
 * Bounds on the mutual information of a linear-Gaussian model, whose value is known: pilots, an adaptive schedule, and annealing in both
 * directions. x = W z + σ ε with W_ij = sin(i j), 20 observations of 10 latents, σ² = 0.01: I = ½ log det(I + WᵀW / σ²) = 34.723.
 *
 *   npm run study:sampling -- [T] [seed]
 */
import { array, type NdArray, ndarray, type Random, randomStream } from "../src/array/index.ts";
import {
  adaptiveSchedule,
  anneal,
  bennett,
  byDatum,
  type Estimate,
  estimate,
  hmc,
  type LogDensity,
  mixtureLower,
  mixtureUpper,
  pilotPath,
  pilotStepSizes,
  reverseUpper,
  samplingCautions,
  sigmoidSchedule,
  temperedPath,
} from "../src/sampling/index.ts";
import { matmul, type Tensor } from "../src/tensor/index.ts";

const [D, d, variance] = [20, 10, 0.01];
const steps = Number(process.argv[2] ?? 500);
const [points, chains] = [128, 8];
const truth = 34.7230177364;

const weights = Float64Array.from({ length: d * D }, (_, e) => Math.sin((Math.floor(e / D) + 1) * ((e % D) + 1)));
const W = ndarray(Float32Array.from(weights), [d, D], "f32");

interface Observed {
  /** [chains, D]. */
  readonly x: Tensor;
}
const prior: LogDensity<Observed> = (z) => z.square().sum(1).mul(-0.5);
const likelihood: LogDensity<Observed> = (z, { x }) =>
  x
    .sub(matmul(z, W))
    .square()
    .sum(1)
    .mul(-0.5 / variance);
const kernel = hmc<Observed>([prior, likelihood], 10);

/** Latents and what is seen of them. */
function pairs(count: number, rng: Random): { z: NdArray<"f32">; x: NdArray<"f32"> } {
  const [z, noise] = [rng.normal([count, d]), rng.normal([count, D])];
  const x = Float32Array.from(noise.data, (e, at) => {
    const [b, i] = [Math.floor(at / D), at % D];
    let mean = 0;
    for (let j = 0; j < d; j++) mean += z.data[b * d + j] * weights[j * D + i];
    return mean + Math.sqrt(variance) * e;
  });
  return { z, x: ndarray(x, [count, D], "f32") };
}

/** All rows, several times over. */
const tiled = ({ data, shape }: NdArray<"f32">, times: number): NdArray<"f32"> => {
  const repeated = new Float32Array(data.length * times);
  for (let k = 0; k < times; k++) repeated.set(data, k * data.length);
  return ndarray(repeated, [shape[0] * times, ...shape.slice(1)], "f32");
};

const rng = randomStream(Number(process.argv[3] ?? 0));
const withStepSize = (stepSize: number) => ({ stepSize: array(stepSize, "f32", []) });

/** Step sizes on 64 pairs of two chains each, in both rounds from chains of their own. */
async function pilotFor(betas: Float64Array, label: string) {
  const seen = tiled(pairs(64, rng.fold(`${label} pairs`)).x, 2);
  const starts = rng.fold(`${label} starts`).normal([128, d]);
  const options = { kernel, path: temperedPath, betas, data: { x: seen } };
  const frozen = await pilotStepSizes({ ...options, withStepSize, start: 0.05 }, starts, rng.fold(label));
  return { options, starts, frozen, parameters: (t: number) => withStepSize(frozen.stepSizes[t - 1]) };
}

const began = performance.now();
const first = await pilotFor(sigmoidSchedule(200, 8), "first");
const fluctuations = await pilotPath({ ...first.options, parameters: first.parameters }, first.starts, 64, rng.fold("fluctuations"));
const schedule = adaptiveSchedule(fluctuations, steps);
const second = await pilotFor(schedule.betas, "second");
const piloted = performance.now();

const { z, x } = pairs(points, rng.fold("pairs"));
const { logWeights, ...rest } = await (async () => {
  const starts = { forward: rng.fold("starts").normal([points * chains, d]), reverse: tiled(z, chains) };
  const options = { kernel, path: temperedPath, betas: schedule.betas, data: { x: tiled(x, 2 * chains) }, parameters: second.parameters };
  const run = await anneal(options, starts, rng.fold("anneal"));
  return { logWeights: [run.forward.logWeights, run.reverse.logWeights], records: run.records };
})();
const took = performance.now() - piloted;

const [forward, reverse] = logWeights.map((logs) => byDatum(logs, points));
const fit = Float64Array.from({ length: points }, (_, b) => {
  let squares = 0;
  for (let i = 0; i < D; i++) {
    let mean = 0;
    for (let j = 0; j < d; j++) mean += z.data[b * d + j] * weights[j * D + i];
    squares += (x.data[b * D + i] - mean) ** 2;
  }
  return (-0.5 * squares) / variance;
});
const information = (logZ: (b: number) => number): Estimate => estimate(fit.map((l, b) => l - logZ(b)));
const mean = (logs: Float64Array): number => estimate(logs).mean;
const show = (name: string, { mean, error }: Estimate): void => console.log(`${name.padEnd(36)} ${mean.toFixed(2)} ± ${error.toFixed(2)}`);

console.log(
  `I = ${truth.toFixed(3)}, T = ${steps}, ${points} pairs, ${chains} chains each way; length ${schedule.length.toFixed(2)} (exact 17.425)`,
);
show(
  "one weight, lower",
  information((b) => mean(reverse[b])),
);
show(
  "one weight, upper",
  information((b) => mean(forward[b])),
);
show(
  "mixture, lower",
  information((b) => mixtureUpper(forward[b], reverse[b])),
);
show(
  "mixture, upper",
  information((b) => mixtureLower(forward[b])),
);
show(
  "reverse chains, lower",
  information((b) => reverseUpper(reverse[b])),
);
show(
  "Bennett (no bound)",
  information((b) => bennett(forward[b], reverse[b]).mean),
);
const gap = mean(Float64Array.from(reverse, mean)) - mean(Float64Array.from(forward, mean));
console.log(`gap of one weight ${gap.toFixed(2)}, with perfect kernels ${schedule.gap.toFixed(2)}`);
const acceptance = rest.records.map((record) => (record.acceptance.forward + record.acceptance.reverse) / 2);
const invalid = { rejected: rest.records.reduce((sum, record) => sum + record.invalid, 0), proposals: steps * points * chains * 2 };
const cautions = samplingCautions({ acceptance, invalid }).join("; ") || "none";
console.log(`acceptance ${mean(Float64Array.from(acceptance)).toFixed(2)}; cautions: ${cautions}`);
console.log(`pilots ${((piloted - began) / 1000).toFixed(1)} s, annealing ${(took / 1000).toFixed(1)} s`);
