/** What a trained variational autoencoder knows and makes. */
import { type NdArray, ndarray, type Random, toNumbers } from "../array/index.ts";
import { spreadRows } from "../data/batches.ts";
import type { Arrays } from "../tensor/index.ts";
import { interpolated, quantileGrid } from "./latents.ts";
import { type Likeness, likeness } from "./likeness.ts";
import type { SamplePart, SampleProblem } from "./problem.ts";
import type { RowMean } from "./row-mean.ts";
import type { ElboEstimate, VaeLearner, VaeState } from "./vae-learner.ts";
import type { VaeModel, VaeParams } from "./vae-model.ts";

/** Of one number of z, over test rows. */
export interface LatentUnit {
  /** Mean KL(q(z_j|x) ‖ p(z_j)), in nats. */
  readonly kl: number;
  /** Variance of the mean of q(z_j|x). */
  readonly activity: number;
}

/** Variance over x of the mean of q(z_j|x) above which z_j tells something of x. Burda et al., ICLR 2016, section 5.2. */
export const activeAbove = 0.01;

/** Draws of the importance-weighted bound, and the test rows that it is taken over. */
export const [importanceDraws, importanceRows] = [64, 2000];

/** Numbers of a trained model. */
export interface VaeResults {
  readonly parts: Readonly<Record<SamplePart, ElboEstimate>>;
  readonly importance: RowMean & { readonly draws: number; readonly rows: number };
  /** σ² of the Gaussian likelihood. */
  readonly variance?: number;
  readonly units: readonly LatentUnit[];
  readonly active: number;
  readonly likeness: Likeness;
}

/** Rows [n, D] for pictures. */
export interface VaePictures {
  /** Decoded means of z ~ p(z). */
  readonly samples: NdArray;
  readonly originals: NdArray;
  readonly reconstructions: NdArray;
  /** Lines of `interpolationSteps` between the codes of pairs of test rows. */
  readonly interpolations: NdArray;
  /** Of two latent numbers: `manifoldSide` squared decoded means at equal steps of probability, the largest z₂ first. */
  readonly manifold?: NdArray;
  /** Codes of test rows, and these rows. */
  readonly codes: NdArray;
  readonly rows: Int32Array;
  /** Draws from the model, its noise included, beside test rows. */
  readonly drawn: NdArray;
  readonly test: NdArray;
}

/** Images in a line of an interpolation, along a side of the manifold, and codes of test rows that are kept. */
export const [interpolationSteps, manifoldSide] = [11, 20];
const [codeRows, likenessRows] = [5000, 2000];

/** @param most  rows of a part that are looked at; a quick look takes fewer */
export async function vaeResults(
  problem: SampleProblem,
  model: VaeModel,
  learner: VaeLearner,
  state: VaeState,
  rng: Random,
  most = Number.POSITIVE_INFINITY,
): Promise<VaeResults & { readonly pictures: VaePictures }> {
  const { latent, likelihood } = model.options;
  const tested = problem.count("test");
  const count = Math.min(codeRows, tested, most);
  const rows = spreadRows(0, count, count, tested);
  const codes = await learner.codes(state, "test", rows);
  const units = unitsOf(codes);
  const compared = Math.min(likenessRows, tested, problem.count("train"), most);
  const part = (name: "train" | "test") => problem.batch(name, spreadRows(0, compared, compared, problem.count(name)));
  const variance = likelihood === "gaussian" ? model.variance(state.params as Arrays<VaeParams>) : undefined; // the params that init made
  const noisy = (means: NdArray, stream: Random): NdArray => withNoise(means, variance, stream);
  const drawn = noisy(await learner.decoded(state, rng.fold("drawn").normal([compared, latent])), rng.fold("noise"));
  // where the model makes bits, the data are compared as bits
  const [train, test] = (["train", "test"] as const).map((name) =>
    variance === undefined ? noisy(part(name), rng.fold(name)) : part(name),
  );
  const shown = problem.batch("test", spreadRows(0, Math.min(40, tested), Math.min(40, tested), tested));
  const shownCodes = (await learner.codes(state, "test", spreadRows(0, shown.shape[0], shown.shape[0], tested))).mean;
  const parts = {
    train: await learner.elbo(state, "train", Math.min(5000, most)),
    validation: await learner.elbo(state, "validation", most),
    test: await learner.elbo(state, "test", most),
  };
  const few = Math.min(importanceRows, tested, most / 4);
  return {
    parts,
    importance: { ...(await learner.importance(state, "test", importanceDraws, few)), draws: importanceDraws, rows: few },
    variance,
    units,
    active: units.filter((u) => u.activity > activeAbove).length,
    likeness: await likeness(drawn, train, test),
    pictures: {
      samples: await learner.decoded(state, rng.fold("samples").normal([80, latent])),
      originals: shown,
      reconstructions: await learner.decoded(state, shownCodes),
      interpolations: await learner.decoded(state, interpolated(shownCodes, interpolationSteps)),
      ...(latent === 2 && { manifold: await learner.decoded(state, quantileGrid(manifoldSide)) }),
      ...{ codes: codes.mean, rows, drawn, test },
    },
  };
}

/** Draws from the likelihood with these means, or probabilities of 1. */
function withNoise(means: NdArray, variance: number | undefined, rng: Random): NdArray<"f32"> {
  const noise = variance === undefined ? rng.uniform(means.shape).data : rng.normal(means.shape).data;
  const deviation = Math.sqrt(variance ?? 0);
  const value = (m: number, i: number): number => (variance === undefined ? Number(noise[i] < m) : m + deviation * noise[i]);
  return ndarray(Float32Array.from(toNumbers(means), value), means.shape, "f32");
}

function unitsOf({ mean, logVariance }: { mean: NdArray; logVariance: NdArray }): LatentUnit[] {
  const [n, d] = mean.shape;
  const [m, v] = [toNumbers(mean), toNumbers(logVariance)];
  return Array.from({ length: d }, (_, j) => {
    let [kl, sum, squares] = [0, 0, 0];
    for (let at = j; at < n * d; at += d) {
      kl += (m[at] ** 2 + Math.expm1(v[at]) - v[at]) / 2 / n;
      sum += m[at] / n;
      squares += m[at] ** 2 / n;
    }
    return { kl, activity: squares - sum ** 2 };
  });
}
