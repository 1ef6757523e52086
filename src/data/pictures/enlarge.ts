/** Planes a whole number of times larger. */
import { concat, stack, sub, type Tensor } from "../../tensor/index.ts";

/** [channels, height, width] -> [channels, scale · height, scale · width], linear between the centres of pixels. */
export const enlarged = (x: Tensor, scale: number): Tensor => along(along(x, 1, scale), 2, scale);

function along(x: Tensor, axis: 1 | 2, scale: number): Tensor {
  const length = x.shape[axis];
  const part = (from: number, to: number): Tensor => (axis === 1 ? x.slice(null, [from, to]) : x.slice(null, null, [from, to]));
  const before = concat([part(0, 1), part(0, length - 1)], axis);
  const after = concat([part(1, length), part(length - 1, length)], axis);
  const fine = Array.from({ length: scale }, (_, k) => {
    const offset = (k + 0.5) / scale - 0.5;
    // x + t (y - x) and not (1 - t) x + t y: neighbours that are the same give the same to the last bit
    return x.add(sub(offset < 0 ? before : after, x).mul(Math.abs(offset)));
  });
  const shape = x.shape.map((n, k) => (k === axis ? scale * n : n));
  return stack(fine, axis + 1).reshape(shape);
}
