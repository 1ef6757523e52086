/** Bytes under contexts: eight decisions each of the adaptive model of `mixing.ts`, written on one exact ANS state. */
import { ans, pop, push, renormalize } from "./ans.ts";
import { reader } from "./bytes.ts";
import { hash, mixedCoder } from "./mixing.ts";
import { HEAD } from "./plan.ts";
import { readStreams, writeStreams } from "./streams.ts";

/** Codes a byte; when writing, `byte` is the byte, and it is returned. At most eight contexts, numbers of 32 bits. */
export type ByteCoder = (contexts: readonly number[], set: number, byte: number) => number;

/** Most bytes that are written by a model: some hundred thousand a second. */
export const MODELLED_LIMIT = 2 ** 20;

/** Does a stream stand for more than so few bytes should, so that a hostile file could take long? Such things are deflated. */
export const isSlow = (bytes: number, stream: number): boolean => bytes > 2 ** 16 + 32 * stream;

/** Least bytes of a stream that stands for so many: a decision takes at least log2(65536 / 65514) bits. */
export const leastStream = (bytes: number): number => Math.floor(bytes / 2100);

/** Histories: 32 a byte, within 2^12 and 2^22. */
const historyBits = (bytes: number): number => Math.max(12, Math.min(22, 32 - Math.clz32(bytes) + 5));

/** The decisions from the highest bit on: node 1 leads to 2 node + bit; the weights of a set are those of its depth. */
function bytesOf(decide: ReturnType<typeof mixedCoder>): ByteCoder {
  return (contexts, set, byte) => {
    let node = 1;
    for (let depth = 7; depth >= 0; depth--) node = 2 * node + decide(contexts, node, 8 * set + depth, (byte >> depth) & 1);
    return node & 255;
  };
}

/** The stream of what `code` codes, which is about `bytes` bytes. */
export function modelled(bytes: number, code: (byte: ByteCoder) => void): Uint8Array {
  let decisions = new Uint32Array(1 << 16); // the chance of what was decided, and what it was
  let used = 0;
  const decide = mixedCoder((p, bit) => {
    if (used === decisions.length) {
      const more = new Uint32Array(2 * used);
      more.set(decisions);
      decisions = more;
    }
    decisions[used++] = 2 * (bit ? p : 65536 - p) + bit;
    return bit;
  }, historyBits(bytes));
  code(bytesOf(decide));
  const state = ans();
  for (let i = used - 1; i >= 0; i--) {
    const f = decisions[i] >>> 1;
    push(state, decisions[i] & 1 ? 0 : 65536 - f, f, 65536);
  }
  renormalize(state, HEAD);
  return writeStreams([{ head: state.head, bytes: Uint8Array.from(state.stack) }]);
}

/** What `read` makes of a stream; undefined when the stream does not end where an encoder begins. */
export function demodelled<T>(bytes: number, stream: Uint8Array, read: (byte: ByteCoder) => T): T | undefined {
  const [{ head, bytes: below }] = readStreams(reader(stream), 1);
  const state = ans(head, [...below]);
  const decide = mixedCoder(
    (p) => pop(state, 65536, (slot) => (slot < p ? { start: 0, f: p, symbol: 1 } : { start: p, f: 65536 - p, symbol: 0 })),
    historyBits(bytes),
  );
  const found = read(bytesOf(decide));
  renormalize(state, HEAD);
  return state.head === HEAD && state.underflow === 0 && state.stack.every((b) => b === 0) ? found : undefined;
}

/** Hashes of the last 1, 2, … bytes before `at`. */
export const orders = (text: ArrayLike<number>, at: number, lengths: readonly number[], start = 0): number[] =>
  lengths.map((length) => {
    let h = length;
    for (let i = Math.max(start, at - length); i < at; i++) h = hash(h, text[i]);
    return h;
  });
