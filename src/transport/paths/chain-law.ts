/**
 * Entropic multi-marginal transport of least acceleration: of all joint laws π of chains (i_0, …, i_{K-1}), a row a snapshot, whose margins
 * are the snapshots, the one that minimises
 *
 *   E_π [Σ_k |v_k - v_{k-1}|² / h_k  +  τ Σ_k |x_{k+1} - x_k|² / gap_k]  +  ε KL(π | μ_0 ⊗ … ⊗ μ_{K-1}),   v_k = (x_{k+1} - x_k) / gap_k,
 *
 * h_k the mean of the gaps at an inner knot: the discrete ∫ |x''|² + τ |x'|² dt, splines in tension. Its density is
 *
 *   π = Π_k μ_k e^{f_k} · e^{-cost / ε},
 *
 * and Sinkhorn's iteration finds each potential f_k from the margin of its snapshot. A knot couples three rows, so that π is a Markov chain
 * of second order and messages live on pairs (i_k, i_{k+1}). But the square of a sum of three vectors is a sum of terms of two: with X, Y
 * and Z what x_{k-1}, x_k and x_{k+1} contribute to (v_k - v_{k-1}) / √h_k,
 *
 *   |X - Y + Z|² = (|X|² - 2 X·Y + ½ |Y|²) + (½ |Y|² - 2 Y·Z + |Z|²) + 2 X·Z,
 *
 * and the sum over i_{k-1} of a message times the factor of the knot is one product of matrices: n³ multiplications a knot, no n³ exponentials.
 *
 * @source  Chen, Conforti & Georgiou, Measure-valued spline curves, SIAM J. Math. Anal. 50 (2018); Benamou, Gallouët & Vialard, Second-order
 *          models for optimal transport and cubic splines on the Wasserstein space, Found. Comput. Math. 19 (2019)
 */
import { type NdArray, ndarray, toNumbers } from "../../array/index.ts";
import { normalise } from "../../distances/index.ts";
import { jit, logsumexp, maximum, scan, type Tensor } from "../../tensor/index.ts";
import type { Cloud } from "./cloud.ts";

/** What decides a law of chains, and when its iteration ends. */
export interface ChainLawOptions {
  /** ε in units of the cost; default a twentieth of the mean cost of independent rows at a knot, as entropic plans of pairs have it. */
  readonly epsilon?: number;
  /** τ, an inverse square of a time; default a tenth of that of the mean gap. Alone it decides pairs of two snapshots. */
  readonly tension?: number;
  /** The iteration ends when Σ |margin - μ| is below this at every snapshot (default 0.01). */
  readonly tolerance?: number;
  /** At most this many sweeps at the final ε (default 500). */
  readonly most?: number;
}

/** What the margins of a law may be off by, far below the sampling of drawn chains. */
const settledBelow = 0.01;

/** A law of chains through snapshots. */
export interface ChainLaw {
  readonly snapshots: WeightedSnapshots;
  /** f_k, [n_k]. */
  readonly potentials: readonly NdArray<"f64">[];
  readonly epsilon: number;
  readonly tension: number;
  /** Sweeps forward and back, and the largest Σ |margin - μ| that the last one met. */
  readonly sweeps: number;
  readonly error: number;
  /** Whether the error came below its tolerance. */
  readonly settled: boolean;
}

/** Times, points [n_k, d] and masses [n_k] of sum one. */
export interface WeightedSnapshots<T = NdArray<"f64">> {
  readonly times: readonly number[];
  readonly points: readonly T[];
  readonly mass: readonly T[];
}

/** Terms of two rows that add up to the cost of a chain: of neighbours, [n_k, n_{k+1}], and of next neighbours, [n_k, n_{k+2}]. */
interface ChainTerms {
  readonly near: readonly Tensor[];
  readonly across: readonly Tensor[];
}

const squares = (x: Tensor): Tensor => x.square().sum(1, true);
const products = (x: Tensor, y: Tensor): Tensor => x.matmul(y.transpose()).mul(2);

/** The terms of every chain. Points count from the means of their snapshots, so that no term is larger than it has to be. */
function chainTerms(times: readonly number[], points: readonly Tensor[], tension: number): ChainTerms {
  const gap = (k: number): number => times[k + 1] - times[k];
  const middles = points.map((p) => p.mean(0, true));
  const from = (k: number, middle: number, scale: number): Tensor => points[k].sub(middles[middle]).div(scale);
  const tense = points.slice(1).map((_, k) => {
    const [x, y] = [from(k, k, 1), from(k + 1, k, 1)];
    return squares(x)
      .add(squares(y).transpose())
      .sub(products(x, y))
      .mul(tension / gap(k));
  });
  const knots = points.slice(2).map((_, k) => {
    const root = Math.sqrt((gap(k) + gap(k + 1)) / 2);
    const [before, after] = [gap(k) * root, gap(k + 1) * root];
    const [x, z] = [from(k, k, before), from(k + 2, k + 2, after)];
    const y = from(k + 1, k, before).add(from(k + 1, k + 2, after));
    const half = squares(y).div(2);
    return {
      coming: squares(x).add(half.transpose()).sub(products(x, y)),
      going: half.add(squares(z).transpose()).sub(products(y, z)),
      across: products(x, z),
    };
  });
  const sum = (parts: readonly (Tensor | undefined)[]): Tensor => parts.flatMap((p) => p ?? []).reduce((a, b) => a.add(b));
  return { near: tense.map((c, k) => sum([c, knots[k - 1]?.going, knots[k]?.coming])), across: knots.map((c) => c.across) };
}

/** e^b [n, p] by columns, each over the exponential of its largest entry. */
interface Kernel {
  readonly top: Tensor;
  readonly values: Tensor;
}

function kernelOf(b: Tensor): Kernel {
  const top = b.max(0, true);
  return { top, values: b.sub(top).exp() };
}

/** What a sweep is told: terms of neighbours over -ε, those across as kernels for the way forward and back, and log μ_k. */
interface LogFactors {
  readonly near: readonly Tensor[];
  readonly across: readonly Tensor[];
  readonly onward: readonly Kernel[];
  readonly back: readonly Kernel[];
  readonly logMass: readonly Tensor[];
}

function logFactors({ times, points, mass }: WeightedSnapshots<Tensor>, tension: number, epsilon: Tensor): LogFactors {
  const terms = chainTerms(times, points, tension);
  const [near, across] = [terms.near, terms.across].map((all) => all.map((c) => c.div(epsilon).neg()));
  return {
    near,
    across,
    onward: across.map(kernelOf),
    back: across.map((c) => kernelOf(c.transpose())),
    // rows without mass have a logarithm that counts for nothing and is a number
    logMass: mass.map((m) => maximum(m, 1e-300).log()),
  };
}

/** Largest difference in a column of a kernel's logarithms: the exponents of doubles end at 708. */
const widest = 600;

/** log Σ_i exp(a_im + b_ip), [m, p]. What belongs to the largest a of column m is in the sum, so that it is never zero. */
function logProduct(a: Tensor, { top, values }: Kernel): Tensor {
  const highest = a.max(0, true);
  const sums = a.sub(highest).exp().transpose().matmul(values);
  return sums.log().add(highest.transpose()).add(top);
}

/** From the factors before the pair (i_k, i_{k+1}): sums over i_0, …, i_{k-1}, with the pair's own and those of i_k. */
function behindPair({ near, onward, logMass }: LogFactors, k: number, potential: Tensor, before: Tensor | undefined): Tensor {
  const own = near[k].add(logMass[k].add(potential).expandDims(1));
  return before ? own.add(logProduct(before, onward[k - 1])) : own;
}

/** From the factors after it: sums over i_{k+2}, …, with those of i_{k+1}. The sum with the message from behind is log π(i_k, i_{k+1}). */
function aheadOfPair({ near, back, logMass }: LogFactors, k: number, potential: Tensor, after: Tensor | undefined): Tensor {
  const own = logMass[k + 1].add(potential).expandDims(0);
  // rows i_{k+2}, columns i_{k+1} and i_k
  return after ? own.add(logProduct(after.add(near[k + 1]).transpose(), back[k]).transpose()) : own.broadcastTo(near[k].shape);
}

/** All messages from ahead, k = 0, …, K - 2. */
function messagesAhead(factors: LogFactors, potentials: readonly Tensor[]): Tensor[] {
  const messages: Tensor[] = [];
  for (let k = potentials.length - 2; k >= 0; k--) messages[k] = aheadOfPair(factors, k, potentials[k + 1], messages[k + 1]);
  return messages;
}

/** Potentials, and the messages from ahead that belong to them. */
interface Sweeping {
  readonly potentials: readonly Tensor[];
  readonly ahead: readonly Tensor[];
}

/** Every potential by its margin, first to last and back. The error is that of the margins which the way forward met. */
function sweep(factors: LogFactors, { potentials, ahead }: Sweeping): { readonly next: Sweeping; readonly error: Tensor } {
  const { logMass } = factors;
  const last = potentials.length - 1;
  const [f, behind, messages]: Tensor[][] = [[...potentials], [], []];
  /** How much a potential has to rise for its margin to be right. */
  const missing = (k: number, margin: Tensor): Tensor => logMass[k].sub(margin);
  const off = (k: number, margin: Tensor): Tensor => margin.exp().sub(logMass[k].exp()).abs().sum();
  const errors: Tensor[] = [];
  for (let k = 0; k < last; k++) {
    const message = behindPair(factors, k, f[k], behind[k - 1]);
    const margin = logsumexp(message.add(ahead[k]), 1);
    errors.push(off(k, margin));
    f[k] = f[k].add(missing(k, margin));
    behind[k] = message.add(missing(k, margin).expandDims(1));
  }
  const end = logsumexp(behind[last - 1].add(ahead[last - 1]), 0);
  errors.push(off(last, end));
  f[last] = f[last].add(missing(last, end));
  messages[last - 1] = aheadOfPair(factors, last - 1, f[last], undefined);
  for (let k = last - 2; k >= 0; k--) {
    const message = aheadOfPair(factors, k, f[k + 1], messages[k + 1]);
    const rise = missing(k + 1, logsumexp(behind[k].add(message), 0));
    f[k + 1] = f[k + 1].add(rise);
    messages[k] = message.add(rise.expandDims(0));
  }
  return { next: { potentials: f, ahead: messages }, error: errors.reduce((a, b) => maximum(a, b)) };
}

/** Sweeps of one run, between which the error is looked at. */
const run = 10;

/** `run` sweeps at ε; potentials come and go as ε f, which hardly depend on ε. */
const sweeping = (times: readonly number[], tension: number) =>
  jit((snapshots: Omit<WeightedSnapshots<Tensor>, "times">, values: readonly Tensor[], epsilon: Tensor) => {
    const factors = logFactors({ times, ...snapshots }, tension, epsilon);
    const potentials = values.map((v) => v.div(epsilon));
    const start: Sweeping = { potentials, ahead: messagesAhead(factors, potentials) };
    const { carry, ys } = scan(
      (state: Sweeping) => {
        const { next, error } = sweep(factors, state);
        return { carry: next, y: error };
      },
      start,
      run,
    );
    return { values: carry.potentials.map((f) => f.mul(epsilon)), errors: ys };
  });

/** Mean cost of a chain of independent rows, and the largest difference of across terms that meet in one sum. */
const surveying = (times: readonly number[], tension: number) =>
  jit(({ points, mass }: Omit<WeightedSnapshots<Tensor>, "times">) => {
    const { near, across } = chainTerms(times, points, tension);
    const mean = (c: Tensor, k: number, step: number): Tensor =>
      mass[k]
        .expandDims(0)
        .matmul(c)
        .matmul(mass[k + step].expandDims(1))
        .sum();
    const means = [...near.map((c, k) => mean(c, k, 1)), ...across.map((c, k) => mean(c, k, 2))];
    const widths = across.flatMap((c) => [0, 1].map((axis) => c.max(axis).sub(c.min(axis)).max()));
    return { cost: means.reduce((a, b) => a.add(b)), width: widths.reduce((a, b) => maximum(a, b), means[0].mul(0)) };
  });

const numberOf = ({ data }: NdArray): number => Number(data[0]);
const doubles = (x: NdArray, factor: number): NdArray<"f64"> =>
  ndarray(
    Float64Array.from(toNumbers(x), (v) => factor * v),
    x.shape,
    "f64",
  );
const scalarOf = (value: number): NdArray<"f64"> => ndarray(Float64Array.of(value), [], "f64");

/**
 * The law of chains through clouds of equal mass.
 *
 * @param times  of the clouds, ascending, two at least
 * @throws RangeError  for an ε that is not positive, or so small that exponents leave the range of doubles
 */
export async function chainLaw(times: readonly number[], clouds: readonly Cloud[], options: ChainLawOptions = {}): Promise<ChainLaw> {
  const { tolerance = settledBelow, most = 500 } = options;
  const duration = times[times.length - 1] - times[0];
  const { tension = 0.1 * ((times.length - 1) / duration) ** 2 } = options;
  const data = {
    points: clouds.map(({ points }) => doubles(points, 1)),
    mass: clouds.map(({ points: { shape }, weights }) => ndarray(Float64Array.from(normalise(weights, shape[0])), [shape[0]], "f64")),
  };
  const survey = surveying(times, tension);
  const { cost, width } = await survey(data);
  const mean = numberOf(cost) / Math.max(1, times.length - 2);
  const least = numberOf(width) / widest;
  const { epsilon = Math.max(mean / 20, least) || 1 } = options;
  if (!(epsilon > 0 && epsilon >= least)) throw new RangeError(`chainLaw: epsilon ${epsilon} is too small, at least ${least} is needed`);
  const sweeps = sweeping(times, tension);
  const iterate = async (values: readonly NdArray<"f64">[], at: number) => {
    const found = await sweeps(data, values, scalarOf(at));
    return { values: found.values.map((v) => doubles(v, 1)), error: Number(found.errors.data[run - 1]) };
  };
  let state = { values: data.mass.map((m) => doubles(m, 0)), error: Number.POSITIVE_INFINITY };
  const warm = Math.max(0, Math.ceil(Math.log2(mean / epsilon)));
  for (let level = warm; level > 0; level--) state = await iterate(state.values, epsilon * 2 ** level);
  let runs = 0;
  do {
    state = await iterate(state.values, epsilon);
    runs++;
  } while (state.error > tolerance && runs * run < most);
  await Promise.all([survey.dispose(), sweeps.dispose()]);
  const potentials = state.values.map((v) => doubles(v, 1 / epsilon));
  const { error } = state;
  return { snapshots: { times, ...data }, potentials, epsilon, tension, sweeps: run * (warm + runs), error, settled: error <= tolerance };
}

/** log π(i_0, i_1) up to a constant, and log π(i_{k+1} | i_{k-1}, i_k) as the sum of a term of (i_k, i_{k+1}) and one of (i_{k-1}, i_{k+1}). */
export interface ChainTransitions {
  readonly near: readonly Tensor[];
  readonly across: readonly Tensor[];
}

/** A law as transitions from one row to the next. */
export function chainTransitions(
  snapshots: WeightedSnapshots<Tensor>,
  potentials: readonly Tensor[],
  tension: number,
  epsilon: Tensor,
): ChainTransitions {
  const factors = logFactors(snapshots, tension, epsilon);
  const ahead = messagesAhead(factors, potentials);
  return { near: ahead.map((message, k) => message.add(factors.near[k])), across: factors.across };
}
