/**
 * Costs of moving mass. A flow of least cost c moves it with velocity v = -∇c*(s), s = ∇E_loc, where c* is the convex conjugate of c;
 * u = ∇c*(s) is the map of the cost. Bounded maps are speed limits: they tame what nodes and nuclei do to s.
 *
 * Layout of s and u: [dimension, electron, walker].
 *
 * @source  Neklyudov et al., NeurIPS 2023, arXiv 2307.07050 (l2, tanh)
 */
import { UserError } from "../../errors.ts";
import { add, greater, maximum, sign, softplus, sqrt, type Tensor, where } from "../../tensor/index.ts";

/** A cost, by the conjugate of which mass moves. */
export interface TransportCost {
  readonly name: CostName;
  /** κ, the speed limit, in the units of s; absent where the cost has none. */
  readonly kappa?: number;
  /** u = ∇c*(s), of the shape of s; 0 at s = 0. */
  readonly map: (s: Tensor) => Tensor;
  /** c*(s) of each walker, [walker]. */
  readonly conjugate: (s: Tensor) => Tensor;
}

export const costNames = ["l2", "tanh", "sign", "relativistic", "clip"] as const;
export type CostName = (typeof costNames)[number];

interface Family {
  readonly map: (s: Tensor, kappa: number) => Tensor;
  readonly conjugate: (s: Tensor, kappa: number) => Tensor;
  /** Whether it has a κ. */
  readonly limited: boolean;
}

const families: Readonly<Record<CostName, Family>> = {
  /** u = s: the 2-Wasserstein flow; c* = ½ |s|². */
  l2: { limited: false, map: (s) => s, conjugate: (s) => total(s.square()).mul(0.5) },
  /** u = κ tanh(s/κ) of each coordinate; c* = κ² Σ log cosh(s/κ). */
  tanh: {
    limited: true,
    map: (s, kappa) => s.div(kappa).tanh().mul(kappa),
    conjugate: (s, kappa) => total(logCosh(s.div(kappa))).mul(kappa ** 2),
  },
  /** u = sign s of each coordinate, 0 at 0; c* = Σ |s|. */
  sign: { limited: false, map: (s) => sign(s), conjugate: (s) => total(s.abs()) },
  /** u_i = s_i / √(1 + |s_i|²/κ²) of each electron; c* = κ² Σ (√(1 + |s_i|²/κ²) - 1). */
  relativistic: {
    limited: true,
    map: (s, kappa) => s.div(lorentz(s, kappa)),
    conjugate: (s, kappa) => total(lorentz(s, kappa).sub(1)).mul(kappa ** 2),
  },
  /** u_i = s_i min(1, κ/|s_i|) of each electron; c* = Σ ½ |s_i|² up to κ, κ |s_i| - ½ κ² beyond (Huber). */
  clip: {
    limited: true,
    map: (s, kappa) => s.div(longer(s, kappa)).mul(kappa),
    conjugate: (s, kappa) => {
      const norm = squaredNorm(s);
      const far = longer(s, kappa)
        .mul(kappa)
        .sub(kappa ** 2 / 2);
      return total(where(greater(norm, kappa ** 2), far, norm.mul(0.5)));
    },
  },
};

/** Sum over coordinates and electrons. */
const total = (x: Tensor): Tensor => x.sum([0, 1]);

/** |s_i|² of each electron, [1, electron, walker]. */
const squaredNorm = (s: Tensor): Tensor => s.square().sum(0, true);

/** √(1 + |s_i|²/κ²). */
const lorentz = (s: Tensor, kappa: number): Tensor => sqrt(add(1, squaredNorm(s).div(kappa ** 2)));

/** max(|s_i|, κ): never 0, so that its derivative is a number. */
const longer = (s: Tensor, kappa: number): Tensor => sqrt(maximum(squaredNorm(s), kappa ** 2));

/** log cosh x = |x| + log(1 + e^(-2|x|)) - log 2. */
const logCosh = (x: Tensor): Tensor =>
  x
    .abs()
    .add(softplus(x.abs().mul(-2)))
    .sub(Math.LN2);

/**
 * The cost of a name.
 *
 * @param kappa  κ > 0; default 1 where the cost has a speed limit
 * @throws UserError  for a κ that is none, and for one that the cost does not know
 */
export function transportCost(name: CostName, kappa?: number): TransportCost {
  const { limited, map, conjugate } = families[name];
  if (kappa !== undefined && !limited) {
    const others = costNames.filter((other) => families[other].limited).join(", ");
    throw new UserError(`the cost ${name} has no speed limit, and kappa is ${kappa}`, `costs with one: ${others}`);
  }
  if (kappa !== undefined && !(kappa > 0 && Number.isFinite(kappa)))
    throw new UserError(`kappa is ${kappa}: a speed limit is a positive number`);
  const limit = kappa ?? 1;
  return { name, ...(limited && { kappa: limit }), map: (s) => map(s, limit), conjugate: (s) => conjugate(s, limit) };
}
