/** Language models. */
import { type CausalParameters, causalTransformer } from "./causal-transformer.ts";
import type { Network, NoStatistics } from "./network.ts";
import type { TransformerSizes } from "./transformer-sizes.ts";

/**
 * Causal transformer over symbols: integers [batch, tokens] -> logits of the next symbol [batch, tokens, symbols]. At most `context`
 * tokens.
 */
export function transformerLm(symbols: number, context: number, options: TransformerSizes = {}): Network<CausalParameters, NoStatistics> {
  const { width = 64, depth = 2, heads = 4 } = options;
  const config = { architecture: "gpt", vocabulary: symbols, context, width, depth, heads } as const;
  return {
    causal: config,
    init: (rng) => ({ params: causalTransformer.init(rng, config), stats: {} }),
    apply: (params, stats, x) => ({ y: causalTransformer.apply(config, params, x).logits, stats }),
  };
}
