/** Infilling: texts between a prompt and what must follow. */
import type { NdArray, Random } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import type { Observations } from "../learning/options.ts";
import type { LanguageModel } from "../model.ts";
import { noPotential } from "../potentials/potential.ts";
import { textsOf } from "./exact-draws.ts";
import { runParticles } from "./particles.ts";
import type { TextTarget } from "./target.ts";

/**
 * What a twist is told of what must follow: the model's hidden state after prompt and observation, as if the one stood behind the other.
 *
 * @returns  [observations, d]
 * @source  Zhao et al., ICML 2024, appendix G.2
 */
export async function observationFeatures(
  model: LanguageModel,
  prompt: readonly number[],
  suffixes: readonly Int32Array[],
): Promise<NdArray> {
  const decoding = await model.start(prompt, suffixes.length);
  try {
    for (let i = 0; i < suffixes[0].length; i++) await decoding.append(Int32Array.from(suffixes, (suffix) => suffix[i]));
    const { hidden } = decoding.next;
    return { ...hidden, data: hidden.data.slice() };
  } finally {
    decoding.close();
  }
}

/**
 * Observations that the model itself makes: T + c tokens of p0 are a text s and what follows it, o. Then s is an exact draw of the target
 * given o: bounds hold on both sides, for o ~ p0.
 *
 * Texts that ended before T + c are drawn again.
 *
 * @source  Grosse, Ghahramani & Adams, 2015 (bidirectional Monte Carlo)
 */
export async function simulateObservations(
  { model, prompt, length }: Pick<TextTarget, "model" | "prompt" | "length">,
  { count, suffix }: { readonly count: number; readonly suffix: number },
  rng: Random,
): Promise<Observations> {
  const whole: TextTarget = { model, prompt, length: length + suffix, potential: noPotential };
  const end = model.tokenizer.end;
  const texts: Int32Array[] = [];
  for (let i = 0; texts.length < count && i < mostRounds; i++) {
    const { particles } = await runParticles(whole, { particles: 1, populations: count, resampling: "never" }, rng.fold(i));
    texts.push(...textsOf(particles.tokens.data, count, length + suffix).filter((text) => end === undefined || !text.includes(end)));
  }
  if (texts.length < count)
    throw new UserError(
      `the model nearly always ends within ${length + suffix} tokens: ${texts.length} of ${count} observations came of ${mostRounds * count} texts`,
      "a shorter --length",
    );
  const kept = texts.slice(0, count);
  const suffixes = kept.map((text) => text.slice(length));
  return { suffixes, exact: kept.map((text) => text.slice(0, length)), features: await observationFeatures(model, prompt, suffixes) };
}

/** Rounds after which a model that nearly always ends early is given up. */
const mostRounds = 100;
