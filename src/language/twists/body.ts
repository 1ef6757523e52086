/** A transformer of the twist's own, which begins as the frozen model: a copy whose weights are all trained, or low-rank changes of it. */
import { mapTree, type NdArray, type Random } from "../../array/index.ts";
import { type CausalAdapters, type CausalParameters, causalTransformer, type Dense, lowRank } from "../../nn/index.ts";
import { broadcastTo, concat, constant, jit, type Tensor } from "../../tensor/index.ts";
import type { LanguageModel } from "../model.ts";
import { castParameters, type TransformerModel, trainedDecoder, transformerModel } from "../models/transformer.ts";

/** Parameters of one of them. */
export interface BodyParameters<T = Tensor> {
  readonly body?: CausalParameters<T>;
  readonly adapters?: CausalAdapters<T>;
}

export interface Body {
  readonly init: (rng: Random) => BodyParameters<NdArray>;
  /** States before each token, after prompt and the tokens before it: [K, T] -> [K, T, d]. */
  readonly states: (params: BodyParameters, tokens: Tensor) => Tensor;
  /** Its output layer, from states to logits. */
  readonly output: (params: BodyParameters) => Dense;
  /** A decoder with a cache of its own. Frozen, it is compiled for its weights. */
  readonly start: (params: BodyParameters<NdArray>, frozen: boolean) => LanguageModel["start"];
}

/**
 * @param model   whose weights are copied, or stay under the changes
 * @param prompt  that training goes on from
 * @param kind    copy: all weights are learned. lora: changes A B of rank r of every linear layer
 * @param dtype   of what is computed
 */
export function trainedBody(
  model: TransformerModel,
  prompt: readonly number[],
  { kind, rank, dtype }: { readonly kind: "copy" | "lora"; readonly rank: number; readonly dtype: "f32" | "f64" },
): Body {
  const { config, name } = model;
  const base = castParameters(model.params, dtype);
  const constants = (): CausalParameters => mapTree<CausalParameters>((a: NdArray) => constant(a), base);
  const weights = ({ body, adapters }: BodyParameters): CausalParameters => body ?? lowRank.apply(constants(), adapters!);
  const decoder = trainedDecoder(name, config, dtype);
  const merge = jit((adapters: CausalAdapters) => lowRank.apply(constants(), adapters));
  const merged = new WeakMap<object, Promise<CausalParameters<NdArray>>>();
  /** A ratio asks for the same frozen body at every step of its training. */
  const compiled = new WeakMap<object, Promise<LanguageModel>>();
  const arrays = (params: BodyParameters<NdArray>): Promise<CausalParameters<NdArray>> => {
    if (params.body) return Promise.resolve(params.body);
    const adapters = params.adapters!;
    if (!merged.has(adapters)) merged.set(adapters, merge(adapters));
    return merged.get(adapters)!;
  };
  return {
    init: (rng) => (kind === "copy" ? { body: base } : { adapters: lowRank.init(rng, base, rank, dtype) }),

    states(params, tokens) {
      const [K, T] = tokens.shape;
      const P = prompt.length;
      const given = broadcastTo(constant({ dtype: "i32", shape: [1, P], data: Int32Array.from(prompt) }), [K, P]);
      const before = T === 1 ? given : concat([given, tokens.slice([0, K], [0, T - 1])], 1);
      return causalTransformer.apply(config, weights(params), before).hidden.slice([0, K], [P - 1, P + T - 1]);
    },

    output(params) {
      const { head, symbols } = weights(params);
      return head ?? { w: symbols.table.transpose() };
    },

    start(params, frozen) {
      if (!frozen) return async (given, rows) => decoder(await arrays(params), given, rows);
      return async (given, rows) => {
        if (!compiled.has(params))
          compiled.set(
            params,
            arrays(params).then((found) => transformerModel({ ...model, params: found }, { dtype })),
          );
        return (await compiled.get(params)!).start(given, rows);
      };
    },
  };
}
