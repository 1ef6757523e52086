/** Step sizes that differ from temperature to temperature, against resonance. */
import type { Random } from "../../array/index.ts";
import { UserError } from "../../errors.ts";

/**
 * Multiplies step sizes by fixed factors, uniform on (1 ± spread) / (1 + spread), one a temperature: none exceeds what is given, because a
 * little above what a pilot found leapfrog steps become unstable and whole temperatures stand still.
 *
 * A Gaussian target and a constant ε make leapfrog motion periodic: with L ε near a period of a near-isotropic posterior all chains return
 * to where they were, at every temperature, while the acceptance stays high. Factors drawn before the run, and the same in both directions,
 * leave kernels frozen and reversible.
 *
 * @param spread  default 0.35
 */
export function jitter(stepSizes: ArrayLike<number>, rng: Random, spread = 0.35): Float64Array {
  if (!(spread >= 0 && spread < 1)) throw new UserError(`jitter: the spread ${spread} is not in [0, 1)`);
  const u = rng.uniform([stepSizes.length], "f64").data;
  return Float64Array.from(stepSizes, (epsilon, i) => (epsilon * (1 + spread * (2 * u[i] - 1))) / (1 + spread));
}
