/** Which rows make a batch, and which stand for a part. */
import type { Random } from "../array/random.ts";

/** The rows of batch `step`: the examples in an order that is drawn anew for every pass over them. */
export function batchRows(rng: Random, count: number, batchSize: number): (step: number) => Int32Array {
  const perEpoch = Math.floor(count / batchSize);
  let epoch = -1;
  let order: Int32Array = new Int32Array(0);
  return (step) => {
    const now = Math.floor(step / perEpoch);
    if (now !== epoch) {
      epoch = now;
      order = rng.fold(epoch).permutation(count).data as Int32Array;
    }
    const at = (step % perEpoch) * batchSize;
    return order.slice(at, at + batchSize);
  };
}

/** `size` of `count` numbers that are spread evenly over 0 .. all - 1, from the one numbered `at`. */
export const spreadRows = (at: number, size: number, count: number, all: number): Int32Array =>
  Int32Array.from({ length: size }, (_, i) => Math.floor(((at + i) * all) / count));
