/** How alike the structure of two pictures is. */
import { memo } from "../../../distances/index.ts";
import { jit, type Tensor } from "../../../tensor/index.ts";
import { ofPairs, type Pictures } from "./pictures.ts";

/** Side of the window, its standard deviation, and the constants that steady the ratios, for values in [0, 1]. */
const [side, deviation, c1, c2] = [11, 1.5, 0.01 ** 2, 0.03 ** 2];

/** Similarities, and the window that they were taken with. */
export interface Ssim {
  /** Of each pair, in [-1, 1]; 1 of equal pictures. */
  readonly values: Float64Array;
  /** Side of the window: 11, or the smaller side of pictures that are smaller. */
  readonly window: number;
}

/**
 * Structural similarity of each pair of pictures: the mean over channels, and over all places of a Gaussian window that are inside, of
 *
 *   (2 μx μy + C1) (2 σxy + C2) / ((μx² + μy² + C1) (σx² + σy² + C2)),
 *
 * with moments weighed by the window, C1 = 0.01², C2 = 0.03². Computed in f64: variances are small differences of large numbers.
 *
 * @source  Wang, Bovik, Sheikh & Simoncelli, IEEE Trans. Image Processing 13 (2004), eq. 13 and section III-C
 */
export async function ssim(x: Pictures, y: Pictures): Promise<Ssim> {
  const window = Math.min(side, ...x.shape.slice(2));
  return { values: await ofPairs(similarity(window), x, y), window };
}

const similarity = memo((window: number) => {
  const weights = gaussian(window);
  /** Weighed means over the windows of planes [m, h, w]: the Gaussian is a product of two, one along each axis. */
  const smooth = (planes: Tensor): Tensor => along(along(planes, weights, 2), weights, 1);
  return jit((x: Tensor, y: Tensor) => {
    const [n, c, h, w] = x.shape;
    const [a, b] = [x, y].map((pictures) => pictures.cast("f64").reshape([n * c, h, w]));
    const [ma, mb] = [smooth(a), smooth(b)];
    const [va, vb] = [smooth(a.square()).sub(ma.square()), smooth(b.square()).sub(mb.square())];
    const covariance = smooth(a.mul(b)).sub(ma.mul(mb));
    const above = ma.mul(mb).mul(2).add(c1).mul(covariance.mul(2).add(c2));
    const below = ma.square().add(mb.square()).add(c1).mul(va.add(vb).add(c2));
    const map = above.div(below);
    return map.reshape([n, map.size / n]).mean(1);
  });
});

/** Sums of neighbours along an axis, with weights, where all are inside. One at a time: windows laid out side by side would not fit in memory. */
function along(x: Tensor, weights: readonly number[], axis: number): Tensor {
  const lead = new Array<null>(axis).fill(null);
  const length = x.shape[axis] - weights.length + 1;
  return weights.map((weight, k) => x.slice(...lead, [k, k + length]).mul(weight)).reduce((sum, term) => sum.add(term));
}

/** Weights of sum one at `window` places around the middle. */
function gaussian(window: number): number[] {
  const raw = Array.from({ length: window }, (_, i) => Math.exp(-((i - (window - 1) / 2) ** 2) / (2 * deviation ** 2)));
  const total = raw.reduce((sum, v) => sum + v, 0);
  return raw.map((v) => v / total);
}
