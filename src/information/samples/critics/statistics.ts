/**
 * What scores of pairs say of the information. S [..., n, n]: the score of x_i with z_j in row i, column j; pairs stand on the diagonal,
 * and everything beside it is a draw from p(x) p(z). Each statistic comes with what it would be without each of the pairs: its error is
 * that of the jackknife, which sees that a pair is in a row and in a column.
 */
import { toNumbers } from "../../../array/index.ts";
import { type Arrays, clamp, diagonal, exp, eye, log, log1p, logsumexp, max, minimum, type Tensor, where } from "../../../tensor/index.ts";

/** A statistic of n pairs. */
export interface Statistic {
  /** [...] */
  readonly value: Tensor;
  /** [..., n] */
  readonly without: Tensor;
  /** The largest share that one combination has in a sum of exponentials; 0 where there is no such sum. */
  readonly share?: Tensor;
}

const isDiagonal = (S: Tensor): Tensor => eye(S.shape[S.rank - 1], S.dtype as "f32" | "f64").cast("bool"); // scores are floats
const offDiagonal = (S: Tensor, other: number): Tensor => where(isDiagonal(S), other, S);

/**
 * InfoNCE: mean_i [S_ii - log Σ_j e^{S_ij}] + log n. At most log n, whatever the scores; in expectation at most I.
 *
 * @source  van den Oord et al., 2018; Poole et al., ICML 2019, eq. 10
 */
export function infoNce(S: Tensor): Statistic {
  const n = S.shape[S.rank - 1];
  const total = logsumexp(S, -1, true);
  const pair = diagonal(S).expandDims(-1);
  return {
    value: pair.sub(total).mean([-2, -1]).add(Math.log(n)),
    without: leaveOut(pair, total, S)
      .div(n - 1)
      .add(Math.log(n - 1)),
  };
}

/**
 * Leave-one-out: mean_j [S_jj - log mean_{i ≠ j} e^{S_ij}] with S_ij = log q(z_j | x_i). An upper bound if q is the conditional density.
 *
 * @source  Poole et al., ICML 2019, eq. 13
 */
export function leaveOneOut(S: Tensor): Statistic {
  const n = S.shape[S.rank - 1];
  const others = offDiagonal(S, Number.NEGATIVE_INFINITY).transpose();
  const total = logsumexp(others, -1, true);
  const pair = diagonal(S).expandDims(-1);
  return {
    value: pair
      .sub(total)
      .mean([-2, -1])
      .add(Math.log(n - 1)),
    without: leaveOut(pair, total, others)
      .div(n - 1)
      .add(Math.log(n - 2)),
  };
}

/** Of terms d_j - log Σ_i e^{s_ji}: for every i the sum over j ≠ i, with e^{s_ji} taken out of the inner sums too. */
function leaveOut(pair: Tensor, total: Tensor, S: Tensor): Tensor {
  const kept = total.add(log1p(minimum(exp(S.sub(total)), 1 - 1e-12).neg()));
  return offDiagonal(pair.sub(kept), 0).sum(-2);
}

/** A mean over pairs, and over combinations i ≠ j: mean_i A_i - link(mean_{i≠j} G_ij). */
function pairsAgainstCombinations(A: Tensor, G: Tensor, link: (mean: Tensor) => Tensor): Statistic {
  const n = G.shape[G.rank - 1];
  const all = offDiagonal(G, 0);
  const total = all.sum([-2, -1], true).squeeze(-1);
  const touched = all.sum(-1).add(all.sum(-2));
  return {
    value: A.mean(-1).sub(link(total.div(n * (n - 1))).squeeze(-1)),
    without: A.sum(-1, true)
      .sub(A)
      .div(n - 1)
      .sub(link(total.sub(touched).div((n - 1) * (n - 2)))),
    share: max(all, [-2, -1]).div(total.squeeze(-1)),
  };
}

const identity = (x: Tensor): Tensor => x;

/** E_p[T] - E_pp[e^{T - 1}] (NWJ, MINE-F): unbiased for a lower bound. Nguyen, Wainwright & Jordan, IEEE Trans. Inf. Theory 56 (2010). */
export const nwj = (S: Tensor): Statistic => pairsAgainstCombinations(diagonal(S), exp(S.sub(1)), identity);

/**
 * E_p[T] - log E_pp[e^T] (Donsker & Varadhan), with clipped scores SMILE. The logarithm of a mean is biased: no bound.
 *
 * @param clip  τ of SMILE (Song & Ermon, ICLR 2020, eq. 12)
 */
export function donskerVaradhan(S: Tensor, clip = Number.POSITIVE_INFINITY): Statistic {
  const clipped = Number.isFinite(clip) ? clamp(S, -clip, clip) : S;
  const shift = max(clipped, [-2, -1], true);
  const flat = shift.squeeze(-1);
  return pairsAgainstCombinations(diagonal(S), exp(clipped.sub(shift)), (mean) => log(mean).add(flat));
}

/**
 * 1 - E[u + e^{-u + T(x, z') - T(x, z)}]: a lower bound for any u(x, z) and T (Guo et al., NeurIPS 2022, eq. 7).
 *
 * @param u  of the pairs, [..., n]
 */
export const fenchelLegendre = (S: Tensor, u: Tensor): Statistic =>
  pairsAgainstCombinations(u.neg().add(1), exp(S.sub(diagonal(S).expandDims(-1)).sub(u.expandDims(-1))), identity);

/** E_p[log q(z|x)] - E_pp[log q(z|x)]: an upper bound if q is the conditional density (Cheng et al., ICML 2020, eq. 6). */
export const club = (S: Tensor): Statistic => {
  const { value, without } = pairsAgainstCombinations(diagonal(S), S, identity);
  return { value, without };
};

/** E_p of the log odds of a classifier of pairs against combinations, as many of each (Liao et al., 2020). */
export const logOdds = (S: Tensor): Statistic => {
  const { value, without } = pairsAgainstCombinations(diagonal(S), S.mul(0), identity);
  return { value, without };
};

/** A statistic of one set of pairs as a number, and its jackknife error √((n - 1)/n Σ (θ_(i) - θ̄)²). */
export function withJackknife({ value, without, share }: Arrays<Statistic>): { mean: number; se: number; share: number } {
  const left = toNumbers(without);
  const n = left.length;
  const middle = left.reduce((a, b) => a + b / n, 0);
  const squares = left.reduce((sum, v) => sum + (v - middle) ** 2, 0);
  return { mean: toNumbers(value)[0], se: Math.sqrt(((n - 1) / n) * squares), share: share ? toNumbers(share)[0] : 0 };
}
