/** The problem that a text poses: the next token. */
import { allocate } from "../array/index.ts";
import { type Corpus, charactersEach } from "../data/corpus.ts";
import { logSoftmax, takeAlong } from "../tensor/index.ts";
import { crossEntropy, type Part, type Problem } from "./problem.ts";

/** Tokens that a character takes on average in these, which may be a part of the corpus: 1 where tokens are characters. */
export function tokensACharacter(corpus: Pick<Corpus, "vocabulary" | "tokenizer">, tokens: Int32Array): number {
  if (!corpus.tokenizer) return 1;
  const each = charactersEach(corpus);
  return tokens.length / tokens.reduce((n, token) => n + each[token], 0);
}

/**
 * The next token, at every position of windows of `context` tokens. The loss is in nats a token; the score is in bits a character, so that
 * models with other tokens can be compared: log p of all tokens that are foreseen, over the characters that they stand for.
 */
export function textProblem(corpus: Corpus, context: number): Problem {
  // windows for training overlap and begin anywhere; those for measuring lie side by side
  const count = (part: Part): number =>
    part === "train" ? corpus.train.length - context : Math.floor((corpus[part].length - 1) / context);
  const foreseen = (part: Part): Int32Array => corpus[part].subarray(1, part === "train" ? undefined : count(part) * context + 1);
  const rates = {
    train: tokensACharacter(corpus, foreseen("train")),
    validation: tokensACharacter(corpus, foreseen("validation")),
    test: tokensACharacter(corpus, foreseen("test")),
  };
  return {
    kind: "text",
    input: [context],
    symbols: corpus.vocabulary.length,
    outputs: corpus.vocabulary.length,
    score: "bits a character",
    count,
    batch(part, rows) {
      const tokens = corpus[part];
      const [x, y] = [allocate("i32", [rows.length, context]), allocate("i32", [rows.length, context])];
      for (let i = 0; i < rows.length; i++) {
        const start = part === "train" ? rows[i] : rows[i] * context;
        x.data.set(tokens.subarray(start, start + context), i * context);
        y.data.set(tokens.subarray(start + 1, start + context + 1), i * context);
      }
      return { x, y };
    },
    loss: (logits, y) => crossEntropy(logits, y),
    marks: (logits, y) => takeAlong(logSoftmax(logits), y.expandDims(-1), -1).squeeze(-1).mean(1).neg(),
    scoreOf: (nats, part = "test") => (nats / Math.LN2) * rates[part],
  };
}
