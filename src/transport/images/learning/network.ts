/** The networks of pictures: a U-Net beside a quadratic skip, and what they give: an action, a velocity, a noise or a score. */
import { type NdArray, ndarray, type Random } from "../../../array/index.ts";
import { type Dense, dense, type Unet, unet } from "../../../nn/index.ts";
import { concat, pad, split, type Tensor } from "../../../tensor/index.ts";
import type { Action } from "../../lagrangian/action.ts";
import type { VectorField } from "../../lagrangian/lagrangian.ts";
import { blend } from "../blend.ts";
import type { Schedule } from "../paths/schedules.ts";
import { besideImages, type ImageShape, toImages, toRows } from "../shape.ts";

/** A U-Net h, and coefficients a(t), k(t), b_c(t) of ½ a |x|² + k <x, y> + Σ_c b_c Σ_pixels x_c, with y what the condition shows of the picture. */
export interface ImageNet<T = Tensor> {
  readonly net: Unet<T>;
  /** (t, t²) -> (a, k, b_1, …, b_C). */
  readonly skip: Dense<T>;
}

/** Size of a U-Net. */
export interface NetOptions {
  /** Channels at each resolution, finest first. */
  readonly channels: readonly number[];
  /** Residual blocks at each resolution. */
  readonly blocks: number;
}

/** What a network knows and gives. */
export interface NetForm {
  readonly shape: ImageShape;
  /** Channels of conditions. */
  readonly conditions: number;
  readonly schedule: Pick<Schedule, "embed" | "still">;
  /** Where pixels move: see `ImageTask`. */
  readonly moves?: (condition: Tensor) => Tensor;
  readonly size: NetOptions;
}

/** Channels of x_t as the network sees it. */
const seenChannels = ({ shape: [c], schedule }: NetForm): number => (schedule.embed ? 2 * c : c);

/** @param gives  what h is: something of the picture as it is seen, a field, or one channel */
export function initImageNet(rng: Random, form: NetForm, gives: "seen" | "field" | "one"): ImageNet<NdArray> {
  const { shape, conditions, size } = form;
  const outputs = gives === "seen" ? seenChannels(form) : gives === "field" ? shape[0] : 1;
  const terms = shape[0] + 2;
  const w = ndarray(new Float32Array(2 * terms), [2, terms], "f32");
  return {
    net: unet.init(rng, seenChannels(form) + conditions, outputs, size),
    skip: { ...dense.init(rng, 2, terms), w },
  };
}

/** Greatest number of groups of the normalisations: as many as divide the channels. */
const groupsOf = (channels: readonly number[]): number => [8, 4, 2].find((g) => channels.every((c) => c % g === 0)) ?? 1;

/** h(t, x_t, conditions) [B, outputs, H, W]; sizes that do not halve so often are filled with zeros. */
function hidden({ net }: ImageNet, { size }: NetForm, time: Tensor, seen: Tensor, condition?: Tensor): Tensor {
  const [, , height, width] = seen.shape;
  const factor = 2 ** (size.channels.length - 1);
  const [below, right] = [height, width].map((n) => (factor - (n % factor)) % factor);
  const input = condition ? concat([seen, condition], 1) : seen;
  const apply = (x: Tensor): Tensor => unet.apply(net, x, time.squeeze(1), { groups: groupsOf(size.channels) });
  if (below === 0 && right === 0) return apply(input);
  const margins: [number, number][] = [
    [0, 0],
    [0, 0],
    [0, below],
    [0, right],
  ];
  return apply(pad(input, margins)).slice(null, null, [0, height], [0, width]);
}

/** What is seen of pictures with these channels: it stands first in the condition, as many channels, or one grey for all. */
const seenIn = (condition: Tensor, channels: number): Tensor => condition.slice(null, [0, condition.shape[1] < channels ? 1 : channels]);

/** ½ a |x|² + k <x, y> + Σ_c b_c Σ_pixels x_c as its gradient a x + k y + b, [B, C, H, W], at a x that may be halved. */
function linear({ skip }: ImageNet, time: Tensor, x: Tensor, condition: Tensor | undefined, ofX = 1): Tensor {
  const all = dense.apply(skip, concat([time, time.square()], 1));
  const [a, k, b] = split(all, [1, 1, x.shape[1]], 1);
  const sum = x.mul(besideImages(a).mul(ofX)).add(b.reshape([...b.shape, 1, 1]));
  return condition ? sum.add(seenIn(condition, x.shape[1]).mul(besideImages(k))) : sum;
}

/**
 * What h is to the action, with y the picture as the network sees it:
 *   "inner"     s = <y, h>
 *   "distance"  s = ½ |y - h|²
 *   "scalar"    s = Σ_pixels h of one channel, the only one for growth
 *
 * and the quadratic skip, but for places on circles, on which it would not be a function.
 */
export const imageHeads = ["inner", "distance", "scalar"] as const;
/** The name of a form. */
export type ImageHead = (typeof imageHeads)[number];

/** The action of a network: rows of t and of pictures to [B]. Where pixels stand still it is of what is known, so that its gradient is 0 there. */
export const imageAction =
  (params: ImageNet, form: NetForm, head: ImageHead, condition?: Tensor): Action =>
  (time, rows) => {
    const { embed, still } = form.schedule;
    const given = toImages(rows, form.shape);
    const x = still && form.moves && condition ? blend(form.moves(condition), given, seenIn(condition, form.shape[0])) : given;
    const y = embed ? embed(x) : x;
    const h = hidden(params, form, time, y, condition);
    const [flat, other] = [toRows(y), toRows(h)];
    const free = head === "scalar" ? other.sum(1) : head === "inner" ? flat.mul(other).sum(1) : flat.sub(other).square().sum(1).mul(0.5);
    return embed ? free : free.add(toRows(linear(params, time, x, condition, 0.5).mul(x)).sum(1));
  };

/**
 * A field of the same network: h + a x + k y + b, rows to rows; of places on circles h alone.
 *
 * @param ofKnown  what the field is where pixels are known: 0 of a velocity that is 0 there, or the pixels themselves; absent: it is learned too
 */
export const imageField =
  (params: ImageNet, form: NetForm, condition?: Tensor, ofKnown?: "zero" | "pixels"): VectorField =>
  (time, rows) => {
    const { embed } = form.schedule;
    const x = toImages(rows, form.shape);
    const h = hidden(params, form, time, embed ? embed(x) : x, condition);
    if (embed) return toRows(h);
    const field = h.add(linear(params, time, x, condition));
    if (!form.moves || !condition || !ofKnown) return toRows(field);
    const moves = form.moves(condition);
    return toRows(ofKnown === "zero" ? field.mul(moves) : blend(moves, field, seenIn(condition, form.shape[0])));
  };
