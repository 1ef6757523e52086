/** Crops of images as products with matrices, so that a crop of another place and size is other numbers in the same program. */
import { type NdArray, ndarray, type Random, type Shape } from "../../array/index.ts";
import { type Tensor, transpose } from "../../tensor/index.ts";

/** A crop, resized to the whole: rows [height, height] and columns [width, width]. */
export interface Crop<T = NdArray> {
  readonly rows: T;
  readonly columns: T;
}

/** Bilinear weights that take a stretch of an axis to all of it; positions are those of the middles of pixels. */
function stretch(size: number, from: number, length: number): NdArray<"f32"> {
  const weights = new Float32Array(size * size);
  for (let i = 0; i < size; i++) {
    const at = Math.min(size - 1, Math.max(0, from + ((i + 0.5) * length) / size - 0.5));
    const low = Math.min(size - 1, Math.floor(at));
    const high = Math.min(size - 1, low + 1);
    weights[i * size + low] += 1 - (at - low);
    weights[i * size + high] += at - low;
  }
  return ndarray(weights, [size, size], "f32");
}

/** A square share of the picture at a random place. @param least  smallest share of a side */
export function randomCrop([, height, width]: Shape, least: number, rng: Random): Crop {
  const [u, v, w] = rng.uniform([3], "f64").data;
  const side = least + (1 - least) * u;
  return {
    rows: stretch(height, v * (1 - side) * height, side * height),
    columns: stretch(width, w * (1 - side) * width, side * width),
  };
}

/** Images as rows [n, C·H·W], cropped. */
export function cropped(x: Tensor, [channels, height, width]: Shape, { rows, columns }: Crop<Tensor>): Tensor {
  const pictures = x.reshape([x.shape[0], channels, height, width]);
  return rows
    .matmul(pictures)
    .matmul(transpose(columns))
    .reshape([x.shape[0], channels * height * width]);
}
