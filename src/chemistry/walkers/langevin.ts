/** Moves along the drift ∇log q, which grows without bound at nodes: cut to a length for each electron. */
import type { Random } from "../../array/index.ts";
import { metropolisHastings, type Proposal, type Target } from "../../sampling/index.ts";
import { grad, minimum, type Tensor } from "../../tensor/index.ts";

interface Drift {
  readonly stepSize: Tensor;
}

/** A step along the drift is at most so many step sizes, for each electron. */
const longest = 1;

/**
 * y = x + d(x) + ε ξ, d = ½ ε² ∇log q of each electron cut to the length ε; accepted with the Hastings ratio of these proposals, so that q is left as it is
 * whatever is cut.
 *
 * @param density    log q: [walkers, N · dimension] -> [walkers]
 * @param dimension  coordinates of an electron
 * @source  Reynolds, Ceperley, Alder & Lester, J. Chem. Phys. 77 (1982), eq. 18; the cut as in Umrigar, Nightingale & Runge, J. Chem. Phys. 99 (1993)
 */
export function driftedWalk<D>(density: Target<D>[number], dimension: number) {
  const drift = (x: Tensor, stepSize: Tensor, data: D): Tensor => {
    const slope = grad((y: Tensor) => density(y, data).sum())(x);
    const [walkers, width] = x.shape;
    const each = slope.reshape([walkers, width / dimension, dimension]).mul(stepSize.square().mul(0.5));
    const length = each.square().sum(-1, true).add(1e-30).sqrt();
    return each.mul(minimum(stepSize.mul(longest).div(length), 1)).reshape(x.shape);
  };
  const proposal: Proposal<Drift, Tensor, D> = {
    noise: (rng: Random, like) => rng.normal(like.shape, like.dtype === "f64" ? "f64" : "f32"),
    propose(x, xi, { stepSize }, data) {
      const move = xi.mul(stepSize);
      const y = x.add(drift(x, stepSize, data)).add(move);
      const back = x
        .sub(y)
        .sub(drift(y, stepSize, data))
        .div(stepSize);
      return { y, logRatio: xi.sub(back).mul(xi.add(back)).sum(1).mul(0.5) };
    },
  };
  return metropolisHastings([density], proposal);
}
