/** Block-diagonal matrices: blocks of one size, and a smaller one for the rest. */
import { concat, diagonal, pad, type Tensor } from "../../tensor/index.ts";
import { dense, identityLike } from "./dense.ts";
import { type Float, type Parts, type Structure, scaledIdentity } from "./structure.ts";

/**
 * @param size   d; a block that is not smaller makes it dense
 * @param block  b: about b d numbers
 */
export function block(size: number, b: number): Structure {
  if (b >= size) return { ...dense(size), name: `block(${b})` };
  const count = Math.floor(size / b);
  const rest = size - count * b;
  const whole = count * b;
  const name = `block(${b})`;
  const parts = (blocks: Tensor, tail?: Tensor): Parts => ({ blocks, ...(tail ? { rest: tail } : {}) });
  /** Rows [n, d] as [count, n, b], and what is left. */
  const split = (x: Tensor): [Tensor, Tensor | undefined] => [
    x.slice(null, [0, whole]).reshape([x.shape[0], count, b]).transpose([1, 0, 2]),
    rest ? x.slice(null, [whole, size]) : undefined,
  ];
  const join = (blocks: Tensor, tail: Tensor | undefined): Tensor => {
    const rows = blocks.transpose([1, 0, 2]).reshape([blocks.shape[1], whole]);
    return tail ? concat([rows, tail], 1) : rows;
  };
  const tall = (x: Tensor): Tensor => x.transpose();
  const identity = (value: number, dtype: Float) => {
    const eye = scaledIdentity(b, value, dtype);
    const blocks = { dtype, shape: [count, b, b], data: new (eye.data.constructor as Float32ArrayConstructor)(count * b * b) };
    for (let i = 0; i < count; i++) blocks.data.set(eye.data as Float32Array, i * b * b);
    return { blocks, ...(rest ? { rest: scaledIdentity(rest, value, dtype) } : {}) };
  };
  return {
    name,
    size,
    shapes: { blocks: [count, b, b], ...(rest ? { rest: [rest, rest] } : {}) },
    identity,
    product: (k, l) => parts(k.blocks.matmul(l.blocks), k.rest?.matmul(l.rest)),
    times(x, k) {
      const [blocks, tail] = split(x);
      return join(blocks.matmul(k.blocks), tail?.matmul(k.rest));
    },
    timesTransposed(x, k) {
      const [blocks, tail] = split(x);
      return join(blocks.matmul(tall(k.blocks)), tail?.matmul(tall(k.rest)));
    },
    gram(x) {
      const [blocks, tail] = split(x);
      return parts(tall(blocks).matmul(blocks), tail && tall(tail).matmul(tail));
    },
    selfGram: (k) => parts(tall(k.blocks).matmul(k.blocks), k.rest && tall(k.rest).matmul(k.rest)),
    addIdentity: (k, value) => parts(k.blocks.add(identityLike(k.blocks).mul(value)), k.rest?.add(identityLike(k.rest).mul(value))),
    averageTrace(k) {
      const trace = diagonal(k.blocks).sum();
      return (k.rest ? trace.add(diagonal(k.rest).sum()) : trace).div(size);
    },
    squaredNorm(k) {
      const norm = k.blocks.square().sum();
      return k.rest ? norm.add(k.rest.square().sum()) : norm;
    },
    toDense(k) {
      const rows = Array.from({ length: count }, (_, i) =>
        pad(k.blocks.slice(i), [
          [0, 0],
          [i * b, size - (i + 1) * b],
        ]),
      );
      const tail =
        k.rest &&
        pad(k.rest, [
          [0, 0],
          [whole, 0],
        ]);
      return concat(tail ? [...rows, tail] : rows, 0);
    },
    project(m) {
      const blocks = Array.from({ length: count }, (_, i) => {
        const at = [i * b, (i + 1) * b] as const;
        return m.slice(at, at).expandDims(0);
      });
      return parts(concat(blocks, 0), rest ? m.slice([whole, size], [whole, size]) : undefined);
    },
  };
}
