/** What is asked of pictures: what of them is seen, what they are made from, and what the network is told. */

import * as t from "../../../tensor/index.ts";
import { broadcastTo, concat, type Tensor } from "../../../tensor/index.ts";
import { blend } from "../blend.ts";
import { bilinearFromEven, brightness, evenPixels, repeatedTwice } from "../resample.ts";
import type { ImageShape } from "../shape.ts";
import type { ScheduleName } from "./schedules.ts";

/** What is seen of a picture: [B, C', H', W'] in [-1, 1], and the mask [B, 1, H, W] of the pixels that are known. */
export interface Observation<T = Tensor> {
  readonly seen?: T;
  readonly mask?: T;
}

/** A task on pictures x [B, C, H, W]. */
export interface ImageTask {
  readonly title: string;
  /** Path unless another is asked for. */
  readonly path: ScheduleName;
  /** Is there a right answer for each picture? */
  readonly restores: boolean;
  /** Does it need masks, or pictures of another set? */
  readonly needs?: "mask" | "other";
  /** What is seen of a picture, with what the task needs. */
  readonly observe: (x: Tensor, extra?: Tensor) => Observation;
  /** What a picture is made from, with normal noise e of its shape. */
  readonly start: (seen: Observation, e: Tensor) => Tensor;
  /** What the network sees beside x_t, [B, K, H, W]; absent: nothing. Constant along a path: it has no part in derivatives. */
  readonly condition?: (seen: Observation) => Tensor;
  /** 1 where pixels move, 0 where they are known and shown by the first channels of the condition; absent: all move. Broadcasts to [B, 1, H, W]. */
  readonly moves?: (condition: Tensor) => Tensor;
  /** K for pictures of C channels. */
  readonly conditions: (channels: number) => number;
  /** A made picture with what is known of it put back. */
  readonly consistent?: (x: Tensor, seen: Observation) => Tensor;
  /** Shape of what is seen of a picture of a shape. */
  readonly seenShape?: (shape: ImageShape) => ImageShape;
  /** What is seen, as a picture [B, C, H, W]; absent: that of the baseline. */
  readonly shown?: (seen: Observation) => Tensor;
  /** What would be made of it without a model. @param mean  of the pictures that were learned, [1, C, H, W] */
  readonly baseline?: { readonly name: string; readonly restore: (seen: Observation, mean: Tensor) => Tensor };
}

const seenOf = ({ seen }: Observation): Tensor => seen as Tensor; // every task's own `observe` gives it
const maskOf = ({ mask }: Observation): Tensor => mask as Tensor;

/** 1 at even rows and columns, [H, W]. */
function evenPlaces(height: number, width: number, like: Tensor): Tensor {
  const even = (n: number): Tensor => t.equal(t.iota(n).sub(t.iota(n).div(2).mul(2)), 0).cast(like.dtype);
  return even(height).expandDims(1).mul(even(width));
}

/** Spread of the noise that colours are made from. */
const colourNoise = 0.1;

/**
 * The tasks by name.
 *
 * @source  Neklyudov et al., Action Matching, ICML 2023, section 5.2 and its published code: kept pixels and noise (super-resolution), grey and
 *          0.1 noise (colour); inpainting after its public draft
 */
export const imageTasks = {
  generate: { title: "pictures from noise", path: "flow", restores: false, observe: () => ({}), start: (_, e) => e, conditions: () => 0 },
  "super-resolve": {
    ...{ title: "twice the resolution", path: "flow", restores: true },
    observe: (x) => ({ seen: evenPixels(x) }),
    start: (seen, e) => blend(evenPlaces(e.shape[2], e.shape[3], e), repeatedTwice(seenOf(seen)), e),
    condition: (seen) => bilinearFromEven(seenOf(seen)),
    moves: (condition) => evenPlaces(condition.shape[2], condition.shape[3], condition).neg().add(1),
    conditions: (channels) => channels,
    consistent: (x, seen) => blend(evenPlaces(x.shape[2], x.shape[3], x), repeatedTwice(seenOf(seen)), x),
    seenShape: ([channels, height, width]) => [channels, height / 2, width / 2],
    shown: (seen) => repeatedTwice(seenOf(seen)),
    baseline: { name: "bilinear", restore: (seen) => bilinearFromEven(seenOf(seen)) },
  },
  colour: {
    ...{ title: "colours for grey pictures", path: "flow", restores: true },
    observe: (x) => ({ seen: brightness(x) }),
    start: (seen, e) => e.mul(colourNoise).add(seenOf(seen)),
    condition: seenOf,
    conditions: () => 1,
    // the brightness that is known, with the differences between the channels that were made
    consistent: (x, seen) => x.add(seenOf(seen).sub(brightness(x))),
    seenShape: ([, height, width]) => [1, height, width],
    baseline: { name: "grey", restore: (seen) => seenOf(seen).broadcastTo([seenOf(seen).shape[0], 3, ...seenOf(seen).shape.slice(2)]) },
  },
  inpaint: {
    ...{ title: "missing parts", path: "flow", restores: true, needs: "mask" },
    observe: (x, mask) => ({ seen: x.mul(mask as Tensor), mask }),
    start: (seen, e) => blend(maskOf(seen), seenOf(seen), e),
    // whatever stands where the mask is 0 is not looked at
    condition: (seen) => {
      const [known, mask] = [seenOf(seen), maskOf(seen)];
      return concat([known.mul(mask), broadcastTo(mask, [known.shape[0], ...mask.shape.slice(1)])], 1);
    },
    moves: (condition) => condition.slice(null, [-1, null]).neg().add(1),
    conditions: (channels) => channels + 1,
    consistent: (x, seen) => blend(maskOf(seen), seenOf(seen), x),
    seenShape: (shape) => shape,
    shown: seenOf,
    baseline: { name: "mean", restore: (seen, mean) => blend(maskOf(seen), seenOf(seen), mean) },
  },
  between: {
    ...{ title: "pictures of one set from those of another", path: "flow", restores: false, needs: "other" },
    observe: (_, other) => ({ seen: other }),
    start: seenOf,
    conditions: () => 0,
    seenShape: (shape) => shape,
    baseline: { name: "unchanged", restore: seenOf },
  },
} as const satisfies Record<string, ImageTask>;

/** The name of a task. */
export type ImageTaskName = keyof typeof imageTasks;
/** All names. */
export const imageTaskNames = Object.keys(imageTasks) as ImageTaskName[];

/** The task of a name. */
export const imageTaskOf = (name: ImageTaskName): ImageTask => imageTasks[name];
