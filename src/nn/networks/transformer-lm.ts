/** Language models. */
import type { NdArray } from "../../array/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import { type Dense, dense } from "../dense.ts";
import { type Embedding, embedding } from "../embedding.ts";
import { layerNorm, type Norm } from "../norm.ts";
import { type TransformerBlock, transformerBlock } from "../transformer.ts";
import type { Network, NoStatistics } from "./network.ts";
import { requireHeads, type TransformerSizes } from "./transformer-sizes.ts";

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
