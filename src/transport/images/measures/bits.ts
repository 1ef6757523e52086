/** Likelihoods of pictures of 8 bits, by densities of continuous ones. */
import { round, type Tensor } from "../../../tensor/index.ts";

/**
 * Pixels in [0, 1] as 8-bit values b with uniform noise in their cells, scaled to [-1, 1]: (b + u) / 128 - 1.
 *
 * @param u  uniform in (0, 1), of the shape of x
 * @source  Theis, van den Oord & Bethge, ICLR 2016
 */
export const dequantised = (x: Tensor, u: Tensor): Tensor => round(x.mul(255)).add(u).div(128).sub(1);

/**
 * Bits that a picture of D 8-bit values needs, for each of them: -log₂ q / D + 7. A cell has sides of 1/128 in the scale of
 * `dequantised`, hence the 7; the mean over the noise is an upper bound of -log₂ P(picture) / D.
 *
 * @param logDensity  log q of the dequantised picture, in nats
 */
export const bitsPerDimension = (logDensity: number, dimension: number): number => -logDensity / (dimension * Math.LN2) + 7;
