/** What a twist does: to the first token, and along a text. */
import { randomStream } from "../../array/index.ts";
import type { LanguageModel } from "../model.ts";
import { started, type Twist } from "../twists/twist.ts";
import { logSoftmaxOf } from "./choose.ts";
import { runParticles } from "./particles.ts";
import { type TextTarget, untilEnd } from "./target.ts";

/** A token as it is shown, with its probabilities. */
export interface TokenShares {
  readonly token: string;
  readonly model: number;
  readonly proposal: number;
}

/** How the guess of the score changes with every token: log ψ_t - log ψ_{t-1}, log φ at the end. */
export interface TextGains {
  readonly tokens: readonly string[];
  readonly gains: readonly number[];
}

/** The tokens whose first probability the twist changes most, and those that are likely anyway. */
export async function firstTokens({ model, prompt, length }: TextTarget, twist: Twist, most = 14): Promise<TokenShares[]> {
  const twisting = await started(twist, prompt, 1);
  if (!twisting) return [];
  const decoding = await model.start(prompt, 1);
  try {
    const { logits, hidden } = decoding.next;
    const tokens = { dtype: "i32", shape: [1, length], data: new Int32Array(length) } as const;
    const psi = await twisting.next({ rows: 1, tokens, hidden, logits, population: () => 0 }, 1);
    const logModel = Float64Array.from((await logSoftmaxOf(logits)).data as ArrayLike<number>);
    const tilted = logModel.map((log, v) => log + Number(psi.data[v]));
    const top = tilted.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const total = tilted.reduce((sum, log) => sum + Math.exp(log - top), 0);
    return Array.from(logModel, (log, v) => ({
      ...{ token: shown(model, v), model: Math.exp(log), proposal: Math.exp(tilted[v] - top) / total },
    }))
      .sort((a, b) => Math.max(b.model, b.proposal) - Math.max(a.model, a.proposal))
      .slice(0, most);
  } finally {
    decoding.close();
    twisting.close();
  }
}

/** Gains along texts of T tokens. */
export async function gainsAlong(target: TextTarget, twist: Twist, texts: readonly Int32Array[]): Promise<TextGains[]> {
  const { tokenizer } = target.model;
  const logs = texts.map((): number[] => [0]);
  const run = await runParticles(
    target,
    {
      ...{ twist, particles: 1, populations: texts.length, resampling: "never", references: texts },
      see: ({ chosen }) => logs.forEach((own, row) => void own.push(chosen.logTwist[row])),
    },
    randomStream(0),
  );
  return texts.map((text, row) => {
    const own = untilEnd(text, tokenizer.end);
    const values = [...logs[row].slice(0, own.length), run.particles.logPotential.data[row]];
    return { tokens: Array.from(own, (v) => shown(target.model, v)), gains: Array.from(own, (_, t) => values[t + 1] - values[t]) };
  });
}

/** Spaces of tokens have signs of their own in tokenizers, which fonts of pictures lack. */
const shown = ({ tokenizer }: LanguageModel, token: number): string => tokenizer.show(token).replace(/[▁Ġ]/g, "·");
