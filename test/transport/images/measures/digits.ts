/** Digits of MNIST in random order: parts of it are alike, which the first and the last test digits are not. */
import { type NdArray, ndarray, randomStream } from "../../../../src/array/index.ts";
import { builtInImages } from "../../../../src/data/index.ts";

/** Parts of given sizes that share no digit. */
export async function digitParts(...sizes: readonly number[]): Promise<{ x: NdArray<"f32">; y: Int32Array }[]> {
  const { inputs, targets } = await builtInImages("mnist");
  const order = randomStream("digits").permutation(inputs.shape[0]).data;
  let at = 0;
  return sizes.map((n) => {
    const rows = order.subarray(at, at + n);
    at += n;
    const x = new Float32Array(n * 784);
    rows.forEach((row, i) =>
      x.set(
        Float32Array.from(inputs.data.subarray(row * 784, (row + 1) * 784) as Uint8Array, (v) => v / 255),
        i * 784,
      ),
    );
    return { x: ndarray(x, [n, 1, 28, 28], "f32"), y: Int32Array.from(rows, (row) => Number(targets.data[row])) };
  });
}
