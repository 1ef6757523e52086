/** What is said of generated pictures: are they like real ones, are all kinds among them, and are they no copies? */
import type { NdArray, Random } from "../../../array/index.ts";
import { type Frechet, frechet, type PrdcOf, prdc, rowsOf, type Withheld } from "../../../distances/index.ts";
import { UserError } from "../../../errors.ts";
import { type Discrepancy, featureDiscrepancy } from "./discrepancy.ts";
import type { FeatureNet } from "./features.ts";
import { type Nearness, nearestTraining } from "./nearest.ts";
import { type Pictures, picturesAt, pixelRows } from "./pictures.ts";

/** The Fréchet distance of features, with what the number of rows alone makes of it taken off. */
export interface FeatureFrechet extends Frechet {
  /** Value less reference: about 0 for samples of the data. */
  readonly excess: number;
  /** Standard error of the excess, over samples and real rows. */
  readonly excessError: number;
}

/** Generated pictures beside real ones; all but `nearest` in features, beside held-out pictures. */
export interface SampleJudgement {
  readonly frechet: FeatureFrechet | Withheld;
  readonly prdc: Awaited<ReturnType<PrdcOf>>;
  readonly mmd: Discrepancy | Withheld;
  /** By pixels. */
  readonly nearest: Nearness;
  /** Samples and held-out pictures that were compared. */
  readonly rows: { readonly samples: number; readonly heldOut: number };
  readonly warnings: readonly string[];
}

/** Real pictures: those that a model was trained on, and those that it never saw. */
export interface RealPictures {
  readonly train: Pictures;
  readonly heldOut: Pictures;
}

/** Pictures of either kind that are compared, and held-out ones whose nearest training picture is sought. */
const [most, mostNearest] = [5000, 1000];

/**
 * Held-out pictures, not those of the training, are the measure: a model that copies its training set would be near to it, and is not
 * near to what it never saw.
 *
 * @param rng  draws which pictures are compared, where there are more than 5000
 */
export async function judgeSamples(
  generated: Pictures,
  { train, heldOut }: RealPictures,
  net: FeatureNet,
  rng: Random,
): Promise<SampleJudgement> {
  const { samples, warnings } = finite(generated);
  const [own, real] = [some(samples, most, rng.fold("samples")), some(heldOut, most, rng.fold("held out"))];
  const [mine, others] = [await net.features(own), await net.features(real)];
  const nearest = await nearestTraining(samples, train, some(heldOut, mostNearest, rng.fold("nearest")));
  return {
    frechet: await featureFrechet(mine, others, rng.fold("frechet")),
    prdc: await prdc(others)(mine),
    mmd: await featureDiscrepancy(mine, others, rng.fold("mmd")),
    nearest,
    rows: { samples: own.shape[0], heldOut: real.shape[0] },
    warnings: [...net.warnings, ...warnings, ...nearest.warnings],
  };
}

/** Pictures without those that hold no numbers. @throws UserError  if none is left */
function finite(pictures: Pictures): { samples: Pictures; warnings: string[] } {
  const { data, shape } = pixelRows(pictures);
  const [n, d] = shape;
  const rows = Array.from({ length: n }, (_, i) => i).filter((i) => data.subarray(i * d, (i + 1) * d).every(Number.isFinite));
  if (rows.length === n) return { samples: pictures, warnings: [] };
  if (rows.length === 0)
    throw new UserError(`all ${n} generated pictures hold values that are no numbers`, "the model diverged: lower its learning rate");
  const told = `${n - rows.length} of ${n} generated pictures hold values that are no numbers: left out of what is said of the others`;
  return { samples: picturesAt(pictures, rows), warnings: [told] };
}

/** At most so many pictures, drawn at random. */
const some = (x: Pictures, count: number, rng: Random): Pictures =>
  x.shape[0] <= count ? x : picturesAt(x, rng.permutation(x.shape[0]).data.subarray(0, count));

/** Groups of samples that are left out in turn. */
const groups = 10;

/**
 * Its error has two parts: that of the real halves, over five splits, and that of the samples, by leaving out a tenth of them in turn
 * (jackknife: Efron & Stein, Annals of Statistics 9, 1981).
 */
export async function featureFrechet(samples: NdArray<"f32">, real: NdArray<"f32">, rng: Random): Promise<FeatureFrechet | Withheld> {
  const measure = frechet(real, rng.fold("splits"));
  // as many as half of the real rows: of more, each split would take others
  const own = rowsOf(
    samples,
    rng
      .fold("order")
      .permutation(samples.shape[0])
      .data.subarray(0, real.shape[0] >> 1),
  );
  const whole = await measure(own);
  if ("none" in whole) return whole;
  const left: number[] = [];
  for (let g = 0; g < groups; g++) {
    const rows = Array.from({ length: own.shape[0] }, (_, i) => i).filter((i) => i % groups !== g);
    const part = await measure(rowsOf(own, rows));
    if ("none" in part) return part;
    left.push(part.value.mean);
  }
  const mean = left.reduce((a, b) => a + b, 0) / groups;
  const ofSamples = Math.sqrt(((groups - 1) / groups) * left.reduce((sum, v) => sum + (v - mean) ** 2, 0));
  const { value, reference } = whole;
  return { ...whole, excess: value.mean - reference.mean, excessError: Math.hypot(ofSamples, value.se, reference.se) };
}
