/** Tokenizers as JSON, as files of models carry them. */
import { z } from "zod";
import { UserError } from "../errors.ts";
import { characterTokenizer } from "./characters.ts";
import { huggingFaceTokenizer } from "./huggingface.ts";
import type { Tokenizer } from "./tokenizer.ts";

const token = z
  .int()
  .min(0)
  .max(2 ** 31);

/**
 * A tokenizer by its kind.
 *
 * - characters: the list of them, the last one for all others
 * - huggingface: the contents of a `tokenizer.json`; `start` and `end` number the tokens that begin and end a text, where there are such
 */
const tokenizerSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("characters"), vocabulary: z.array(z.string().min(1)).min(1) }),
  z.strictObject({
    kind: z.literal("huggingface"),
    tokenizer: z.record(z.string(), z.unknown()),
    start: token.optional(),
    end: token.optional(),
  }),
]);

/** JSON of a tokenizer. */
export type TokenizerDescription = z.infer<typeof tokenizerSchema>;

/**
 * The tokenizer that JSON describes.
 *
 * @param source  for messages
 * @param size    V of the model: tokens that a tokenizer.json does not have have no text
 * @throws UserError
 */
export function tokenizerOf(json: unknown, source: string, size?: number): Tokenizer {
  const { data, error } = tokenizerSchema.safeParse(json);
  if (error) throw new UserError(`${source}: its tokenizer is not one that is known: ${error.issues[0].message}`);
  if (data.kind === "characters") return characterTokenizer(data.vocabulary);
  const { tokenizer, start, end } = data;
  return huggingFaceTokenizer(tokenizer, { start, end, size, source: `${source}, its tokenizer` });
}
