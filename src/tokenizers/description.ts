/** Tokenizers as JSON, as files of models carry them. */
import { z } from "zod";

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
export const tokenizerSchema = z.discriminatedUnion("kind", [
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
