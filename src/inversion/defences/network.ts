/** Classifiers that are trained here: dense layers, or convolutions, whose hidden blocks can be looked at. */

import { mapTree, type NdArray, ndarray, type Random, type Shape, sizeOf } from "../../array/index.ts";
import type { Standardization } from "../../data/index.ts";
import { UserError } from "../../errors.ts";
import { conv2d, type Dense, dense, initializers } from "../../nn/index.ts";
import { type Arrays, constant, relu, silu, type Tensor } from "../../tensor/index.ts";
import type { Classifier } from "../classifier.ts";

/** What a network is to be. */
export interface NetworkOptions {
  /** Of one input: [features] or [channels, height, width] with pixels in [0, 1]. */
  readonly input: Shape;
  readonly classes: number;
  /** `mlp`: dense layers. `conv`: strided 4 x 4 convolutions, for images, each of half the size. */
  readonly kind: "mlp" | "conv";
  /** Units, or channels, of each hidden block. */
  readonly widths: readonly number[];
  /** Default relu. */
  readonly activation?: "relu" | "silu";
  /** Numbers of a Gaussian code between the last block and the classes; see `codeDivergence`. */
  readonly code?: number;
  /** Of features, one each: what they are standardised by. Under differential privacy it must not come from the private data. */
  readonly scaling?: Standardization;
}

/** Weights of the blocks, of the code where there is one, and of the last layer. */
export interface NetworkParams<T = Tensor> {
  readonly blocks: readonly Dense<T>[];
  readonly code?: Dense<T>;
  readonly head: Dense<T>;
}

/** A Gaussian code of each input, [n, F]. */
export interface Code {
  readonly mean: Tensor;
  readonly logVariance: Tensor;
}

/** What a network makes of inputs [n, D]. */
export interface Activations {
  /** [n, K] */
  readonly logits: Tensor;
  /** Of each block, as rows; the last of them goes into the last layer. */
  readonly hidden: readonly Tensor[];
  readonly code?: Code;
}

/** A network as functions of its parameters. */
export interface ClassifierNetwork {
  readonly options: NetworkOptions;
  init(rng: Random, dtype?: "f32" | "f64"): Arrays<NetworkParams>;
  /** @param noise  ε of the code, [n, F]; absent: the code is its mean */
  apply(params: NetworkParams, x: Tensor, noise?: Tensor): Activations;
}

const kernel = 4;
const geometry = { strides: 2, padding: 1 } as const;

/** @throws UserError  for options that do not fit each other */
export function classifierNetwork(options: NetworkOptions): ClassifierNetwork {
  const { input, classes, kind, widths, code, scaling } = options;
  if (classes < 2) throw new UserError(`${classes} classes: there is nothing to tell apart`, "give labels of at least two classes");
  const isImage = input.length === 3;
  const shapes = kind === "conv" ? pictures(input, widths) : [[sizeOf(input)], ...widths.map((w) => [w])];
  const last = code ?? sizeOf(shapes[shapes.length - 1]);
  const activation = options.activation === "silu" ? silu : relu;
  const block = (layer: Dense, h: Tensor, from: Shape): Tensor => {
    if (kind === "mlp") return activation(dense.apply(layer, h));
    const y = activation(conv2d.apply(layer, h.reshape([h.shape[0], ...from]), geometry));
    return y.reshape([h.shape[0], y.size / h.shape[0]]);
  };
  return {
    options,
    init(rng, dtype) {
      const [head, middle, ...streams] = rng.split(widths.length + 2);
      const he = { initializer: initializers.heNormal, dtype };
      const blocks = streams.map((stream, i) =>
        kind === "mlp"
          ? dense.init(stream, shapes[i][0], shapes[i + 1][0], he)
          : conv2d.init(stream, shapes[i][0], shapes[i + 1][0], kernel, he),
      );
      const before = sizeOf(shapes[shapes.length - 1]);
      return {
        blocks,
        ...(code === undefined ? {} : { code: dense.init(middle, before, 2 * code, { dtype }) }),
        head: dense.init(head, last, classes, { dtype }),
      };
    },
    apply(params, x, noise) {
      const hidden: Tensor[] = [];
      let h = isImage ? x.mul(2).sub(1) : scaling ? standardised(x, scaling) : x;
      params.blocks.forEach((layer, i) => {
        h = block(layer, h, shapes[i]);
        hidden.push(h);
      });
      if (!params.code) return { logits: dense.apply(params.head, h), hidden };
      const moments = dense.apply(params.code, h);
      const mean = moments.slice(null, [0, last]);
      const logVariance = moments.slice(null, [last, 2 * last]);
      const z = noise ? mean.add(logVariance.mul(0.5).exp().mul(noise)) : mean;
      return { logits: dense.apply(params.head, z), hidden: [...hidden, z], code: { mean, logVariance } };
    },
  };
}

/** Sizes of the picture before and after each block. @throws UserError */
function pictures(input: Shape, widths: readonly number[]): Shape[] {
  if (input.length !== 3) throw new UserError("convolutions are for images, these are features", "take a network of dense layers (mlp)");
  const shapes: Shape[] = [input];
  for (const width of widths) {
    const [, height, across] = shapes[shapes.length - 1];
    if (Math.min(height, across) < kernel)
      throw new UserError(
        `images ${input[1]} x ${input[2]} cannot be halved ${widths.length} times by kernels of ${kernel}`,
        "take fewer convolutions, or dense layers (mlp)",
      );
    shapes.push([width, height >> 1, across >> 1]);
  }
  return shapes;
}

function standardised(x: Tensor, { mean, deviation }: Standardization): Tensor {
  const row = (values: Float64Array): Tensor => constant(ndarray(Float32Array.from(values), [values.length], "f32")).cast(x.dtype);
  return x.sub(row(mean)).div(row(deviation));
}

/** A trained network as the audit sees it: its weights are copied and become constants. */
export function frozen(network: ClassifierNetwork, params: Arrays<NetworkParams>, name: string, classes: readonly string[]): Classifier {
  const copy = mapTree<Arrays<NetworkParams>>((a: NdArray) => ({ ...a, data: a.data.slice() }), params);
  const run = (x: Tensor): Activations =>
    network.apply(
      mapTree<NetworkParams>((a: NdArray) => constant(a), copy),
      x,
    );
  return {
    ...{ name, classes, input: network.options.input },
    logits: (x) => run(x).logits,
    ...(network.options.widths.length || network.options.code ? { features: (x: Tensor) => run(x).hidden[run(x).hidden.length - 1] } : {}),
  };
}
