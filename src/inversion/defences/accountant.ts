/** Privacy of training with noisy gradients: Rényi divergences of the subsampled Gaussian mechanism, added up over steps. */
import { UserError } from "../../errors.ts";
import { formatNumber } from "../../numbers.ts";
import { logChoose } from "../metrics/beta.ts";

/** Steps of a mechanism. Neighbouring data sets differ by one record that is added or removed. */
export interface Mechanism {
  /** Chance of each record, on its own, to be in a batch (Poisson sampling), in (0, 1]. */
  readonly rate: number;
  /** Standard deviation of the noise in units of the clipping bound. */
  readonly sigma: number;
  readonly steps: number;
}

/** (ε, δ)-differential privacy. */
export interface Privacy {
  readonly epsilon: number;
  readonly delta: number;
  /** The Rényi order at which ε is least. */
  readonly order: number;
}

/** Orders that are tried: beyond, only ε far below 0.1 would gain. */
const orders = [...Array.from({ length: 127 }, (_, i) => i + 2), 160, 192, 256, 384, 512, 1024];

/** log Σ e^v. */
function logSum(values: readonly number[]): number {
  const top = Math.max(...values);
  return top === Number.NEGATIVE_INFINITY ? top : top + Math.log(values.reduce((sum, v) => sum + Math.exp(v - top), 0));
}

/**
 * Rényi divergence of order a of one step of the Gaussian mechanism on a Poisson sample, in nats:
 *
 *   1/(a - 1) log Σ_{i=0..a} C(a, i) (1 - q)^(a-i) q^i e^{i (i - 1) / (2 σ²)}
 *
 * @param order   a, a whole number from 2 on
 * @source  Mironov, Talwar & Zhang, arXiv 1908.10530, section 3.3
 */
export function renyiDivergence({ rate, sigma }: Pick<Mechanism, "rate" | "sigma">, order: number): number {
  if (rate === 0) return 0;
  const terms = Array.from({ length: order + 1 }, (_, i) => {
    const out = order - i;
    // (1 - q)^0 is 1 also where q is 1
    return logChoose(order, i) + (out === 0 ? 0 : out * Math.log1p(-rate)) + i * Math.log(rate) + (i * (i - 1)) / (2 * sigma * sigma);
  });
  return Math.max(0, logSum(terms)) / (order - 1);
}

/**
 * ε for a δ, the least over orders a:
 *
 *   tight  ε = T ρ(a) + log((a - 1) / a) - (log δ + log a) / (a - 1)
 *   old    ε = T ρ(a) + log(1 / δ) / (a - 1)
 *
 * @source  Canonne, Kamath & Steinke, NeurIPS 2020, proposition 12 (tight); Mironov, CSF 2017, proposition 3 (old)
 */
export function privacyOf(mechanism: Mechanism, delta: number, conversion: "tight" | "old" = "tight"): Privacy {
  checkMechanism(mechanism, delta);
  const { sigma, steps } = mechanism;
  if (sigma === 0) return { epsilon: Number.POSITIVE_INFINITY, delta, order: orders[0] };
  const options = orders.map((order) => {
    const spent = steps * renyiDivergence(mechanism, order);
    const paid =
      conversion === "tight" ? Math.log1p(-1 / order) - (Math.log(delta) + Math.log(order)) / (order - 1) : -Math.log(delta) / (order - 1);
    return { epsilon: Math.max(0, spent + paid), delta, order };
  });
  return options.reduce((a, b) => (b.epsilon < a.epsilon ? b : a));
}

/** @throws UserError */
function checkMechanism({ rate, sigma, steps }: Mechanism, delta: number): void {
  const bad = (what: string, hint: string): never => {
    throw new UserError(what, hint);
  };
  if (!(rate > 0 && rate <= 1)) bad(`a sampling rate of ${rate} is not in (0, 1]`, "it is the batch size over the number of records");
  if (!(sigma >= 0)) bad(`noise of ${sigma} is not a standard deviation`, "1 is usual");
  if (!(Number.isInteger(steps) && steps >= 0)) bad(`${steps} is not a number of steps`, "count the updates of the training");
  if (!(delta > 0 && delta < 1)) bad(`δ = ${delta} is not in (0, 1)`, "well below one over the number of records, such as 1e-5");
}

/** Largest noise that is sought. */
const mostNoise = 2 ** 20;

/**
 * The least σ, to a relative 1e-6 and from above, with which the steps are (ε, δ)-private.
 *
 * @throws UserError  where no noise is enough: ε below what the conversion itself costs
 */
export function noiseFor(epsilon: number, { rate, steps }: Omit<Mechanism, "sigma">, delta: number): number {
  const enough = (sigma: number): boolean => privacyOf({ rate, sigma, steps }, delta).epsilon <= epsilon;
  if (!(epsilon > 0)) throw new UserError(`ε = ${epsilon} is not positive`, "a target of 1 to 8 is usual");
  let [low, high] = [0, 1];
  while (!enough(high)) {
    [low, high] = [high, 2 * high];
    if (high > mostNoise)
      throw new UserError(
        `no noise makes ${steps} steps (${formatNumber(epsilon)}, ${formatNumber(delta)})-private by this accountant`,
        "raise ε or δ",
      );
  }
  while (high - low > 1e-6 * high) {
    const middle = (low + high) / 2;
    if (enough(middle)) high = middle;
    else low = middle;
  }
  return high;
}
