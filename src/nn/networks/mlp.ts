/** A network of dense layers. */
import type { Shape } from "../../array/index.ts";
import * as nd from "../../array/index.ts";
import { heNormal } from "../initializers.ts";
import { type Mlp, mlp } from "../mlp.ts";
import type { Network, NoStatistics } from "./network.ts";

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
