/** Whole networks by name, with sensible sizes: what `pushforward train` offers. */
import type { NdArray, Random, Shape } from "../array/index.ts";
import * as nd from "../array/index.ts";
import { TensorError } from "../errors.ts";
import type { OnnxModel } from "../onnx/index.ts";
import type { Arrays, Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import { type Conv, conv2d } from "./conv.ts";
import { type Dense, dense } from "./dense.ts";
import { type Embedding, embedding } from "./embedding.ts";
import { heNormal } from "./initializers.ts";
import { type Mlp, mlp } from "./mlp.ts";
import { type BatchStatistics, batchNorm, layerNorm, type Norm } from "./norm.ts";
import { type TransformerBlock, transformerBlock } from "./transformer.ts";

/**
 * Parameters P that are trained, and statistics S that follow the data (`{}` without batch normalisation): trees of tensors in programs, of
 * arrays outside. Who does not look into them can leave both out.
 */
export interface Network<P extends object = object, S extends object = object> {
  init(rng: Random): { params: Arrays<P>; stats: Arrays<S> };
  /** Outputs [batch, ..., outputs] of a batch of inputs, and the next statistics. */
  apply(params: P, stats: S, x: Tensor, training: boolean): { y: Tensor; stats: S };
}

/** Statistics of networks without batch normalisation. */
type NoStatistics = Record<string, never>;

/** Dense layers on flattened inputs, ReLU between them. */
export function mlpNetwork(
  input: Shape,
  outputs: number,
  { width = 256, depth = 2 }: { width?: number; depth?: number } = {},
): Network<{ readonly layers: Mlp }, NoStatistics> {
  const sizes = [nd.sizeOf(input), ...new Array<number>(depth).fill(width), outputs];
  return {
    init: (rng) => ({ params: { layers: mlp.init(rng, sizes, { initializer: heNormal }) }, stats: {} }),
    apply: (params, stats, x) => ({
      y: mlp.apply(params.layers, x.reshape([x.shape[0], sizes[0]]), "relu"),
      stats,
    }),
  };
}

interface ConvNorm<T = Tensor> {
  readonly conv: Conv<T>;
  readonly norm: Norm<T>;
}

const convNorm = {
  init(rng: Random, inputs: number, outputs: number, kernel = 3) {
    const { params, stats } = batchNorm.init(outputs);
    return {
      params: { conv: conv2d.init(rng, inputs, outputs, kernel, { bias: false, initializer: heNormal }), norm: params },
      stats,
    };
  },
  apply({ conv, norm }: ConvNorm, stats: BatchStatistics, x: Tensor, stride: number, training: boolean) {
    const padding = (conv.w.shape[2] - 1) / 2;
    return batchNorm.apply(norm, stats, conv2d.apply(conv, x, { strides: stride, padding }), { training });
  },
};

/** Layers in a chain, and a dense layer at the end. */
type Convolutional = Network<{ readonly layers: readonly ConvNorm[]; readonly head: Dense }, readonly BatchStatistics[]>;

/** A chain of convolutions, each with batch normalisation and ReLU; mean over positions; a dense layer. */
function convolutional(input: Shape, outputs: number, layers: readonly { channels: number; stride: number }[]): Convolutional {
  requireImages(input);
  return {
    init(rng) {
      const [head, ...streams] = rng.split(layers.length + 1);
      const made = layers.map(({ channels }, i) => convNorm.init(streams[i], i ? layers[i - 1].channels : input[0], channels));
      return {
        params: { layers: made.map((l) => l.params), head: dense.init(head, layers[layers.length - 1].channels, outputs) },
        stats: made.map((l) => l.stats),
      };
    },
    apply(params, before, x, training) {
      const stats: BatchStatistics[] = [];
      let h = x;
      for (const [i, layer] of params.layers.entries()) {
        const out = convNorm.apply(layer, before[i], h, layers[i].stride, training);
        h = t.relu(out.y);
        stats.push(out.stats);
      }
      return { y: dense.apply(params.head, h.mean([2, 3])), stats };
    },
  };
}

/** A small plain network: strided 3 x 3 convolutions of w, 2w, 4w channels. */
export const cnn = (input: Shape, outputs: number, { width = 16, depth = 3 }: { width?: number; depth?: number } = {}): Convolutional =>
  convolutional(
    input,
    outputs,
    Array.from({ length: depth }, (_, i) => ({ channels: width * 2 ** i, stride: 2 })),
  );

/**
 * `depth` stages of two 3 x 3 convolutions, of w, 2w, 4w, … channels, each stage at half the resolution.
 *
 * @source  after Simonyan & Zisserman, ICLR 2015
 */
export const vgg = (input: Shape, outputs: number, { width = 16, depth = 3 }: { width?: number; depth?: number } = {}): Convolutional =>
  convolutional(
    input,
    outputs,
    Array.from({ length: 2 * depth }, (_, i) => ({ channels: width * 2 ** (i >> 1), stride: i > 0 && i % 2 === 0 ? 2 : 1 })),
  );

interface Residual<T = Tensor> {
  readonly first: ConvNorm<T>;
  readonly second: ConvNorm<T>;
  readonly shortcut?: ConvNorm<T>;
}
interface Resnet {
  readonly stem: ConvNorm;
  readonly blocks: readonly Residual[];
  readonly head: Dense;
}
type ResidualStatistics = { readonly [part in keyof Residual]: BatchStatistics };

/**
 * Residual network of three stages of `depth` blocks of w, 2w, 4w channels: 6 depth + 2 layers.
 *
 * @source  He et al., CVPR 2016, section 4.2, with a convolution in the shortcuts that change the shape
 */
export function resnet(
  input: Shape,
  outputs: number,
  { width = 16, depth = 1 }: { width?: number; depth?: number } = {},
): Network<Resnet, { readonly stem: BatchStatistics; readonly blocks: readonly ResidualStatistics[] }> {
  requireImages(input);
  const blocks = Array.from({ length: 3 * depth }, (_, i) => ({
    channels: width * 2 ** Math.floor(i / depth),
    stride: i > 0 && i % depth === 0 ? 2 : 1,
  }));
  return {
    init(rng) {
      const [stem, head, ...streams] = rng.split(blocks.length + 2);
      const first = convNorm.init(stem, input[0], width);
      const made = blocks.map(({ channels, stride }, i) => {
        const inputs = i ? blocks[i - 1].channels : width;
        const [a, b, c] = streams[i].split(3);
        return {
          first: convNorm.init(a, inputs, channels),
          second: convNorm.init(b, channels, channels),
          shortcut: stride > 1 || inputs !== channels ? convNorm.init(c, inputs, channels, 1) : undefined,
        };
      });
      const each = <T>(part: (made: ReturnType<typeof convNorm.init>) => T) =>
        made.map(({ first, second, shortcut }) => ({
          first: part(first),
          second: part(second),
          ...(shortcut && { shortcut: part(shortcut) }),
        }));
      return {
        params: {
          stem: first.params,
          blocks: each(({ params }) => params),
          head: dense.init(head, blocks[blocks.length - 1].channels, outputs),
        },
        stats: { stem: first.stats, blocks: each(({ stats }) => stats) },
      };
    },
    apply(params, stats, x, training) {
      const stem = convNorm.apply(params.stem, stats.stem, x, 1, training);
      let h = t.relu(stem.y);
      const next = params.blocks.map((block, i) => {
        const { stride } = blocks[i];
        const first = convNorm.apply(block.first, stats.blocks[i].first, h, stride, training);
        const second = convNorm.apply(block.second, stats.blocks[i].second, t.relu(first.y), 1, training);
        const shortcut = block.shortcut && convNorm.apply(block.shortcut, stats.blocks[i].shortcut!, h, stride, training);
        h = t.relu(second.y.add(shortcut?.y ?? h));
        return { first: first.stats, second: second.stats, ...(shortcut && { shortcut: shortcut.stats }) };
      });
      return { y: dense.apply(params.head, h.mean([2, 3])), stats: { stem: stem.stats, blocks: next } };
    },
  };
}

interface Vit<T = Tensor> {
  readonly patches: Dense<T>;
  readonly positions: T;
  readonly blocks: readonly TransformerBlock<T>[];
  readonly norm: Norm<T>;
  readonly head: Dense<T>;
}

/** Sizes of a transformer. */
export interface TransformerSizes {
  readonly width?: number;
  readonly depth?: number;
  readonly heads?: number;
}

/**
 * Vision transformer: patches as tokens, learned positions, the mean of the tokens to the outputs.
 *
 * @param options.patch  its side; default the divisor of the image's side nearest to a seventh of it
 * @source  Dosovitskiy et al., ICLR 2021; mean instead of a class token as in Zhai et al., CVPR 2022
 */
export function vit(input: Shape, outputs: number, options: TransformerSizes & { patch?: number } = {}): Network<Vit, NoStatistics> {
  requireImages(input);
  const { width = 64, depth = 4, heads = 4 } = options;
  const [channels, height, breadth] = input;
  const patch = options.patch ?? nearestDivisor(height, breadth);
  if (height % patch || breadth % patch) throw new TensorError(`vit: patches of ${patch} do not tile ${height} x ${breadth}`);
  requireHeads("vit", width, heads);
  const [rows, columns] = [height / patch, breadth / patch];
  return {
    init(rng) {
      const [patches, positions, head, ...streams] = rng.split(depth + 3);
      const params: Vit<NdArray> = {
        patches: dense.init(patches, channels * patch * patch, width),
        positions: embedding.init(positions, rows * columns, width).table,
        blocks: streams.map((stream) => transformerBlock.init(stream, width)),
        norm: layerNorm.init(width),
        head: dense.init(head, width, outputs),
      };
      return { params, stats: {} };
    },
    apply(params, stats, x) {
      const tiles = x.reshape([x.shape[0], channels, rows, patch, columns, patch]).transpose([0, 2, 4, 1, 3, 5]);
      const tokens = tiles.reshape([x.shape[0], rows * columns, channels * patch * patch]);
      let h = dense.apply(params.patches, tokens).add(params.positions);
      for (const block of params.blocks) h = transformerBlock.apply(block, h, { heads });
      return { y: dense.apply(params.head, layerNorm.apply(params.norm, h).mean(1)), stats };
    },
  };
}

interface LanguageModel<T = Tensor> {
  readonly symbols: Embedding<T>;
  readonly positions: Embedding<T>;
  readonly blocks: readonly TransformerBlock<T>[];
  readonly norm: Norm<T>;
  readonly head: Dense<T>;
}

/**
 * Causal transformer over symbols: integers [batch, tokens] -> logits of the next symbol [batch, tokens, symbols]. At most `context`
 * tokens.
 */
export function transformerLm(symbols: number, context: number, options: TransformerSizes = {}): Network<LanguageModel, NoStatistics> {
  const { width = 64, depth = 2, heads = 4 } = options;
  requireHeads("transformer-lm", width, heads);
  return {
    init(rng) {
      const [table, positions, head, ...streams] = rng.split(depth + 3);
      const params: LanguageModel<NdArray> = {
        symbols: embedding.init(table, symbols, width),
        positions: embedding.init(positions, context, width),
        blocks: streams.map((stream) => transformerBlock.init(stream, width)),
        norm: layerNorm.init(width),
        head: dense.init(head, width, symbols),
      };
      return { params, stats: {} };
    },
    apply(params, stats, x) {
      const tokens = x.shape[1];
      let h = embedding.apply(params.symbols, x).add(params.positions.table.slice([0, tokens]));
      for (const block of params.blocks) h = transformerBlock.apply(block, h, { heads, causal: true });
      return { y: dense.apply(params.head, layerNorm.apply(params.norm, h)), stats };
    },
  };
}

/** A model file as a network: its weights are where training starts. It must have one input; its first output counts. */
export function onnxNetwork(model: OnnxModel): Network<Record<string, Tensor>, NoStatistics> {
  if (model.inputs.length !== 1)
    throw new TensorError(`the model has ${model.inputs.length} inputs (${model.inputs.map((i) => i.name).join(", ")}), not one`);
  if (Object.keys(model.params).length === 0) throw new TensorError("the model has no weights to train");
  const [rows] = model.inputs[0].shape;
  const of = (params: Record<string, Tensor>, x: Tensor): Tensor => model.apply(params, x)[0];
  return {
    init: () => ({ params: model.params, stats: {} }),
    apply: (params, stats, x) => ({
      y: typeof rows === "number" ? inPieces((piece) => of(params, piece), x, rows) : of(params, x),
      stats,
    }),
  };
}

/** f of a batch, for an f that takes just `rows` rows: the last piece is filled up with zeros. */
function inPieces(f: (x: Tensor) => Tensor, x: Tensor, rows: number): Tensor {
  const pieces = Math.ceil(x.shape[0] / rows);
  const missing = pieces * rows - x.shape[0];
  const full = missing
    ? t.pad(
        x,
        x.shape.map((_, axis) => [0, axis === 0 ? missing : 0]),
      )
    : x;
  const ys = Array.from({ length: pieces }, (_, i) => f(full.slice([i * rows, (i + 1) * rows])));
  return (ys.length > 1 ? t.concat(ys, 0) : ys[0]).slice([0, x.shape[0]]);
}

function requireImages(input: Shape): void {
  if (input.length !== 3)
    throw new TensorError(`this network needs images [channels, height, width], not inputs of shape [${input.join(", ")}]`);
}

function requireHeads(name: string, width: number, heads: number): void {
  if (width % heads) throw new TensorError(`${name}: a width of ${width} does not divide among ${heads} heads`);
}

function nearestDivisor(height: number, breadth: number): number {
  const divisors = Array.from({ length: height }, (_, i) => i + 1).filter((p) => height % p === 0 && breadth % p === 0);
  return divisors.reduce((best, p) => (Math.abs(Math.log((p * 7) / height)) < Math.abs(Math.log((best * 7) / height)) ? p : best), 1);
}
