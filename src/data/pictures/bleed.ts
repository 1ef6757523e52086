/** Colours where nothing is seen. */
import type { NdArray } from "../../array/ndarray.ts";
import { div, greater, jit, maximum, pad, type Tensor, where } from "../../tensor/index.ts";
import { enlarged } from "./enlarge.ts";
import type { PictureFrame } from "./picture.ts";

/**
 * Colours of a frame in which those of fully transparent pixels, which files often leave black, are grown from the nearest that are seen: a
 * model that looks at colours, or a filter that mixes neighbours, meets no edge where alpha ends. Alpha is left alone, to be scaled apart.
 * Where nothing at all is seen all becomes white.
 */
export async function bleed({ colours, alpha }: PictureFrame): Promise<NdArray<"f32">> {
  return alpha ? ((await program(colours, alpha)) as NdArray<"f32">) : colours; // colours of f32 give f32
}

const program = jit((colours: Tensor, alpha: Tensor) => bled(colours, alpha.expandDims(0)));

/**
 * Push and pull on a pyramid: every level has the means of four pixels below, weighted by how much is seen of each; where a level sees nothing
 * it takes the next coarser one, between whose pixels is interpolated.
 *
 * @param colours  [channels, height, width]
 * @param weight  [1, height, width], in [0, 1]
 * @source  Gortler et al., The Lumigraph, SIGGRAPH 1996, section 3.4
 */
export function bled(colours: Tensor, weight: Tensor): Tensor {
  const [height, width] = colours.shape.slice(1);
  const seen = greater(weight, 0);
  if (height === 1 && width === 1) return where(seen, colours, 1);
  const seenColours = where(seen, colours, 0); // what is hidden may be anything
  const sums = fours(seenColours.mul(weight));
  const total = fours(weight);
  const coarse = bled(div(sums, maximum(total, least)), total.div(4));
  const filled = enlarged(coarse, 2).slice(null, [0, height], [0, width]);
  return where(seen, colours, filled);
}

/** Less than the weight of one level of alpha among all pixels of a picture that can be read. */
const least = 1e-20;

/** Sums of two by two pixels, [c, ceil(h / 2), ceil(w / 2)]. */
function fours(x: Tensor): Tensor {
  const [channels, height, width] = x.shape;
  const [h, w] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  const even = pad(x, [
    [0, 0],
    [0, 2 * h - height],
    [0, 2 * w - width],
  ]);
  return even.reshape([channels, h, 2, w, 2]).sum([2, 4]);
}
