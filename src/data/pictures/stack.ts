/** Arrays of many pictures, in the ways in which they are saved, as bytes [n, channels, height, width]. */
import { type NdArray, ndarray, toNumbers } from "../../array/ndarray.ts";
import { UserError } from "../../errors.ts";
import { cast, concat, type Tensor } from "../../tensor/index.ts";
import { grey, inChunks, resampled, toBytes } from "./resample.ts";
import { counted, type PictureOptions, sizeOfOption } from "./set.ts";

export interface Stack {
  readonly pixels: NdArray<"u8">;
  /** What its axes were taken as. */
  readonly layout: string;
  readonly notes: readonly string[];
}

/**
 * Grey or coloured pictures, channels first or last, of bytes or of numbers in [0, 1], [-1, 1] or [0, 255].
 * @param what  of which array it is said
 * @throws UserError
 */
export async function toStack(given: NdArray, what: string, { size, channels }: PictureOptions): Promise<Stack> {
  const layout = layoutOf(given.shape, what);
  const array = computable(given);
  const range = rangeOf(array, what);
  const { n, height, width, last } = layout;
  const transparent = layout.channels % 2 === 0 ? transparentOf(array, layout, range) : 0;
  const [h, w] = size === undefined ? [height, width] : sizeOfOption(size);
  const colours = channels ?? (layout.channels < 3 ? 1 : 3);
  const program = (x: Tensor): Tensor => {
    const planes = last ? x.transpose([0, 3, 1, 2]) : x;
    const values = cast(planes, "f32")
      .sub(range.low)
      .mul(255 / (range.high - range.low));
    return toBytes(inColours(resampled(onWhite(values), [h, w]), colours));
  };
  const shaped = { ...array, shape: last ? [n, height, width, layout.channels] : [n, layout.channels, height, width] };
  const same = array.dtype === "u8" && range.high === 255 && !last && h === height && w === width && colours === layout.channels;
  return {
    pixels: same ? ndarray(array.data as Uint8Array<ArrayBuffer>, shaped.shape, "u8") : await inChunks(shaped, program, [colours, h, w]), // u8 says so
    layout: layout.note,
    notes: [
      ...range.notes,
      ...(transparent > 0 ? [`${what}: ${transparent} of ${counted(n)} with transparent parts, laid on white`] : []),
      ...scaledNotes(what, [height, width], [h, w]),
      ...(colours < layout.channels && layout.channels > 2 && colours === 1 ? [`${what}: ${counted(n)} in colours, taken as grey`] : []),
    ],
  };
}

interface Layout {
  readonly n: number;
  readonly height: number;
  readonly width: number;
  /** 1 grey, 2 grey and alpha, 3 colours, 4 colours and alpha. */
  readonly channels: number;
  /** The channels stand last. */
  readonly last: boolean;
  readonly note: string;
}

const fewest = 5; // a side of fewer pixels is none, but channels

function layoutOf(shape: readonly number[], what: string): Layout {
  const said = `${what} of shape [${shape.join(", ")}]`;
  const as = (order: string): string => `${said} is taken as ${order}`;
  if (shape.some((length) => length === 0)) throw new UserError(`${said} is empty`);
  const [a, b, c, d] = shape;
  if (shape.length === 3) {
    if (c < fewest && a >= fewest && b >= fewest)
      return { n: 1, height: a, width: b, channels: c, last: true, note: as("one picture [height, width, channels]") };
    return { n: a, height: b, width: c, channels: 1, last: false, note: as("grey pictures [n, height, width]") };
  }
  if (shape.length === 4 && d < fewest)
    return { n: a, height: b, width: c, channels: d, last: true, note: as("[n, height, width, channels]") };
  if (shape.length === 4 && b < fewest)
    return { n: a, height: c, width: d, channels: b, last: false, note: as("[n, channels, height, width]") };
  throw new UserError(
    `${said} is no array of pictures`,
    "pictures are [n, height, width], [n, height, width, channels] or [n, channels, height, width]",
  );
}

/** The dtypes that programs take. */
function computable(array: NdArray): NdArray {
  const { dtype, shape } = array;
  if (dtype === "f16" || dtype === "bf16") return ndarray(Float32Array.from(toNumbers(array)), shape, "f32");
  return dtype === "i64" ? ndarray(Float64Array.from(toNumbers(array)), shape, "f64") : array;
}

interface Range {
  readonly low: number;
  readonly high: number;
  readonly notes: readonly string[];
}

/** What rounding may add to a limit. */
const slack = 1e-3;

/** The numbers that are black and white. */
function rangeOf({ data, dtype, shape }: NdArray, what: string): Range {
  const values = data as ArrayLike<number>; // computable: no 64-bit integers
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    const v = values[i];
    if (!Number.isFinite(v))
      throw new UserError(`${what}: ${v} in picture ${Math.floor(i / (values.length / shape[0]))}`, "leave such pictures out");
    if (v < least) least = v;
    if (v > most) most = v;
  }
  const as = (low: number, high: number): Range => ({
    ...{ low, high },
    notes: [`${what}: numbers from ${least} to ${most}, taken as ${low} for black and ${high} for white`],
  });
  if (dtype === "u8" && most > 1) return { low: 0, high: 255, notes: [] };
  if (dtype === "bool") return { low: 0, high: 1, notes: [] };
  if (least >= -slack && most <= 1 + slack) return as(0, 1);
  if (least >= -1 - slack && most <= 1 + slack) return as(-1, 1);
  if (least >= -slack && most <= 255 + slack) return as(0, 255);
  throw new UserError(`${what}: numbers from ${least} to ${most}`, "pixels should lie in [0, 1], [-1, 1] or [0, 255]");
}

function transparentOf({ data }: NdArray, { n, channels, last, height, width }: Layout, { high }: Range): number {
  const [each, alpha] = [height * width * channels, channels - 1];
  const at = (p: number): number => (last ? p * channels + alpha : alpha * height * width + p);
  const shines = (i: number): boolean => {
    for (let p = 0; p < height * width; p++) if (Number(data[i * each + at(p)]) < high) return true;
    return false;
  };
  return Array.from({ length: n }, (_, i) => shines(i)).filter(Boolean).length;
}

/** Without alpha, as second or fourth channel of [n, channels, height, width]. */
function onWhite(x: Tensor): Tensor {
  const channels = x.shape[1];
  if (channels % 2 === 1) return x;
  const all = null;
  const [colours, alpha] = [x.slice(all, [0, channels - 1]), x.slice(all, [channels - 1, channels]).div(255)];
  return colours.sub(255).mul(alpha).add(255);
}

function inColours(x: Tensor, channels: 1 | 3): Tensor {
  if (x.shape[1] === channels) return x;
  return channels === 1 ? grey(x) : concat([x, x, x], 1);
}

function scaledNotes(what: string, [height, width]: readonly number[], [h, w]: readonly number[]): string[] {
  if (h === height && w === width) return [];
  const cropped = Math.round((height * w) / h) !== width && Math.round((width * h) / w) !== height;
  return [`${what}: pictures of ${height} x ${width} pixels become ${h} x ${w}${cropped ? ", cropped in the middle" : ""}`];
}
