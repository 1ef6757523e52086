/** Moves as large as nuclei are far: short for electrons of the core, long for those far out. */
import type { Random } from "../../array/index.ts";
import { metropolisHastings, type Proposal, type Target } from "../../sampling/index.ts";
import { minimum, type Tensor } from "../../tensor/index.ts";
import type { Nucleus } from "../systems/system.ts";

interface Size {
  readonly stepSize: Tensor;
}

/**
 * a(x) = min_I √(|x - R_I|² + Z_I⁻²), in bohr: the distance to the nearest nucleus, at a nucleus the size of its innermost shell.
 *
 * @param x  places of electrons: [walkers, N, 3]
 * @returns  [walkers, N]
 */
function reach(nuclei: readonly Nucleus[], x: Tensor): Tensor {
  const each = nuclei.map(({ charge, position }) => {
    const away = position.map((r, c) => x.slice([], [], [c, c + 1]).sub(r));
    return away.reduce(
      (sum, d) => sum.add(d.square()),
      x
        .slice([], [], [0, 1])
        .mul(0)
        .add(charge ** -2),
    );
  });
  return each
    .reduce((a, b) => minimum(a, b))
    .sqrt()
    .squeeze(2);
}

/**
 * Every electron goes from x to y = x + ε a(x) ξ. Since a(y) is another length, y proposes x with another probability:
 *
 *   log q(x|y) - log q(y|x) = Σ_electrons 3 log(a(x) / a(y)) + ½ |ξ|² (1 - a(x)² / a(y)²)
 */
export function scaledProposal<D>(nuclei: readonly Nucleus[]): Proposal<Size, Tensor, D> {
  return {
    noise: (rng: Random, like) => rng.normal(like.shape, like.dtype === "f64" ? "f64" : "f32"),
    propose(x, xi, { stepSize }) {
      const split = (t: Tensor): Tensor => t.reshape([t.shape[0], t.shape[1] / 3, 3]);
      const from = reach(nuclei, split(x));
      const y = split(x).add(split(xi).mul(from.expandDims(2)).mul(stepSize));
      const ratio = from.div(reach(nuclei, y));
      const square = split(xi).square().sum(2);
      const each = ratio
        .log()
        .mul(3)
        .add(square.mul(0.5).mul(ratio.square().mul(-1).add(1)));
      return { y: y.reshape(x.shape), logRatio: each.sum(1) };
    },
  };
}

/**
 * A chain of such moves, accepted with their Hastings ratio.
 *
 * @param density  log q: [walkers, 3 N] -> [walkers]
 * @source  Hastings, Biometrika 57 (1970); scaled by nuclear distances as in Pfau et al., Phys. Rev. Research 2 (2020), with a of its own
 */
export const scaledWalk = <D>(density: Target<D>[number], nuclei: readonly Nucleus[]) =>
  metropolisHastings([density], scaledProposal<D>(nuclei));
