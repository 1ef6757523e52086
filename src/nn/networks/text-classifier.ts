/** Classifiers of texts. */
import type { Tensor } from "../../tensor/index.ts";
import * as t from "../../tensor/index.ts";
import { type Dense, dense } from "../dense.ts";
import { type Embedding, embedding } from "../embedding.ts";
import type { Network, NoStatistics } from "./network.ts";

interface TextClassifier<T = Tensor> {
  readonly symbols: Embedding<T>;
  readonly layers: readonly Dense<T>[];
  readonly head: Dense<T>;
}

/** Tokens on each side that a layer looks at. */
const reach = 1;

/**
 * Mean of the vectors of a text's tokens, and an affine map of it: integers [batch, length] -> [batch, outputs]. The last symbol is padding
 * and does not count. Each of `depth` layers adds to a token's vector what a ReLU layer makes of it and its two neighbours, so that order
 * tells.
 *
 * @param symbols  tokens, and one more for padding
 * @param options.width  of the vectors, default 64
 * @param options.depth  default 0
 * @source  Joulin et al., Bag of tricks for efficient text classification, EACL 2017; with layers Kim, EMNLP 2014
 */
export function textClassifier(
  symbols: number,
  outputs: number,
  { width = 64, depth = 0 }: { width?: number; depth?: number } = {},
): Network<TextClassifier, NoStatistics> {
  return {
    init(rng) {
      const [table, head, ...streams] = rng.split(depth + 2);
      return {
        params: {
          symbols: embedding.init(table, symbols, width),
          layers: streams.map((stream) => dense.init(stream, (2 * reach + 1) * width, width)),
          head: dense.init(head, width, outputs),
        },
        stats: {},
      };
    },
    apply(params, stats, x) {
      const there = t
        .less(x, symbols - 1)
        .cast("f32")
        .expandDims(-1);
      let h = embedding.apply(params.symbols, x).mul(there);
      for (const layer of params.layers) h = h.add(t.relu(dense.apply(layer, neighbours(h))).mul(there));
      return { y: dense.apply(params.head, h.sum(1).div(t.maximum(there.sum(1), 1))), stats };
    },
  };
}

/** Each token beside those before and after it: [batch, length, width] -> [batch, length, (2 reach + 1) width]. */
function neighbours(h: Tensor): Tensor {
  const n = h.shape[1];
  const wide = t.pad(h, [
    [0, 0],
    [reach, reach],
    [0, 0],
  ]);
  return t.concat(
    Array.from({ length: 2 * reach + 1 }, (_, i) => t.slice(wide, [], [i, i + n])),
    -1,
  );
}
