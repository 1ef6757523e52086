/** Names by adaptive contexts: how much of its beginning a name shares with the one before, then its other bytes. */
import { type ByteCoder, demodelled, modelled, orders } from "./bytewise.ts";
import { hash } from "./mixing.ts";

/** No byte of UTF-8, so that it ends a name. */
const END = 255;

const isLetter = (b: number): boolean => (b >= 97 && b <= 122) || (b >= 65 && b <= 90) || b > 127;

/** The letters since the last other sign. */
function word(text: ArrayLike<number>, at: number): number {
  let h = 0;
  for (let i = at - 1; i >= 0 && isLetter(text[i]); i--) h = hash(h, text[i]);
  return h;
}

/** Bytes of all names that the one before does not begin with, and their ends. */
export function tailBytes(names: readonly Uint8Array[]): number {
  let bytes = 0;
  names.forEach((name, i) => (bytes += name.length - sharedBytes(names[i - 1], name) + 1));
  return bytes;
}

/** At most 255 are shared: what fits in a byte. */
export function sharedBytes(before: Uint8Array | undefined, name: Uint8Array): number {
  let shared = 0;
  while (shared < END && before && shared < before.length && shared < name.length && before[shared] === name[shared]) shared++;
  return shared;
}

/** What comes before a name and decides how its beginning is coded. */
interface Before {
  readonly name: Uint8Array;
  readonly shared: number;
  readonly sharedBefore: number;
}
const nothing: Before = { name: new Uint8Array(), shared: 0, sharedBefore: 0 };

/** Codes one name; `given` is the name when writing. @returns undefined for what no encoder writes */
function codeName(byte: ByteCoder, before: Before, given: Uint8Array | undefined, room: number): Uint8Array | undefined {
  const last = before.name;
  const shared = byte(
    [
      hash(1, before.shared),
      hash(2, last.length),
      hash(3, 256 * before.shared + before.sharedBefore),
      hash(4, 256 * last.length + before.shared),
      7,
    ],
    0,
    given ? sharedBytes(last, given) : 0,
  );
  if (shared > last.length) return undefined;
  let text = new Uint8Array(shared + 64);
  text.set(last.subarray(0, shared));
  for (let at = shared; ; at++) {
    const isFirst = at === shared;
    // a first byte is not the one that the name before has there, and above it in sorted names
    const place = isFirst ? 1 + (at < last.length ? last[at] : 0) : hash(at - shared, 9);
    const contexts = [...orders(text, at, [1, 2, 3, 4, 5, 7]), hash(77, place), hash(78, word(text, at))];
    const found = byte(contexts, 1 + Math.min(6, at - shared), given ? (at < given.length ? given[at] : END) : 0);
    if (found === END) return text.slice(0, at);
    if (at >= room) return undefined;
    if (at === text.length) {
      const longer = new Uint8Array(2 * at);
      longer.set(text);
      text = longer;
    }
    text[at] = found;
  }
}

/** The stream of names of so many `tailBytes`. */
export const writeModelled = (names: readonly Uint8Array[], tails: number): Uint8Array =>
  modelled(tails, (byte) => {
    let before = nothing;
    for (const name of names) {
      codeName(byte, before, name, name.length);
      before = { name, shared: sharedBytes(before.name, name), sharedBefore: before.shared };
    }
  });

/**
 * Names as `writeModelled` wrote them.
 *
 * @param total  bytes of all names
 * @returns undefined for a stream that is not what an encoder writes
 */
export const readModelled = (stream: Uint8Array, count: number, tails: number, total: number): Uint8Array[] | undefined =>
  demodelled(tails, stream, (byte) => {
    const names: Uint8Array[] = [];
    let [before, held, left] = [nothing, 0, tails];
    for (let i = 0; i < count; i++) {
      // as many bytes as are left, so that no stream takes longer than it says
      const name = codeName(byte, before, undefined, Math.min(total - held, before.name.length + left));
      if (!name) return undefined;
      const shared = sharedBytes(before.name, name);
      held += name.length;
      left -= name.length - shared + 1;
      if (held > total || left < 0) return undefined;
      names.push(name);
      before = { name, shared, sharedBefore: before.shared };
    }
    return held === total && left === 0 ? names : undefined;
  });
