/** Priors, as maps from coordinates in which they are standard normal. */
import { UserError } from "../../errors.ts";
import { erf, type Tensor } from "../../tensor/index.ts";

export interface Prior {
  readonly name: string;
  /** u ~ N(0, I) -> z. */
  readonly toLatent: (u: Tensor) => Tensor;
}

/**
 * `normal`: z = u. `uniform` on (0, 1), or `uniform:a,b`: z = a + (b - a) Φ(u), so that chains never meet a wall; the Jacobian is in the
 * normal density of u.
 * @throws UserError
 */
export function priorOf(text: string): Prior {
  if (text === "normal") return { name: text, toLatent: (u) => u };
  const bounds = /^uniform(?::(.+),(.+))?$/.exec(text);
  const [low, high] = bounds ? [Number(bounds[1] ?? 0), Number(bounds[2] ?? 1)] : [Number.NaN, Number.NaN];
  if (!(low < high && Number.isFinite(high - low)))
    throw new UserError(`--prior ${text} is neither normal, uniform nor uniform:LOW,HIGH`, 'for example "uniform:-1,1"');
  const normalCdf = (u: Tensor): Tensor => erf(u.mul(Math.SQRT1_2)).add(1).mul(0.5);
  return {
    name: text,
    toLatent: (u) =>
      normalCdf(u)
        .mul(high - low)
        .add(low),
  };
}
