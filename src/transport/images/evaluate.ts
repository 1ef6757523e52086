/** Pictures made for judging: in batches of one size, in [0, 1]. */
import { type NdArray, ndarray, type Random, sizeOf } from "../../array/index.ts";
import { type Arrays, clamp, jit, type Tensor } from "../../tensor/index.ts";
import { drawPictures, type Pictures, seenOf } from "./learning/batch.ts";
import type { ImageModel } from "./learning/learner.ts";
import type { ImageNet } from "./learning/network.ts";
import type { Observation } from "./paths/tasks.ts";
import type { ImagePart } from "./problem.ts";
import type { MakePictures } from "./sample.ts";

/** Pictures that are made at a time. */
const together = 50;

/** What is seen of pictures, and in [0, 1] the pictures, what is made of them without a model, and what is seen as it is shown. */
type Ask = (pictures: Pictures) => Promise<Record<"truth" | "baseline" | "shown", NdArray> & { readonly seen: Observation<NdArray> }>;

/** A trained model, what makes pictures by it, and what is asked of it. */
export interface TrainedImages {
  readonly model: ImageModel;
  readonly net: Arrays<ImageNet>;
  readonly make: MakePictures;
  readonly ask: Ask;
}

/** What is asked is compiled once a shape, and the mean picture found once. */
export const trainedImages = (model: ImageModel, net: Arrays<ImageNet>, make: MakePictures): TrainedImages => ({
  model,
  net,
  make,
  ask: asking(model),
});

/** What was made of pictures, all in [0, 1], [n, C, H, W]. */
export interface Restored {
  readonly made: NdArray<"f32">;
  /** The pictures, what is made of them without a model, and what is seen of them as it is shown. */
  readonly truth: NdArray<"f32">;
  readonly baseline: NdArray<"f32">;
  /** What is seen of them. */
  readonly seen: NdArray<"f32">;
  readonly evaluations: number;
  /** log w of each, [n]. */
  readonly logWeight: Float32Array;
}

const units = (x: Tensor): Tensor => clamp(x.add(1).mul(0.5), 0, 1);

function asking({ problem }: ImageModel): Ask {
  const { baseline, shown } = problem.task;
  const mean = meanPicture(problem.train.pixels);
  const run = jit((pictures: Pictures<Tensor>, mean: Tensor) => {
    const { x, seen } = seenOf(problem, pictures);
    const simple = baseline ? baseline.restore(seen, mean) : x;
    return { seen, truth: units(x), baseline: units(simple), shown: units(shown ? shown(seen) : simple) };
  });
  return async (pictures) => {
    const { seen, ...beside } = await run(pictures, mean);
    return { seen: seen as Observation<NdArray>, ...beside }; // a tree of the same keys
  };
}

const shown = jit(units);

/**
 * Makes a picture for each of some rows of a part: what a task restores of them, or as many new ones.
 * @param rows  of the part; of a task that sees nothing their number alone counts
 */
export async function makePictures(
  { model, net, make, ask }: TrainedImages,
  part: ImagePart,
  rows: Int32Array,
  rng: Random,
  report?: (done: number) => void,
): Promise<Restored> {
  const { problem } = model;
  const n = rows.length;
  const [made, truth, baseline, seenOfAll] = [0, 1, 2, 3].map(() =>
    ndarray(new Float32Array(n * sizeOf(problem.shape)), [n, ...problem.shape], "f32"),
  );
  const logWeight = new Float32Array(n);
  let evaluations = 0;
  const batch = Math.min(together, n);
  for (let start = 0; start < n; start += batch) {
    // the last batch takes rows again that an earlier one had, so that all have one shape
    const first = Math.min(start, n - batch);
    const stream = rng.fold(first);
    const pictures = drawPictures(problem, part, rows.subarray(first, first + batch), stream.fold("pictures"));
    const { seen, ...beside } = await ask(pictures);
    const result = await make(net, seen, pictures.noise, { rng: stream.fold("way") });
    evaluations = result.evaluations;
    put(made, await shown(result.pictures), first);
    put(truth, beside.truth, first);
    put(baseline, beside.baseline, first);
    put(seenOfAll, beside.shown, first);
    logWeight.set(result.logWeight.data, first);
    report?.(first + batch);
  }
  return { made, truth, baseline, seen: seenOfAll, evaluations, logWeight };
}

/** Some pictures on their way, the start first: all states of each, in [0, 1]. */
export async function waysOf(
  { model, net, make, ask }: TrainedImages,
  part: ImagePart,
  rows: Int32Array,
  stages: number,
  rng: Random,
): Promise<readonly NdArray<"f32">[]> {
  const pictures = drawPictures(model.problem, part, rows, rng.fold("pictures"));
  const { seen } = await ask(pictures);
  const { way } = await make(net, seen, pictures.noise, { rng: rng.fold("way"), stages });
  return Promise.all(way.map(async (x) => (await shown(x)) as NdArray<"f32">)); // f32 as its argument
}

function put(all: NdArray<"f32">, some: NdArray, first: number): void {
  all.data.set(some.data as Float32Array, first * sizeOf(all.shape.slice(1))); // f32 as the program makes it
}

/** The mean picture [1, C, H, W] in [-1, 1]. */
function meanPicture(pixels: NdArray<"u8">): NdArray<"f32"> {
  const [n, ...shape] = pixels.shape;
  const d = sizeOf(shape);
  const sums = new Float64Array(d);
  for (let i = 0; i < pixels.data.length; i++) sums[i % d] += pixels.data[i];
  return ndarray(
    Float32Array.from(sums, (s) => (s / n + 0.5) / 128 - 1),
    [1, ...shape],
    "f32",
  );
}
