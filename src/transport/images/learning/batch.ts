/** Batches of pictures with all that is drawn beside them, and the points of a path that a program makes of them. */
import { type NdArray, ndarray, type Random, sizeOf } from "../../../array/index.ts";
import { optimalPairing } from "../../../distances/index.ts";
import { jvp, sign, type Tensor } from "../../../tensor/index.ts";
import { evenTimes, invertDensity } from "../../paths/times.ts";
import { drawMasks } from "../paths/masks.ts";
import type { Observation } from "../paths/tasks.ts";
import type { ImagePart, ImageProblem } from "../problem.ts";
import { besideImages, fromBytes, toRows } from "../shape.ts";
import type { ImageSample } from "./methods.ts";

/** Pictures as data: bytes of pictures and of others [B, C, H, W], noise and jitter of that shape, masks [B, 1, H, W]. */
export interface Pictures<T = NdArray> {
  readonly pixels: T;
  readonly others?: T;
  readonly noise: T;
  readonly mask?: T;
  /** Uniform in (0, 1): where in its interval a byte stands. Absent: in the middle. */
  readonly jitter?: T;
}

/** Pictures at times. */
export interface ImageBatch<T = NdArray> extends Pictures<T> {
  /** [B, 1] */
  readonly t: T;
  /** Of the times, relative to uniform ones; absent: 1. */
  readonly density?: T;
  /** Normal noise whose signs probe derivatives, [B, d]; absent: no loss asks for it. */
  readonly probe?: T;
}

/** The pictures of some rows. */
export function picturesAt({ data, shape: [, ...shape] }: NdArray<"u8">, rows: ArrayLike<number>): NdArray<"u8"> {
  const size = sizeOf(shape);
  const kept = new Uint8Array(rows.length * size);
  for (let i = 0; i < rows.length; i++) kept.set(data.subarray(rows[i] * size, (rows[i] + 1) * size), i * size);
  return ndarray(kept, [rows.length, ...shape], "u8");
}

/** Pictures of some rows of a part. @param jitter  whether bytes stand for their intervals, of which densities are */
export function drawPictures(problem: ImageProblem, part: ImagePart, rows: Int32Array, rng: Random, jitter = false): Pictures {
  const { shape, task, masks, coupling } = problem;
  const n = rows.length;
  const all = [n, ...shape];
  const { others: from, paired } = part;
  const partners = from && (paired ? rows : rng.integers(0, from.shape[0], [n]).data);
  const drawn = {
    ...{ pixels: picturesAt(part.pixels, rows), noise: rng.normal(all) },
    ...(from && partners && { others: picturesAt(from, partners) }),
    ...(task.needs === "mask" && { mask: drawMasks(masks, rng, n, shape[1], shape[2]) }),
    ...(jitter && { jitter: rng.uniform(all) }),
  };
  return coupling === "ot" && !paired ? nearPartners(drawn) : drawn;
}

/** Others, or else noise, in the order in which they are nearest to the pictures in all. */
function nearPartners<
  P extends Pictures & { readonly pixels: NdArray<"u8">; readonly others?: NdArray<"u8">; readonly noise: NdArray<"f32"> },
>(drawn: P): P {
  const { pixels, others, noise } = drawn;
  const n = pixels.shape[0];
  const size = pixels.data.length / n;
  const rows = (data: Uint8Array) =>
    ndarray(
      Float32Array.from(data, (b) => (b + 0.5) / 128 - 1),
      [n, size],
      "f32",
    );
  if (others) return { ...drawn, others: picturesAt(others, optimalPairing(rows(pixels.data), rows(others.data))) };
  const order = optimalPairing(rows(pixels.data), ndarray(noise.data, [n, size], "f32"));
  const moved = new Float32Array(n * size);
  order.forEach((from, i) => void moved.set(noise.data.subarray(from * size, (from + 1) * size), i * size));
  return { ...drawn, noise: ndarray(moved, noise.shape, "f32") };
}

/** Times of the path, spread evenly over it or by a density at equally spaced knots. */
export function drawTimes(
  { clean, spoilt }: { readonly clean: number; readonly spoilt: number },
  n: number,
  rng: Random,
  density?: ArrayLike<number>,
): Pick<ImageBatch, "t" | "density"> {
  const [low, high] = [Math.min(clean, spoilt), Math.max(clean, spoilt)];
  const places = evenTimes(rng, n);
  const drawn = density && Array.from(places, (level) => invertDensity(density, level));
  const column = (values: Float32Array<ArrayBuffer>) => ndarray(values, [n, 1], "f32");
  return {
    t: column(Float32Array.from(places, (u, i) => low + (high - low) * (drawn ? drawn[i].u : u))),
    ...(drawn && { density: column(Float32Array.from(drawn, ({ density }) => density)) }),
  };
}

/** What is seen of pictures, and what they are made from. */
export interface Seen {
  readonly x: Tensor;
  readonly seen: Observation;
  readonly start: Tensor;
  readonly condition?: Tensor;
}

/** Pictures in [-1, 1] with what a task makes of them, as a program. */
export function seenOf({ task }: ImageProblem, { pixels, others, noise, mask, jitter }: Pictures<Tensor>): Seen {
  const middle = fromBytes(pixels);
  const x = jitter ? middle.add(jitter.sub(0.5).div(128)) : middle;
  const seen = task.observe(x, task.needs === "other" && others ? fromBytes(others) : mask);
  return { x, seen, start: task.start(seen, noise), condition: task.condition?.(seen) };
}

/** Points of the path at the times of a batch, with their velocities. */
export function samplesOf(problem: ImageProblem, batch: ImageBatch<Tensor>): ImageSample {
  const { schedule } = problem;
  const { x, start, condition } = seenOf(problem, batch);
  const { t, density, probe } = batch;
  const at = (time: Tensor): Tensor => toRows(schedule.at(besideImages(time), x, start));
  const [point, velocity] = jvp(at, [t], [t.mul(0).add(1)]);
  const end = (time: number): Tensor => at(t.mul(0).add(time));
  return {
    ...{ t, density, condition, x: point, v: velocity, z: toRows(start) },
    ends: { clean: end(schedule.clean), spoilt: end(schedule.spoilt) },
    probe: probe && sign(probe),
  };
}
