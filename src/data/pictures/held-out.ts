/** Which pictures are held out: a choice by name, so that all that come of one thing are on one side. */
import { randomStream } from "../../array/random.ts";

/** One name in ten is held out. */
const share = 0.1;

/**
 * Names that are held out: those of which a hash is small. A name stays on its side whatever else is in the set; only if all are on one
 * side, the name of the smallest hash is held out, or that of the largest kept.
 *
 * @param names  may repeat
 */
export function heldOutNames(names: Iterable<string>): ReadonlySet<string> {
  const stream = randomStream("held-out pictures");
  const hashes = [...new Set(names)].map((name) => ({ name, hash: stream.fold(name).uniform([1], "f64").data[0] }));
  const sorted = hashes.toSorted((a, b) => a.hash - b.hash);
  const count = sorted.filter(({ hash }) => hash < share).length;
  return new Set(sorted.slice(0, Math.max(1, Math.min(count, sorted.length - 1))).map(({ name }) => name));
}
