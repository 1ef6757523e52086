/** What is sampled: a model's continuations of a prompt, tilted by a potential. */
import { UserError } from "../../errors.ts";
import type { LanguageModel } from "../model.ts";
import { checkedLogs, type Potential, type Scored } from "../potentials/potential.ts";

/**
 * σ̃(s_{1:T}) = p0(s_{1:T}) Π_t φ_t(s_{1:t}), with Z its sum over all continuations of at most T tokens: those that end by the model's end
 * token, and those that are cut at T.
 */
export interface TextTarget {
  readonly model: LanguageModel;
  /** Numbers of the prompt, start token included. */
  readonly prompt: readonly number[];
  /** T */
  readonly length: number;
  readonly potential: Potential;
}

/** @throws UserError  before any work, for what does not fit the model */
export function checkTarget({ model, prompt, length }: Pick<TextTarget, "model" | "prompt" | "length">, more = 0): void {
  const all = prompt.length + length + more;
  if (!Number.isInteger(length) || length < 1) throw new UserError(`a length of ${length} tokens: at least 1 is needed`);
  if (all > model.context)
    throw new UserError(
      `${prompt.length} tokens of the prompt and ${length + more} more are ${all}, and ${model.name} reads ${model.context}`,
      `shorten the prompt, or --length ${Math.max(1, model.context - prompt.length - more)}`,
    );
  const strange = prompt.find((token) => !(token >= 0 && token < model.tokenizer.size));
  if (strange !== undefined) throw new UserError(`the prompt has token ${strange}, and ${model.name} has ${model.tokenizer.size}`);
}

/** Tokens up to the end token, that one included: what comes after it is padding. */
export function untilEnd(tokens: Int32Array, end: number | undefined): Int32Array {
  const at = end === undefined ? -1 : tokens.indexOf(end);
  return at < 0 ? tokens : tokens.subarray(0, at + 1);
}

/** Continuations with their texts. */
export function scored({ model, prompt }: Pick<TextTarget, "model" | "prompt">, continuations: readonly Int32Array[]): Scored[] {
  const { tokenizer } = model;
  return continuations.map((all) => {
    const tokens = untilEnd(all, tokenizer.end);
    return { tokens, text: tokenizer.decode([...prompt, ...tokens]) };
  });
}

/** Most texts whose log φ is remembered. */
const mostKept = 200_000;

/** log φ of continuations, asked once for each: particles and runs meet the same texts again. */
export function scorer(target: Pick<TextTarget, "model" | "prompt" | "potential">) {
  const known = new Map<string, number>();
  return async (continuations: readonly Int32Array[]): Promise<Float64Array> => {
    const keys = continuations.map((tokens) => untilEnd(tokens, target.model.tokenizer.end).join());
    const fresh = new Map<string, Int32Array>();
    keys.forEach((key, i) => !known.has(key) && fresh.set(key, continuations[i]));
    const logs = await checkedLogs(target.potential, scored(target, [...fresh.values()]));
    if (known.size + fresh.size > mostKept) {
      const kept = keys.flatMap((key): [string, number][] => (known.has(key) ? [[key, known.get(key)!]] : []));
      known.clear();
      for (const [key, log] of kept) known.set(key, log);
    }
    [...fresh.keys()].forEach((key, i) => void known.set(key, logs[i]));
    return Float64Array.from(keys, (key) => known.get(key)!);
  };
}

export type Scorer = ReturnType<typeof scorer>;
