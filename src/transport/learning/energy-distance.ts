/** The energy distance of clouds as a program, to be differentiated. */
import type { Tensor } from "../../tensor/index.ts";

/**
 * 2 E|X - Y| - E|X - X'| - E|Y - Y'| of clouds of equal weights, [k, n, d] and [k, m, d] -> [k]: zero only for equal distributions.
 * Particles are not paired with themselves, so that it has no bias, nor has its gradient over random parts of larger clouds; it may be a
 * little below zero.
 *
 * @source  Székely & Rizzo, Journal of Statistical Planning and Inference 143 (2013)
 */
export function energyDistance(x: Tensor, y: Tensor): Tensor {
  const within = (z: Tensor): Tensor =>
    distances(z, z)
      .sum([1, 2])
      .div(z.shape[1] * (z.shape[1] - 1));
  return distances(x, y).mean([1, 2]).mul(2).sub(within(x)).sub(within(y));
}

/** |x_i - y_j|, [k, n, m]; the root has no slope at zero, which a particle has from itself. */
function distances(x: Tensor, y: Tensor): Tensor {
  const square = x.expandDims(2).sub(y.expandDims(1)).square().sum(3);
  return square.add(tiny).sqrt().sub(Math.sqrt(tiny));
}

const tiny = 1e-10;
