/** Vision transformers. */
import type { NdArray, Shape } from "../../array/index.ts";
import { TensorError } from "../../errors.ts";
import type { Tensor } from "../../tensor/index.ts";
import { type Dense, dense } from "../dense.ts";
import { embedding } from "../embedding.ts";
import { layerNorm, type Norm } from "../norm.ts";
import { type TransformerBlock, transformerBlock } from "../transformer.ts";
import { type Network, type NoStatistics, requireImages } from "./network.ts";
import { requireHeads, type TransformerSizes } from "./transformer-sizes.ts";

interface Vit<T = Tensor> {
  readonly patches: Dense<T>;
  readonly positions: T;
  readonly blocks: readonly TransformerBlock<T>[];
  readonly norm: Norm<T>;
  readonly head: Dense<T>;
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

/** The divisor of both sides that is nearest to a seventh of the height. */
function nearestDivisor(height: number, breadth: number): number {
  const divisors = Array.from({ length: height }, (_, i) => i + 1).filter((p) => height % p === 0 && breadth % p === 0);
  return divisors.reduce((best, p) => (Math.abs(Math.log((p * 7) / height)) < Math.abs(Math.log((best * 7) / height)) ? p : best), 1);
}
