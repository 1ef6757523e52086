/** What fitted posteriors are worth: the objective on fresh draws, and how far from the best distribution they are. */
import { allocate, type NdArray, type Random, toNumbers } from "../array/index.ts";
import { jit, type Tensor } from "../tensor/index.ts";
import { type Inversion, overLayers, posteriors, type Terms, termsOf } from "./objective.ts";
import { drawnPoints, type Points, rulePoints } from "./points.ts";

/** Of one goal; all but shares in nats. */
export interface PosteriorScore {
  /** E[-log p(y|x)] + γ KL. */
  readonly loss: number;
  /** Its standard error; 0 where expectations were taken by a rule. */
  readonly lossError: number;
  readonly nll: number;
  /** KL(q | N(0, I)). */
  readonly kl: number;
  /** Estimate of KL(q | q*), q* ∝ p(z) p(y|G(z))^{1/γ}: in expectation a lower bound of it, and never below 0. NaN at γ = 0, and for layers that share their noise. */
  readonly gap: number;
  /** Share of the draws that the importance weights of the gap amount to. Below a tenth the gap is not known. */
  readonly ess: number;
  /** Share of draws that the classifier takes for the class. */
  readonly accuracy: number;
  /** Share of the inputs' numbers that were cut to the range of the data. */
  readonly outside: number;
}

/** Importance weights that amount to a smaller share of the draws leave the gap unknown: Z is then that of a few draws. */
export const leastEss = 0.1;

/** Draws of a goal in one program. */
const block = 1000;

/**
 * @param draws  fresh draws a goal, where expectations are not taken by a rule
 * @returns  a score for each goal
 */
export async function scorePosteriors<P extends object>(
  inversion: Inversion<P>,
  params: object,
  draws: number,
  rng: Random,
  dtype: "f32" | "f64" = "f32",
): Promise<PosteriorScore[]> {
  const { family, prior, goals } = inversion;
  const J = goals.length;
  const program = jit((given: object, noise: Tensor, weights: Tensor, free: Tensor) => {
    const own = given as P; // the params that the family made
    const { nll, logRatio, outside, hit, weight } = termsOf(inversion, own, noise, weights, prior.nuisance && free);
    const each = family.kl?.(own).reshape([J, posteriors(inversion) / J]);
    const kl = each && overLayers(inversion, each);
    return { nll, logRatio, outside, hit, weight, ...(kl && { kl }) };
  });
  const run = async ({ noise, weights }: Points) => {
    const free = prior.nuisance ? rng.normal([J, noise.shape[1], family.latent], dtype) : allocate(dtype, []);
    const { kl, ...columns } = await program(params, noise, weights, free);
    const rows = Object.entries(columns).map(([key, a]) => [key, rowsOf(a)] as const);
    return { kl: kl && toNumbers(kl), columns: Object.fromEntries(rows) as Record<keyof Columns, Float64Array[]> };
  };
  const rule = rulePoints(inversion, dtype);
  const exact = rule && (await run(rule));
  const blocks: Awaited<ReturnType<typeof run>>[] = [];
  for (let done = 0; done < draws; done += block) blocks.push(await run(drawnPoints(inversion, Math.min(block, draws - done), rng, dtype)));
  await program.dispose();
  return goals.map(({ gamma }, j) => {
    const column = (key: keyof Columns): Float64Array => Float64Array.from(blocks.flatMap(({ columns }) => [...columns[key][j]]));
    const weight = column("weight").map((w) => w / blocks.length);
    const drawn = scoreOf({ nll: column("nll"), logRatio: column("logRatio"), weight }, gamma, blocks[0].kl?.[j]);
    const byRule = exact && scoreOf(columnsOf(exact.columns, j), gamma, exact.kl?.[j]);
    return {
      ...(byRule ? { ...byRule, lossError: 0 } : drawn),
      // codes that lie on a surface have no density to weigh by
      ...(inversion.sharedNoise ? unknownGap : gapOf(column("nll"), column("logRatio"), weight, gamma)),
      accuracy: weighted(column("hit"), weight),
      outside: weighted(column("outside"), weight),
    };
  });
}

const unknownGap = { gap: Number.NaN, ess: Number.NaN };

/** Of the draws of one goal. */
type Columns = Record<keyof Terms, Float64Array>;

const columnsOf = (all: Record<keyof Columns, Float64Array[]>, j: number): Pick<Columns, "nll" | "logRatio" | "weight"> => ({
  nll: all.nll[j],
  logRatio: all.logRatio[j],
  weight: all.weight[j],
});

/** Rows of a matrix. */
function rowsOf(a: NdArray): Float64Array[] {
  const [J, n] = a.shape;
  const values = Float64Array.from(toNumbers(a));
  return Array.from({ length: J }, (_, j) => values.subarray(j * n, (j + 1) * n));
}

const weighted = (values: Float64Array, weight: Float64Array): number => values.reduce((sum, v, i) => sum + weight[i] * v, 0);

/** The objective of one goal. @param kl  in closed form, where there is one */
function scoreOf(
  { nll, logRatio, weight }: Pick<Columns, "nll" | "logRatio" | "weight">,
  gamma: number,
  kl: number | undefined,
): Pick<PosteriorScore, "loss" | "lossError" | "nll" | "kl"> {
  const meanNll = weighted(nll, weight);
  const divergence = kl ?? weighted(logRatio, weight);
  // what is left of the loss' noise when the draws' log ratios, whose mean is known, have explained what they can: nothing at the optimum
  const excess = logRatio.map((v) => v - divergence);
  const meanExcess = weighted(excess, weight);
  const products = (a: Float64Array): number =>
    weighted(
      a.map((v, i) => v * (excess[i] - meanExcess)),
      weight,
    );
  const spread = products(excess);
  const slope = kl === undefined ? gamma : spread > 0 ? -products(nll) / spread : 0;
  const terms = nll.map((v, i) => v + slope * excess[i]);
  const mean = weighted(terms, weight);
  const error = Math.sqrt(terms.reduce((sum, v, i) => sum + (weight[i] * (v - mean)) ** 2, 0));
  return { loss: mean + gamma * divergence, lossError: error, nll: meanNll, kl: divergence };
}

/** KL(q | q*) = E_q[log q - log p + nll / γ] + log Z, Z = E_q[e^{-(that)}], both means over the same draws. */
function gapOf(nll: Float64Array, logRatio: Float64Array, weight: Float64Array, gamma: number): Pick<PosteriorScore, "gap" | "ess"> {
  if (gamma === 0) return unknownGap;
  const logs = nll.map((v, i) => -v / gamma - logRatio[i]);
  const most = logs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const ratios = logs.map((v) => Math.exp(v - most));
  const sum = weighted(ratios, weight);
  const squares = weighted(
    ratios.map((v) => v * v),
    weight,
  );
  return { gap: Math.max(0, most + Math.log(sum) - weighted(logs, weight)), ess: (sum * sum) / squares };
}
