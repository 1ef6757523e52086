/** Arrays of pictures in another size: a separable linear map, run by the engine. */
import { type NdArray, ndarray } from "../../array/ndarray.ts";
import { cast, clamp, constant, jit, matmul, round, type Tensor } from "../../tensor/index.ts";
import { brightness } from "./brightness.ts";

/** Where a line of pixels is cut, and into how many pixels it goes. */
export interface Cut {
  readonly from: number;
  readonly length: number;
  readonly out: number;
}

/**
 * The matrix [out, size] of a cut line in another size; rows sum to one, so that a constant stays one.
 *
 * Smaller: the mean over the area that a pixel covers, so that the mean of the line is kept. Larger: linear between the centres.
 */
export function resampling(size: number, { from, length, out }: Cut): NdArray<"f32"> {
  const scale = length / out;
  const weights = new Float64Array(out * size);
  for (let o = 0; o < out; o++) {
    const start = from + o * scale;
    // what lies outside of the line is its first or last pixel
    const centre = Math.min(Math.max(start + scale / 2, from + 0.5), from + length - 0.5);
    for (let i = from; i < from + length; i++) {
      const covered = Math.min(i + 1, start + scale) - Math.max(i, start);
      weights[o * size + i] = Math.max(0, scale >= 1 ? covered / scale : 1 - Math.abs(i + 0.5 - centre));
    }
  }
  return ndarray(Float32Array.from(weights), [out, size], "f32");
}

/** The largest part in the middle with the shape of the result: [height, width] cuts for pictures of a size. */
export function middle(height: number, width: number, [h, w]: readonly number[]): { readonly rows: Cut; readonly columns: Cut } {
  const scale = Math.min(height / h, width / w);
  const cut = (all: number, out: number): Cut => {
    const length = Math.min(all, Math.max(1, Math.round(out * scale)));
    return { from: Math.floor((all - length) / 2), length, out };
  };
  return { rows: cut(height, h), columns: cut(width, w) };
}

/** Of pictures [..., height, width] in the middle, [..., h, w]. */
export function resampled(x: Tensor, size: readonly number[]): Tensor {
  const [height, width] = x.shape.slice(-2);
  if (height === size[0] && width === size[1]) return x;
  const { rows, columns } = middle(height, width, size);
  const [down, across] = [resampling(height, rows), resampling(width, columns)].map((a) => constant(a));
  return matmul(matmul(down, x), across.transpose());
}

/** Brightness of red, green and blue as it is perceived (ITU-R BT.601), [n, 3, height, width] -> [n, 1, height, width]. */
export const grey = (x: Tensor): Tensor =>
  brightness.map((share, c) => x.slice(null, [c, c + 1]).mul(share)).reduce((sum, part) => sum.add(part));

/** Numbers 0 … 255 as bytes. */
export const toBytes = (x: Tensor): Tensor => cast(round(clamp(x, 0, 255)), "u8");

/** Most numbers that one run of a program takes. */
const atATime = 2 ** 24;

/**
 * Bytes of many pictures, some at a time.
 * @param program  of arrays [m, ...rest] like the given one
 */
export async function inChunks(x: NdArray, program: (x: Tensor) => Tensor, shape: readonly number[]): Promise<NdArray<"u8">> {
  const [n, ...rest] = x.shape;
  const size = rest.reduce((a, b) => a * b, 1);
  const each = shape.reduce((a, b) => a * b, 1);
  const run = jit(program);
  const data = new Uint8Array(n * each);
  const step = Math.max(1, Math.floor(atATime / size));
  for (let at = 0; at < n; at += step) {
    const count = Math.min(step, n - at);
    const part = { ...x, shape: [count, ...rest], data: x.data.subarray(at * size, (at + count) * size) };
    data.set((await run(part as NdArray)).data as Uint8Array, at * each); // a part of an array has its type
  }
  return ndarray(data, [n, ...shape], "u8");
}
