/**
 * Pictures at half and twice their size, and without their colours, as programs of [n, c, h, w]: what is taken from a picture before a
 * model is asked to bring it back, and what simple interpolation makes of the rest.
 */
import { grey } from "../../data/pictures/resample.ts";
import { avgPool, concat, resizeBilinear, resizeNearest, stack, type Tensor } from "../../tensor/index.ts";

/** The pixels of even row and even column: [n, c, ⌈h / 2⌉, ⌈w / 2⌉]. They keep their values, and fine patterns alias. */
export const evenPixels = (x: Tensor): Tensor => x.slice(null, null, [0, null, 2], [0, null, 2]);

/** Means of squares of 2 x 2 pixels, as a coarser camera sees: [n, c, h / 2, w / 2] of even sides. */
export const squareMeans = (x: Tensor): Tensor => avgPool(x, 2);

/** Every pixel four times: [n, c, 2h, 2w]. */
export const repeatedTwice = (x: Tensor): Tensor => resizeNearest(x, 2);

/**
 * Linear between the middles of pixels, edges repeated: [n, c, 2h, 2w]. The right way back from `squareMeans`, of which it leaves linear
 * ramps as they were, and the condition that a model of `evenPixels` is given (Neklyudov et al., ICML 2023). It moves even pixels by half a
 * fine pixel: as a baseline for them take `bilinearFromEven`.
 */
export const bilinearTwice = (x: Tensor): Tensor => resizeBilinear(x, [2 * x.shape[2], 2 * x.shape[3]]);

/**
 * Linear between pixels that stay where `evenPixels` took them, in even rows and columns; the last is repeated: [n, c, 2h, 2w]. What was kept
 * is untouched and linear ramps come back as they were, but for a last odd row and column.
 */
export const bilinearFromEven = (x: Tensor): Tensor => between(between(x, 2), 3);

/** Along an axis, values and the means of neighbours in turn. */
function between(x: Tensor, axis: number): Tensor {
  const n = x.shape[axis];
  const lead = new Array<null>(axis).fill(null);
  const next = concat([x.slice(...lead, [1, n]), x.slice(...lead, [n - 1, n])], axis);
  const both = stack([x, x.add(next).div(2)], axis + 1);
  return both.reshape(x.shape.map((size, i) => (i === axis ? 2 * size : size)));
}

/** Brightness [n, 1, h, w] of pictures with three channels; those with one are it. */
export const brightness = (x: Tensor): Tensor => (x.shape[1] === 3 ? grey(x) : x);
