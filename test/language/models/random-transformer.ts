/** Small transformers with random weights. */
import { mapTree, type NdArray, ndarray, randomStream } from "../../../src/array/index.ts";
import { type CausalParameters, type CausalTransformer, causalTransformer } from "../../../src/nn/index.ts";
import { characterTokenizer } from "../../../src/tokenizers/index.ts";

export const tokenizer = characterTokenizer([..."abcdefghij?"]);

/** Parameters far from where they start: logits differ by several nats. */
export function paramsOf(config: CausalTransformer): CausalParameters<NdArray> {
  const rng = randomStream(config.architecture);
  return mapTree<CausalParameters<NdArray>>(
    (a: NdArray) => {
      const noise = rng.normal(a.shape).data;
      return ndarray(
        Float32Array.from(a.data as Float32Array, (v, i) => v + 0.2 * noise[i]),
        a.shape,
        "f32",
      );
    },
    causalTransformer.init(rng, config),
  );
}
