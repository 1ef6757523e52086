/** Planes of single pictures: [channels, height, width]. */
import { type NdArray, ndarray } from "../../array/index.ts";
import { brightness } from "../../data/pictures/brightness.ts";
import { jit, type Tensor } from "../../tensor/index.ts";
import { bilinearFromEven } from "../../transport/images/resample.ts";

type Planes = NdArray<"f32">;

/** One plane of several. */
export const onePlane = ({ data, shape: [, height, width] }: Planes, c: number): Planes =>
  ndarray(data.slice(c * height * width, (c + 1) * height * width), [1, height, width], "f32");

/** Whether red, green and blue are the same: many grey pictures are kept so. */
export function equalPlanes({ data, shape: [channels, height, width] }: Planes): boolean {
  const size = height * width;
  return channels > 1 && data.every((v, i) => v === data[i % size]);
}

/** The same plane as red, green and blue. */
export function repeated({ data, shape: [, height, width] }: Planes): Planes {
  const all = new Float32Array(3 * data.length);
  for (let c = 0; c < 3; c++) all.set(data, c * data.length);
  return ndarray(all, [3, height, width], "f32");
}

/** Brightness. */
export function greyPlane(planes: Planes): Planes {
  const { data, shape } = planes;
  if (shape[0] === 1) return planes;
  const size = data.length / 3;
  return ndarray(
    Float32Array.from({ length: size }, (_, i) => brightness.reduce((sum, share, c) => sum + share * data[c * size + i], 0)),
    [1, ...shape.slice(1)],
    "f32",
  );
}

const double = jit((alpha: Tensor) => bilinearFromEven(alpha.reshape([1, 1, ...alpha.shape])).squeeze([0, 1]));

/** Alpha [H, W] twice as large, its pixels where super-resolution leaves those of the colours. */
export const scaledAlpha = async (alpha: Planes): Promise<Planes> => (await double(alpha)) as Planes; // of f32 it makes f32
