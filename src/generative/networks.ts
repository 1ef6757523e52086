/** Encoders, decoders, generators and discriminators: networks from rows of numbers to rows of numbers. */
import { type Random, type Shape, sizeOf } from "../array/index.ts";
import { UserError } from "../errors.ts";
import { type Activation, type Conv, conv2d, convTranspose2d, type Dense, dense, initializers, type Mlp, mlp } from "../nn/index.ts";
import type { Arrays, Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";

/** A network of rows: [n, inputs] to [n, outputs]. Parameters P are trees of tensors in programs, of arrays outside. */
export interface RowNetwork<P extends object = object> {
  init(rng: Random): Arrays<P>;
  apply(params: P, x: Tensor): Tensor;
}

/** Sizes of a network; each kind has its own defaults. */
export interface RowNetworkSize {
  /** Of hidden layers, or channels of the largest pictures. */
  readonly width?: number;
  /** Hidden layers, or halvings of the picture. */
  readonly depth?: number;
}

/** max(x, x / 5), as discriminators have it. Radford et al., ICLR 2016. */
export const leaky = (x: Tensor): Tensor => t.maximum(x, x.mul(0.2));

/** Keeps the size of what passes: the layers are linear or almost so, or cut half of it off. */
const initializerOf = (activation: Activation) =>
  activation === "tanh" ? initializers.glorotNormal : activation === "identity" ? initializers.lecunNormal : initializers.heNormal;

/** Dense layers, `depth` of them hidden. */
export function denseRows(
  inputs: number,
  outputs: number,
  { width = 256, depth = 2 }: RowNetworkSize,
  activation: Activation,
  dtype?: "f32" | "f64",
): RowNetwork<{ readonly layers: Mlp }> {
  const sizes = [inputs, ...new Array<number>(depth).fill(width), outputs];
  return {
    init: (rng) => ({ layers: mlp.init(rng, sizes, { initializer: initializerOf(activation), dtype }) }),
    apply: ({ layers }, x) => mlp.apply(layers, x, activation),
  };
}

/** Strided convolutions and a dense layer after them, or a dense layer and transposed convolutions. */
interface ConvParams {
  readonly layers: readonly Conv[];
  readonly dense: Dense;
}

const geometry = { strides: 2, padding: 1 } as const;
const kernel = 4;

/** How often a picture can be halved until a side is shorter than the kernel. */
const halvings = (side: number): number => (side < kernel ? 0 : 1 + halvings(side >> 1));

/** Sizes of a picture and of what `depth` halvings leave of it. */
function pyramid([channels, height, width]: Shape, { width: base = 32, depth }: RowNetworkSize): Shape[] {
  const most = halvings(Math.min(height, width));
  if (most === 0 || (depth ?? 1) > most)
    throw new UserError(
      `images ${height} x ${width} cannot be halved ${depth ?? 1} times by kernels of ${kernel}`,
      most === 0 ? "take --network mlp" : `--depth may be up to ${most}; or take --network mlp`,
    );
  const sizes: Shape[] = [[channels, height, width]];
  for (let i = 0; i < (depth ?? Math.min(2, most)); i++) sizes.push([base * 2 ** i, sizes[i][1] >> 1, sizes[i][2] >> 1]);
  return sizes;
}

/** From pictures, as rows, to numbers: w, 2w, … channels at half the size each, then a dense layer. */
export function convolutionalRows(
  picture: Shape,
  outputs: number,
  size: RowNetworkSize,
  activation: (x: Tensor) => Tensor,
): RowNetwork<ConvParams> {
  const sizes = pyramid(picture, size);
  const last = sizes[sizes.length - 1];
  const initializer = initializers.heNormal;
  return {
    init(rng) {
      const [head, ...streams] = rng.split(sizes.length);
      return {
        layers: streams.map((stream, i) => conv2d.init(stream, sizes[i][0], sizes[i + 1][0], kernel, { initializer })),
        dense: dense.init(head, sizeOf(last), outputs),
      };
    },
    apply(params, x) {
      const n = x.shape[0];
      const h = params.layers.reduce((h, layer) => activation(conv2d.apply(layer, h, geometry)), x.reshape([n, ...picture]));
      return dense.apply(params.dense, h.reshape([n, sizeOf(last)]));
    },
  };
}

/** From numbers to pictures, as rows: the mirror image of `convolutionalRows`. */
export function deconvolutionalRows(
  inputs: number,
  picture: Shape,
  size: RowNetworkSize,
  activation: (x: Tensor) => Tensor,
): RowNetwork<ConvParams> {
  const sizes = pyramid(picture, size).toReversed();
  const [first] = sizes;
  // each output pixel sees a quarter of the kernel
  const initializer: typeof initializers.heNormal = (rng, shape, options) => {
    const [inward, outward] = options?.fans ?? [1, 1];
    return initializers.heNormal(rng, shape, { ...options, fans: [inward / 4, outward] });
  };
  return {
    init(rng) {
      const [head, ...streams] = rng.split(sizes.length);
      return {
        dense: dense.init(head, inputs, sizeOf(first), { initializer: initializers.heNormal }),
        layers: streams.map((stream, i) => convTranspose2d.init(stream, sizes[i][0], sizes[i + 1][0], kernel, { initializer })),
      };
    },
    apply(params, x) {
      const n = x.shape[0];
      const start = dense.apply(params.dense, x).reshape([n, ...first]);
      const made = params.layers.reduce(
        (h, layer, i) => convTranspose2d.apply(layer, activation(h), { ...geometry, space: sizes[i + 1].slice(1) }),
        start,
      );
      return made.reshape([n, sizeOf(picture)]);
    },
  };
}
