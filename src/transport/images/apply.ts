/** A sampler file on pictures of any size. */
import { type NdArray, ndarray, sizeOf } from "../../array/index.ts";
import { noiseField } from "../../data/pictures/noise-field.ts";
import { type ApplyToTiles, starts, tiled } from "../../data/pictures/tiled.ts";
import { FileFormatError, TensorError, UserError } from "../../errors.ts";
import { fromOnnx } from "../../onnx/index.ts";
import { openModel, type RuntimeOptions } from "../../tensor/runtime.ts";
import type { ImageFileLabel } from "./export.ts";

/** What is given to the file: batches of what is seen in [0, 1], masks and noise. */
export interface SamplerInputs {
  readonly seen?: NdArray<"f32">;
  readonly mask?: NdArray<"f32">;
  readonly noise: NdArray<"f32">;
}

/** A file that was read. */
export interface ImageSampler {
  readonly label: ImageFileLabel;
  /** Pictures [B, C, H, W], cut off to [0, 1]. */
  readonly make: (inputs: SamplerInputs) => Promise<NdArray<"f32">>;
}

/**
 * Opens a sampler as other programs would, by ONNX Runtime.
 * @throws UserError  for files that are no samplers; TensorError  where the device is missing
 */
export async function imageSampler(bytes: Uint8Array, source: string, where: RuntimeOptions = {}): Promise<ImageSampler> {
  const label = labelOf(metadataOf(bytes, source), source);
  const session = await openModel(bytes, where).catch((error: unknown) => {
    throw error instanceof TensorError ? new UserError(error.message, "choose another --device") : error;
  });
  return {
    label,
    async make(inputs) {
      const given = Object.entries(inputs).map(([name, { data, shape }]) => [name, session.tensor("float32", data, shape)] as const);
      const { picture } = await session.run(Object.fromEntries(given));
      const values = picture.data as Float32Array; // as the file's output is declared
      return ndarray(
        values.map((v) => Math.min(1, Math.max(0, v))),
        picture.dims,
        "f32",
      );
    },
  };
}

function metadataOf(bytes: Uint8Array, source: string): string | undefined {
  try {
    return fromOnnx(bytes).metadata.pushforward;
  } catch (error) {
    if (error instanceof FileFormatError || error instanceof TensorError) throw new UserError(`${source}: ${error.message}`, ours);
    throw error;
  }
}

const ours = "it should be the sampler.onnx of a run of `pushforward images`";

function labelOf(text: string | undefined, source: string): ImageFileLabel {
  if (text === undefined) throw new UserError(`${source}: this model makes no pictures`, ours);
  const label = JSON.parse(text) as ImageFileLabel; // written by exportSampler and its kin
  if (label.kind !== "image sampler")
    throw new UserError(`${source}: this file is ${label.kind === "image velocity" ? "the velocity of a model" : "no sampler"}`, ours);
  return label;
}

/** How a picture is taken apart. */
export interface ApplyOptions {
  /** Of the noise, which belongs to places of the picture. */
  readonly seed: number | string;
  /** Pixels that neighbouring tiles share; default a quarter of a tile, of colours a half. */
  readonly overlap?: number;
  /** Planes [1, H, W] of what is known: 1, or missing: 0. For inpainting. */
  readonly mask?: NdArray<"f32">;
  /** So much of the picture is done, in (0, 1]. */
  readonly report?: (share: number) => void;
}

/**
 * What a sampler makes of a picture, in tiles of the size that it learned.
 *
 * @param seen  planes [C, H, W] in [0, 1] as the task sees them
 * @returns  [C', s H, s W] with the scale s of the task
 * @throws UserError  for samplers of pictures that are not square, and other channels than they learned
 */
export async function applySampler(
  { label, make }: ImageSampler,
  seen: NdArray<"f32">,
  { seed, mask, report, ...given }: ApplyOptions,
): Promise<NdArray<"f32">> {
  const [wanted, tall, wide] = label.seen ?? [0, 0, 0];
  const [channels, side, width] = label.shape;
  if (side !== width)
    throw new UserError(`the model learned pictures of ${side} x ${width} pixels, and tiles are square`, "train it with a square --size");
  if (seen.shape[0] !== wanted) throw new UserError(`${seen.shape[0]} channels for a model of ${wanted}`);
  const scale = side / wide;
  const window = noiseField(seed, [channels, side, side]);
  // tiles may choose different colours for the same thing: the wider they overlap, the softer they meet
  const overlap = given.overlap ?? Math.floor(tall / (label.task === "colour" ? 2 : 4));
  const [, height, across] = seen.shape;
  const tiles = starts(height, tall, overlap).length * starts(across, tall, overlap).length;
  let done = 0;
  const apply: ApplyToTiles = async (part, places) => {
    const noise = window(places.map(({ x, y }) => ({ x: scale * x, y: scale * y })));
    const made = await make(mask ? { ...unjoined(part, wanted), noise } : { seen: part, noise });
    done += part.shape[0];
    report?.(Math.min(1, done / tiles));
    return made;
  };
  const made = await tiled(apply, mask ? joined(seen, mask) : seen, { tile: tall, overlap, scale });
  // weights of neighbouring tiles add up to 1 to rounding
  return { ...made, data: made.data.map((v) => Math.min(1, Math.max(0, v))) };
}

/** What is known, with what is missing in the middle between black and white, and its mask as one more plane. */
function joined({ data, shape }: NdArray<"f32">, mask: NdArray<"f32">): NdArray<"f32"> {
  const [channels, height, width] = shape;
  const size = height * width;
  const known = data.map((value, i) => 0.5 + (value - 0.5) * mask.data[i % size]);
  const all = new Float32Array(known.length + size);
  all.set(known);
  all.set(mask.data, known.length);
  return ndarray(all, [channels + 1, height, width], "f32");
}

/** Tiles [B, C + 1, t, t] as colours and masks. */
function unjoined({ data, shape }: NdArray<"f32">, channels: number): { seen: NdArray<"f32">; mask: NdArray<"f32"> } {
  const [n, , ...space] = shape;
  const size = sizeOf(space);
  const [seen, mask] = [new Float32Array(n * channels * size), new Float32Array(n * size)];
  for (let i = 0; i < n; i++) {
    const from = i * (channels + 1) * size;
    seen.set(data.subarray(from, from + channels * size), i * channels * size);
    mask.set(data.subarray(from + channels * size, from + (channels + 1) * size), i * size);
  }
  return { seen: ndarray(seen, [n, channels, ...space], "f32"), mask: ndarray(mask, [n, 1, ...space], "f32") };
}
