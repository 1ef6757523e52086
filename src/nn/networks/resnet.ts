/** Residual networks. */
import type { Shape } from "../../array/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import * as t from "../../tensor/index.ts";
import { type Dense, dense } from "../dense.ts";
import type { BatchStatistics } from "../norm.ts";
import { type ConvNorm, convNorm } from "./conv-norm.ts";
import { type Network, requireImages } from "./network.ts";

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
