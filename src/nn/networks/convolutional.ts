/** Plain convolutional networks. */
import type { Shape } from "../../array/index.ts";
import * as t from "../../tensor/index.ts";
import { type Dense, dense } from "../dense.ts";
import type { BatchStatistics } from "../norm.ts";
import { type ConvNorm, convNorm } from "./conv-norm.ts";
import { type Network, requireImages } from "./network.ts";

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
