/** Dynamics as right-hand sides for solvers: particles with the logarithms of their weights, [x, log w] of shape [n, d + 1]. */
import { eulerMaruyama, type Field, marchNoisy } from "../../solve/index.ts";
import { concat, type Tensor } from "../../tensor/index.ts";
import type { Dynamics } from "../learning/model.ts";

/** [x, 0]. */
export const withWeights = (x: Tensor): Tensor => concat([x, noGrowth(x)], 1);

const noGrowth = (x: Tensor): Tensor => x.slice(null, [0, 1]).mul(0);

/** d[x, log w]/dt without noise. */
export const rates =
  ({ drift, growth }: Pick<Dynamics, "drift" | "growth">): Field =>
  (time, y) => {
    const x = y.slice(null, [0, -1]);
    const column = time.broadcastTo([x.shape[0], 1]);
    return concat([drift(column, x), growth ? growth(column, x).expandDims(1) : noGrowth(x)], 1);
  };

/**
 * [x, log w] after steps of Euler and Maruyama; the noise is that of the places alone.
 *
 * @param h  of either sign
 * @param z  normal noise [steps, n, d]
 */
export function marched({ noise, noiseShape, ...motion }: Dynamics, y: Tensor, start: Tensor, h: Tensor, z: Tensor): Tensor {
  const diffusion = (t: Tensor, _: Tensor, dW: Tensor): Tensor => {
    const scaled = dW.mul(noise);
    return withWeights(noiseShape ? scaled.mul(noiseShape(t.reshape([1, 1]))) : scaled);
  };
  return marchNoisy(eulerMaruyama({ drift: rates(motion), diffusion }), y, start, h, z);
}
