/** Text as numbers of tokens, and back. */
export { characterTokenizer } from "./characters.ts";
export { type TokenizerDescription, tokenizerOf } from "./description.ts";
export { type HuggingFaceOptions, huggingFaceTokenizer } from "./huggingface.ts";
export { llama2cTokenizer } from "./llama2c.ts";
export type { Tokenizer } from "./tokenizer.ts";
