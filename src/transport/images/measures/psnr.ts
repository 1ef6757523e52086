/** How far a restored picture is from the true one, pixel by pixel. */
import { jit, type Tensor } from "../../../tensor/index.ts";
import { ofPairs, type Pictures } from "./pictures.ts";

/** Mean squares of differences below this count as this: copies have no infinite ratio, which JSON cannot hold. */
const leastError = 1e-10;

/**
 * The ratio of an exact copy, in dB. Rounding to 8 bits alone is at 10 log10(12 · 255²) = 58.9 dB, and that of f32 near 140 dB: who is at this
 * bound has copied.
 */
export const greatestPsnr = -10 * Math.log10(leastError);

/** A squared difference as a ratio to the largest one possible, in dB: 10 log10(1 / MSE), at most 100. */
export const decibels = (meanSquare: number): number => -10 * Math.log10(Math.max(meanSquare, leastError));

const meanSquares = jit((x: Tensor, y: Tensor) => x.cast("f64").sub(y.cast("f64")).square().mean([1, 2, 3]));

/** Mean squared difference of each pair of pictures, over channels and pixels. */
export const meanSquaredErrors = (x: Pictures, y: Pictures): Promise<Float64Array> => ofPairs(meanSquares, x, y);

/** Peak signal-to-noise ratio of each pair of pictures, dB. */
export const psnr = async (x: Pictures, y: Pictures): Promise<Float64Array> => (await meanSquaredErrors(x, y)).map(decibels);
