/** What a trained model of pictures is worth: numbers that its task allows. */
import { type NdArray, type Random, sizeOf } from "../../array/index.ts";
import type { Desk } from "../../lab/life.ts";
import { formatNumber } from "../../numbers.ts";
import { estimate } from "../../sampling/index.ts";
import { systematic } from "../../transport/evaluation/thinning.ts";
import { pictureDifference, solverCautions, weightCautions } from "../../transport/images/check.ts";
import { makePictures, type Restored, type TrainedImages, waysOf } from "../../transport/images/evaluate.ts";
import { drawPictures } from "../../transport/images/learning/index.ts";
import { hasDensity, logDensities } from "../../transport/images/likelihood.ts";
import {
  bitsPerDimension,
  type FeatureNet,
  featureSteps,
  judgeRestorations,
  judgeSamples,
  picturesAt,
  type RestorationJudgement,
  type SampleJudgement,
  trainFeatures,
} from "../../transport/images/measures/index.ts";
import { pictureMaker } from "../../transport/images/sample.ts";
import type { ImageSolver } from "../../transport/images/solvers.ts";
import { effectiveShare } from "../../transport/motion/particles.ts";
import { unitPictures } from "./data.ts";
import type { ImagesProblem } from "./problem.ts";

/** Bits of held-out pictures and the standard error of their mean. */
export interface Bits {
  readonly mean: number;
  readonly se: number;
  readonly pictures: number;
}

/** All that is found out. */
export interface ImagesJudgement {
  readonly made: Restored;
  /** Rows of the held-out part that were asked for. */
  readonly rows: Int32Array;
  /** Some pictures on their way, the start first. */
  readonly ways: readonly NdArray<"f32">[];
  readonly restoration?: RestorationJudgement;
  readonly samples?: SampleJudgement;
  readonly features?: Pick<FeatureNet, "task" | "accuracy" | "se" | "chance">;
  /** The training pictures that are nearest to the first samples. */
  readonly neighbours?: NdArray<"f32">;
  readonly bits?: Bits;
  /** Root mean square change of pictures by twice as many steps, in [0, 1]. */
  readonly solverError?: number;
  /** Share of pictures that their weights leave, for growth. */
  readonly effective?: number;
  readonly warnings: readonly string[];
}

/** Samples that are shown beside their neighbours. */
export const shownNeighbours = 12;
/** Pictures whose ways are shown, states of a way, and pictures that bits are taken of. */
export const [shownWays, shownStages] = [8, 8];
const bitsOf = { usual: 100, quick: 16, together: 20 };
/** Values of the pictures that are held as numbers: 268 MB. */
const mostValues = 2 ** 26;
/** Held-out pictures that samples are compared with. */
const mostHeldOut = 5000;

export async function judged(problem: ImagesProblem, trained: TrainedImages, { rng, progress }: Desk): Promise<ImagesJudgement> {
  const { parts, samples, options } = problem;
  const held = parts.heldOut.pixels.shape[0];
  const restores = problem.problem.task.restores || options.paired;
  const count = restores ? Math.min(samples, held) : samples;
  const rows = Int32Array.from({ length: count }, (_, i) => (restores ? Math.floor((i * held) / count) : i % held));
  const line = progress("making pictures", count);
  const made = await makePictures(trained, parts.heldOut, rows, rng.fold("samples"), (done) => line.update(done));
  line.finish();
  const first = Int32Array.from(rows.subarray(0, shownWays));
  const ways = await waysOf(trained, parts.heldOut, first, shownStages, rng.fold("ways"));
  const solverError = await errorOfSteps(problem, trained, ways, first, rng);
  const effective = options.growth > 0 ? effectiveShare(asArray(made.logWeight)) : undefined;
  const restoration = restores ? await judgeRestorations(made.made, made.truth, made.baseline) : undefined;
  const generated = restores ? undefined : await ofGenerated(problem, byWeight(made, options.growth > 0, rng), rng, progress);
  const densities =
    options.bits && hasDensity(trained.model) ? await bitsOfHeldOut(problem, trained, rng.fold("bits"), progress) : undefined;
  return {
    ...{ made, rows, ways, restoration, bits: densities?.bits, solverError, effective, ...generated },
    warnings: [
      ...(restoration?.warnings ?? []),
      ...(generated?.samples.warnings ?? []),
      ...(densities?.warnings ?? []),
      ...solverCautions(solverError, problem.solverName),
      ...(effective === undefined ? [] : weightCautions(effective)),
    ],
  };
}

const asArray = (data: Float32Array): NdArray<"f32"> => ({ dtype: "f32", shape: [data.length], data: Float32Array.from(data) });

/** The same ways with twice as many steps, from the same noise. */
async function errorOfSteps(
  { solver, parts, options }: ImagesProblem,
  trained: TrainedImages,
  ways: readonly NdArray[],
  rows: Int32Array,
  rng: Random,
): Promise<number | undefined> {
  const { model } = trained;
  if (!("steps" in solver.control) || !model.dynamics || model.setting.noise > 0) return undefined;
  const finer = { ...solver, control: { steps: 2 * solver.control.steps } };
  const make = pictureMaker(model, { solver: finer, threads: options.threads, pictures: somePictures(parts) });
  const again = await waysOf({ ...trained, make }, parts.heldOut, rows, 1, rng.fold("ways"));
  return pictureDifference(ways[ways.length - 1], again[again.length - 1]);
}

/** Pictures in [-1, 1] of which starts of some paths are made. */
export function somePictures({ train }: ImagesProblem["parts"]): NdArray<"f32"> {
  const { shape, data } = unitPictures(train.pixels, 1000);
  return { dtype: "f32", shape, data: data.map((v) => 2 * v - 1) };
}

/** Pictures of equal weight. */
const byWeight = ({ made, logWeight }: Restored, weighted: boolean, rng: Random): NdArray<"f32"> => {
  if (!weighted) return made;
  const top = logWeight.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return picturesAt(
    made,
    systematic(
      logWeight.map((w) => Math.exp(w - top)),
      logWeight.length,
      rng.fold("weights"),
    ),
  );
};

async function ofGenerated({ parts, options }: ImagesProblem, made: NdArray<"f32">, rng: Random, progress: Desk["progress"]) {
  const size = sizeOf(made.shape.slice(1));
  const train = unitPictures(parts.train.pixels, Math.floor(mostValues / size));
  const heldOut = unitPictures(parts.heldOut.pixels, mostHeldOut);
  const steps = options.quick ? featureSteps.quick : featureSteps.usual;
  const line = progress("learning features to compare by", steps);
  // features that tell classes apart hardly see noise; those that tell turned pictures from others do, and need no labels
  const net = await trainFeatures(train, undefined, { steps, rng: rng.fold("features"), report: (step) => line.update(step) });
  line.finish();
  const { task, accuracy, se, chance } = net;
  const found = await judgeSamples(made, { train, heldOut }, net, rng.fold("judge"));
  const nearest = found.nearest.nearest.slice(0, shownNeighbours).map(({ row }) => row);
  const all = parts.train.pixels.shape[0];
  const told =
    train.shape[0] < all
      ? [`features and nearest pictures are of ${train.shape[0]} of the ${all} training pictures: a copy of another one is not seen`]
      : [];
  const samples = { ...found, warnings: [...told, ...found.warnings] };
  return { samples, neighbours: picturesAt(train, nearest), features: { task, accuracy, se, chance } };
}

/**
 * Bits by which twice as many steps may change the mean: models of tables differ by tenths. Far beyond it they are no bits of the model; they may
 * even fall below 0.
 */
const mostBitsError = 0.05;

/** @returns  bits, or why there are none */
async function bitsOfHeldOut(
  { problem, parts, options, solver, solverName }: ImagesProblem,
  { model, net }: TrainedImages,
  rng: Random,
  progress: Desk["progress"],
): Promise<{ bits?: Bits; warnings: readonly string[] }> {
  const count = Math.min(options.quick ? bitsOf.quick : bitsOf.usual, parts.heldOut.pixels.shape[0]);
  const together = Math.min(bitsOf.together, count);
  const line = progress("bits of held-out pictures", count);
  const bitsBy = (how: ImageSolver) => {
    const density = logDensities(model, how, options.threads);
    return async (first: number): Promise<Float64Array> => {
      const rows = Int32Array.from({ length: together }, (_, i) => first + i);
      const stream = rng.fold(first);
      const logs = await density(net, drawPictures(problem, parts.heldOut, rows, stream.fold("pictures"), true), stream.fold("probe"));
      return logs.map((log) => bitsPerDimension(log, sizeOf(problem.shape)));
    };
  };
  const bitsAt = bitsBy(solver);
  const found = new Float64Array(count);
  for (let start = 0; start < count; start += together) {
    const first = Math.min(start, count - together);
    found.set(await bitsAt(first), first);
    line.update(first + together);
  }
  const finer = "steps" in solver.control && (await bitsBy({ ...solver, control: { steps: 2 * solver.control.steps } })(0));
  line.finish();
  const error = finer ? Math.abs(estimate(finer).mean - estimate(found.subarray(0, together)).mean) : 0;
  if (!(error <= mostBitsError)) {
    const why = `twice as many steps change them by ${formatNumber(error)} (limit ${mostBitsError})`;
    return { warnings: [`bits per dimension are not told: ${why}; take more steps than ${solverName}, or --solver dopri5`] };
  }
  const { mean, error: se } = estimate(found);
  return { bits: { mean, se, pictures: count }, warnings: [] };
}
