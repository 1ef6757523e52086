/** Texts of any sampler, with its log q: JSON lines. */
import { z } from "zod";
import { UserError } from "../../errors.ts";
import type { TextTarget } from "./target.ts";

const line = z
  .object({
    text: z.string().optional(),
    tokens: z.array(z.int().min(0)).optional(),
    logq: z.number().optional(),
    logProposal: z.number().optional(),
  })
  .refine(({ text, tokens }) => text !== undefined || tokens !== undefined, "a line needs text or tokens");

/** Continuations and what the sampler says of them. */
export interface SampledTexts {
  readonly continuations: readonly Int32Array[];
  /** log q; absent if no line has it. */
  readonly logProposal?: Float64Array;
  readonly notes: readonly string[];
}

/**
 * Lines `{"tokens": [...], "logq": -12.3}`: numbers of the continuation's tokens; or `{"text": …}`, the text with its prompt or without
 * it, which is cut into tokens again. `logProposal` is another name of `logq`.
 *
 * @throws UserError  naming the line: no JSON, too long, cut off before T without an end, tokens that are none
 */
export function readTexts(file: string, path: string, { model, prompt, length }: TextTarget): SampledTexts {
  const { tokenizer } = model;
  const lines = file.split(/\r?\n/);
  const given = tokenizer.decode(prompt);
  const continuations: Int32Array[] = [];
  const logs: (number | undefined)[] = [];
  let cut = 0;
  lines.forEach((raw, i) => {
    if (raw.trim() === "") return;
    const where = `${path}, line ${i + 1}`;
    const row = parsed(raw, where);
    const tokens = row.tokens ?? tokensOf(row.text!, where);
    if (row.tokens === undefined) cut++;
    const strange = tokens.find((v) => v >= tokenizer.size);
    if (strange !== undefined) throw new UserError(`${where}: token ${strange}, and the model has ${tokenizer.size}`);
    const end = tokenizer.end === undefined ? -1 : tokens.indexOf(tokenizer.end);
    const own = end < 0 ? tokens : tokens.slice(0, end + 1);
    if (own.length > length)
      throw new UserError(`${where}: ${own.length} tokens, and --length is ${length}`, `--length ${own.length}, if the sampler was run so`);
    if (own.length < length && end < 0)
      throw new UserError(
        `${where}: ${own.length} tokens without an end, and --length is ${length}`,
        tokenizer.end === undefined ? "all texts have --length tokens" : "a shorter text ends with the model's end token",
      );
    const padding = tokenizer.end ?? 0;
    const log = row.logq ?? row.logProposal;
    if (log !== undefined && log > 1e-6)
      throw new UserError(`${where}: log q is ${log}: no text has a probability above 1`, "logq is a natural logarithm, at most 0");
    continuations.push(Int32Array.from({ length }, (_, t) => own[t] ?? padding));
    logs.push(log);
  });
  if (continuations.length === 0) throw new UserError(`${path}: there are no texts`);
  const missing = logs.indexOf(undefined);
  if (missing >= 0 && logs.some((log) => log !== undefined))
    throw new UserError(`${path}: text ${missing + 1} has no "logq", and others do`);
  return {
    continuations,
    ...(missing < 0 && { logProposal: Float64Array.from(logs as number[]) }),
    notes:
      cut > 0 ? [`${cut} of ${continuations.length} texts were cut into tokens by ${model.name}: log q must be of the same tokens`] : [],
  };

  function tokensOf(text: string, where: string): number[] {
    if (!text.startsWith(given)) return tokenizer.encode(text);
    const all = [...prompt.slice(0, tokenizer.start === undefined ? 0 : 1), ...tokenizer.encode(text)];
    if (prompt.some((v, i) => all[i] !== v))
      throw new UserError(
        `${where}: with its prompt, the text is cut into tokens across the prompt's end`,
        'give "tokens" of the continuation',
      );
    return all.slice(prompt.length);
  }
}

function parsed(raw: string, where: string): z.infer<typeof line> {
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch {
    throw new UserError(`${where}: this is no JSON`, '{"text": "…", "logq": -12.3}');
  }
  const result = line.safeParse(value);
  if (result.success) return result.data;
  throw new UserError(`${where}: ${result.error.issues[0].message}`, '{"text": "…", "logq": -12.3}, or "tokens" for the text');
}
