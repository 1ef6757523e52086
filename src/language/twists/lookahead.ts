/** Twists that need no training: the potential of the prefix itself, and the mean potential of texts that the model writes after it. */
import type { Random } from "../../array/index.ts";
import { logMeanExp } from "../../sampling/index.ts";
import { choose } from "../steering/choose.ts";
import { scorer, type TextTarget } from "../steering/target.ts";
import type { Prefixes, Twist } from "./twist.ts";

const rowsOf = ({ rows, tokens }: Prefixes, t: number): Int32Array[] =>
  Array.from({ length: rows }, (_, row) => tokens.data.slice(row * tokens.shape[1], row * tokens.shape[1] + t));

/** ψ_t = φ(s_{1:t}), as if the text ended here. What must not be yet (φ = 0) is only unlikely: e^-10. */
export function prefixTwist(target: TextTarget): Twist {
  const logs = scorer(target);
  return { name: "prefix", prefix: async (prefixes, t) => (await logs(rowsOf(prefixes, t))).map((log) => Math.max(log, -10)) };
}

/**
 * ψ_t = (1 / M) Σ_m φ(s_{1:t}, continuation m), continuations drawn from the model: an unbiased guess of the optimal twist. log Ẑ stays a
 * bound, because ψ_t only has to be a positive number.
 *
 * @param count  M
 */
export function lookaheadTwist(target: TextTarget, count: number, rng: Random): Twist {
  const logs = scorer(target);
  const { model, prompt, length } = target;
  const end = model.tokenizer.end;
  let call = 0;
  return {
    name: `lookahead ${count}`,
    async prefix(prefixes, t) {
      const stream = rng.fold(call++);
      const texts = rowsOf(prefixes, t).flatMap((tokens) => Array.from({ length: count }, () => tokens));
      const whole = texts.map((tokens) => Int32Array.from({ length }, (_, i) => tokens[i] ?? 0));
      const decoding = await model.start(prompt, texts.length);
      try {
        for (let i = 0; i < t; i++) await decoding.append(Int32Array.from(texts, (tokens) => tokens[i]));
        const done = texts.map((tokens) => end !== undefined && tokens.includes(end));
        for (let i = t; i < length; i++) {
          const { logits } = decoding.next;
          const uniforms = stream.fold(i).uniform([texts.length], logits.dtype === "f64" ? "f64" : "f32");
          const { token } = await choose(logits, undefined, 0, uniforms);
          token.forEach((v, row) => {
            whole[row][i] = done[row] ? end! : v;
            done[row] ||= v === end;
          });
          if (i < length - 1) await decoding.append(token);
        }
      } finally {
        decoding.close();
      }
      const scores = await logs(whole);
      // a guess of 0 would forbid what has only not been seen
      return Array.from({ length: prefixes.rows }, (_, row) =>
        Math.max(
          logMeanExp(scores.subarray(row * count, (row + 1) * count)),
          Math.log(0.5 / count) + Math.min(0, target.potential.largest ?? 0),
        ),
      );
    },
  };
}
