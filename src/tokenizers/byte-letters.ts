/** Bytes of UTF-8 as letters, in which a byte-level vocabulary is written. */

/**
 * One printable letter for each byte: itself where it is one (! … ~, ¡ … ¬, ® … ÿ), the others in order from U+0100 on. A space is "Ġ".
 * @source  Radford et al., Language Models are Unsupervised Multitask Learners (2019), `bytes_to_unicode`
 */
export const byteLetters: readonly string[] = lettersOfBytes();

function lettersOfBytes(): string[] {
  const printable = (b: number): boolean => (b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
  let next = 0x100;
  return Array.from({ length: 256 }, (_, b) => String.fromCharCode(printable(b) ? b : next++));
}

const byteOfLetter = new Map(byteLetters.map((letter, b) => [letter, b]));

/** The bytes that a token is made of; undefined for one with other letters. */
export function bytesOf(token: string): Uint8Array | undefined {
  const bytes = Array.from(token, (letter) => byteOfLetter.get(letter));
  return bytes.every((b) => b !== undefined) ? Uint8Array.from(bytes) : undefined;
}

const words = /'(?:s|t|re|ve|m|ll|d)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/**
 * A text in pieces across which no token reaches: runs of letters, of digits, of other signs, each with the space before it; English
 * endings such as 's; and white space.
 * @source  GPT-2's rule, `ByteLevel` of Hugging Face's tokenizers
 */
export const piecesOf = (text: string): RegExpMatchArray | [] => text.match(words) ?? [];
