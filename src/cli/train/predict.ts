/** What a trained network says about the test part. */

import { type NdArray, ndarray, randomStream, sizeOf, toNumbers } from "../../array/index.ts";
import type { Corpus, Examples } from "../../data/index.ts";
import type { Training, TrainState } from "../../training/index.ts";
import type { Mistake } from "./figures.ts";
import type { Loaded } from "./load.ts";

type LoadedExamples = Extract<Loaded, { examples: Examples }>;

export interface Predictions {
  /** Classes, or numbers in their units. */
  readonly truth: number[];
  readonly guess: number[];
  /** Of the class that the network says. */
  readonly probability: number[];
}

const chunk = 256;

/** For each test example the class or the first number. */
export async function predictions(
  { examples, problem, split }: LoadedExamples,
  trainer: Training,
  state: TrainState,
): Promise<Predictions> {
  const truth: number[] = [];
  const guess: number[] = [];
  const probability: number[] = [];
  const { units } = problem;
  for (let at = 0; at < split.test.length; at += chunk) {
    const rows = Int32Array.from({ length: Math.min(chunk, split.test.length - at) }, (_, i) => at + i);
    const out = await trainer.predict(state, problem.batch("test", rows).x);
    const k = out.shape[1];
    const values = toNumbers(out);
    for (const [i, row] of rows.entries()) {
      const from = split.test[row];
      const scores = values.slice(i * k, (i + 1) * k);
      if (units) {
        truth.push(Number(examples.targets.data[from * k]));
        guess.push(scores[0] * units.deviation[0] + units.mean[0]);
        continue;
      }
      const best = scores.reduce((m, v, c) => (v > scores[m] ? c : m), 0);
      truth.push(Number(examples.targets.data[from]));
      guess.push(best);
      probability.push(1 / scores.reduce((s, v) => s + Math.exp(v - scores[best]), 0));
    }
  }
  return { truth, guess, probability };
}

/** The test images that the network puts into a wrong class with the highest probability. */
export async function surestMistakes(
  { examples, split }: LoadedExamples,
  { truth, guess, probability }: Predictions,
  most: number,
): Promise<Mistake[]> {
  const { default: sharp } = await import("sharp");
  const wrong = truth.flatMap((t, i) => (t === guess[i] ? [] : [i])).sort((a, b) => probability[b] - probability[a]);
  const [, channels, height, width] = examples.inputs.shape;
  const size = sizeOf(examples.inputs.shape.slice(1));
  const names = examples.classes ?? [];
  return Promise.all(
    wrong.slice(0, most).map(async (i) => {
      const planes = (examples.inputs.data as Uint8Array).subarray(split.test[i] * size, (split.test[i] + 1) * size);
      const pixels = Uint8Array.from({ length: size }, (_, p) => planes[(p % channels) * height * width + Math.floor(p / channels)]);
      const png = await sharp(pixels, { raw: { width, height, channels: channels as 1 | 3 } })
        .resize(64, 64, { kernel: "nearest" })
        .png()
        .toBuffer();
      return {
        image: `data:image/png;base64,${png.toString("base64")}`,
        truth: names[truth[i]],
        guess: names[guess[i]],
        probability: probability[i],
      };
    }),
  );
}

/** 400 characters after the first of the validation part, drawn one by one. */
export async function sampleText(corpus: Corpus, trainer: Training, state: TrainState, context: number, length = 400): Promise<string> {
  const { vocabulary, validation } = corpus;
  const prompt = Math.min(context, 16);
  const tokens = Array.from(validation.slice(0, prompt));
  const rng = randomStream(0).fold("text");
  const gumbel = rng.gumbel([length, vocabulary.length]).data;
  for (let i = 0; i < length; i++) {
    const seen = tokens.slice(-context);
    const x = ndarray(new Int32Array(context), [1, context], "i32");
    x.data.set(seen);
    const scores = toNumbers(await trainer.predict(state, x as NdArray)).slice(
      (seen.length - 1) * vocabulary.length,
      seen.length * vocabulary.length,
    );
    tokens.push(
      scores.reduce((m, v, c) => (v + gumbel[i * vocabulary.length + c] > scores[m] + gumbel[i * vocabulary.length + m] ? c : m), 0),
    );
  }
  return tokens.map((c) => vocabulary[c]).join("");
}
