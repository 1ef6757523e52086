/** What a generative model learns from: rows of numbers in three parts, in the units of the model. */
import { allocate, type NdArray, type Random, type Shape, sizeOf } from "../array/index.ts";
import { type Examples, type Split, type Standardization, splitRows, standardizationOf } from "../data/examples.ts";
import { UserError } from "../errors.ts";

/** The parts of the data. */
export type SamplePart = keyof Split;

/** What the noise of a decoder is: about its mean, or of each pixel being 1. */
export type Likelihood = "gaussian" | "bernoulli";

/** Samples in the units of the model: images in [0, 1], features of a table in their standard deviations. */
export interface SampleProblem {
  readonly examples: Examples;
  readonly split: Split;
  /** Of one sample: [channels, height, width] or [features]. */
  readonly shape: Shape;
  /** Numbers of one sample. */
  readonly size: number;
  readonly isImages: boolean;
  /** x = (value - mean) / deviation, one of each a channel or feature. */
  readonly scaling: Standardization;
  count(part: SamplePart): number;
  /** Rows of a part, [n, size]. */
  batch(part: SamplePart, rows: Int32Array): NdArray<"f32">;
}

/**
 * Samples split at random.
 *
 * @param asUnits  features are taken as they are, and have to lie in [0, 1]: what Bernoulli noise asks for
 * @throws UserError  when a part would be empty, or for values that are not finite or not in [0, 1]
 */
export function sampleProblem(
  examples: Examples,
  rng: Random,
  shares: Parameters<typeof splitRows>[2],
  { asUnits = false }: { asUnits?: boolean } = {},
): SampleProblem {
  const split = splitRows(examples, rng, shares);
  const { data, shape } = examples.inputs;
  const isImages = shape.length === 4;
  const [channels, ...rest] = shape.slice(1);
  const positions = sizeOf(rest);
  const size = channels * positions;
  const plain = (deviation: number): Standardization => ({
    mean: new Float64Array(channels),
    deviation: new Float64Array(channels).fill(deviation),
  });
  const largest = examples.inputs.dtype === "u8" ? 255 : 1;
  requireFinite(examples);
  if (!isImages && asUnits) requireUnits(examples);
  if (isImages && largest === 1) requireUnits(examples);
  const scaling = isImages ? plain(largest) : asUnits ? plain(1) : standardizationOf(examples, split.train);
  return {
    ...{ examples, split, shape: shape.slice(1), size, isImages, scaling },
    count: (part) => split[part].length,
    batch(part, rows) {
      const x = allocate("f32", [rows.length, size]);
      for (let i = 0, at = 0; i < rows.length; i++)
        for (let c = 0, from = split[part][rows[i]] * size; c < channels; c++) {
          const [mean, deviation] = [scaling.mean[c], scaling.deviation[c]];
          for (let p = 0; p < positions; p++) x.data[at++] = (Number(data[from++]) - mean) / deviation;
        }
      return x;
    },
  };
}

const placeOf = ({ inputs, features, source }: Examples, at: number): string => {
  const [, channels, ...rest] = inputs.shape;
  const positions = sizeOf(rest);
  const row = Math.floor(at / (channels * positions));
  const name = features[Math.floor(at / positions) % channels] ?? "value";
  return `${source}, ${inputs.shape.length === 4 ? "image" : "row"} ${row + 1}: "${name}" is ${inputs.data[at]}`;
};

/** @throws UserError */
function requireFinite(examples: Examples): void {
  const { data, dtype } = examples.inputs;
  const bad = dtype === "u8" ? -1 : data.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0) throw new UserError(placeOf(examples, bad), "every value must be a finite number: leave such rows out or fill them in");
}

/** @throws UserError */
function requireUnits(examples: Examples): void {
  const bad = examples.inputs.data.findIndex((v) => v < 0 || v > 1);
  if (bad >= 0)
    throw new UserError(
      `${placeOf(examples, bad)}, not in [0, 1]`,
      "take --likelihood gaussian, which standardises features, or scale the columns to probabilities first",
    );
}
