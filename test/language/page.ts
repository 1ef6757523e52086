/** Texts of a small random transformer, steered by a score of words: runs as it is in Node and in a page. */
import { mapTree, type NdArray, ndarray, randomStream } from "../../src/array/index.ts";
import { head, headTwist, type Potential, runParticles, transformerModel } from "../../src/language/index.ts";
import { type CausalParameters, type CausalTransformer, causalTransformer } from "../../src/nn/index.ts";
import { characterTokenizer } from "../../src/tokenizers/index.ts";

export interface Outcome {
  readonly texts: readonly string[];
  readonly logZ: number;
  /** Steps at which there was resampling. */
  readonly resampled: readonly number[];
}

const characters = [..." aeioubdgklmnrst?"];
const config: CausalTransformer = {
  ...{ architecture: "llama", vocabulary: characters.length, context: 64, width: 32, depth: 2, heads: 4, keyValueHeads: 2, hidden: 48 },
};

/** The parameters with noise, so that they are far from where they start. */
function noisy<T>(params: T, name: string, scale: number): T {
  const rng = randomStream(name);
  const moved = (a: NdArray): NdArray => {
    const noise = rng.normal(a.shape).data;
    return ndarray(
      Float32Array.from(a.data as Float32Array, (v, i) => v + scale * noise[i]),
      a.shape,
      "f32",
    );
  };
  return mapTree<T>(moved, params);
}

const values = new Map(Object.entries({ a: 2, ma: 1, no: -2, lid: 3, sun: 2, rat: -3, e: 0.5, o: -0.5 }));

/** log φ: the sum of the values of the words, and of the letters between. */
const lexicon: Potential = {
  name: "lexicon",
  logs: (texts) => texts.map(({ text }) => [...text.split(" "), ...text].reduce((sum, word) => sum + (values.get(word) ?? 0), 0) / 2),
};

/** 64 particles of 18 tokens after a prompt. */
export async function steered(seed: number): Promise<Outcome> {
  const rng = randomStream("page");
  const params: CausalParameters<NdArray> = noisy(causalTransformer.init(rng.fold("model"), config), "model", 0.2);
  const model = transformerModel({ name: "random", config, params, tokenizer: characterTokenizer(characters), hash: "" });
  const twist = noisy(head.init(rng.fold("twist"), config.width, config.vocabulary, { kind: "mlp" }), "twist", 0.2);
  const { particles, logZ, records } = await runParticles(
    { model, prompt: model.tokenizer.encode("mister "), length: 18, potential: lexicon },
    { particles: 64, twist: headTwist(twist, { name: "random", kind: "mlp", bounded: false, frozen: true }) },
    randomStream(seed),
  );
  const texts = Array.from({ length: 64 }, (_, row) => model.tokenizer.decode(particles.tokens.data.subarray(18 * row, 18 * (row + 1))));
  model.close?.();
  return { texts, logZ: logZ[0], resampled: records.flatMap(({ ancestors, t }) => (ancestors ? [t] : [])) };
}
