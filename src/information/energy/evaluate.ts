/** Bounds of trained critics on pairs that they have not seen. */
import { mapTree, type NdArray, type Random } from "../../array/index.ts";
import {
  byDatum,
  type Estimate,
  estimate,
  logMeanExp,
  mixtureUpper,
  normalisedWeights,
  paretoShape,
  temperedPath,
} from "../../sampling/index.ts";
import { constant, jit, type Tensor } from "../../tensor/index.ts";
import { informationOf } from "../annealed/bounds.ts";
import { drawProposal, type Route } from "../annealed/target.ts";
import { type Bound, boundOf } from "../bound.ts";
import { type Encoded, logPrior, logProposal } from "../models/encoder.ts";
import { inBlocks, type Joint, type JointPairs, rowsOf } from "../models/joint.ts";
import { type Critic, critic, posterior } from "./critic.ts";
import { energyTarget } from "./objectives.ts";
import { type CriticName, type EnergyOptions, type EnergyState, type Scaling, scaled } from "./train.ts";

const frozen = <T>(tree: object): T => mapTree<T, [NdArray]>((a) => constant(a), tree);

/** A trained q and critics, as functions of arrays. */
export function trained(
  { q, critics }: EnergyState,
  scaling: Scaling,
  { latent: d, fromPrior }: Pick<EnergyOptions, "latent" | "fromPrior">,
) {
  const net = fromPrior ? undefined : frozen<Parameters<typeof posterior.apply>[0]>(q);
  const of = (name: CriticName): Critic => frozen<Critic>(critics[name]);
  const encode = jit((x: Tensor) => posterior.apply(net, scaled(x, scaling), d));
  const features = (name: CriticName) => jit((x: Tensor) => critic.features(of(name), scaled(x, scaling)));
  /** log q(z_b|x_b) - log p(z_b). */
  const above = jit((z: Tensor, mean: Tensor, logVariance: Tensor) => logProposal(z, { mean, logVariance }).sub(logPrior(z)));

  /** From q to q e^T: chains see features of x, computed once a data point. */
  const route = (name: CriticName): Route => {
    const network = of(name);
    const see = features(name);
    return {
      ...{ name: "proposal", path: temperedPath },
      target: energyTarget((phi, z) => critic.apply(network, phi, z)),
      observe: async (x) => ({ x: await see(x), proposal: await encode(x) }),
      starts: ({ proposal }, chains, rng) => drawProposal(proposal as Encoded, chains, rng),
    };
  };

  /** T at the exact latents [B], and at K draws of q or of the prior [K · B]. */
  async function energies(name: CriticName, { x, u }: JointPairs, draws: NdArray) {
    const network = of(name);
    const phi = await features(name)(x);
    const B = x.shape[0];
    const program = jit((p: Tensor, z: Tensor) => critic.apply(network, p, z.reshape([-1, B, d])).reshape([z.shape[0]]));
    const exact = Float64Array.from((await program(phi, u)).data as Float32Array);
    const all = new Float64Array(draws.shape[0]);
    await inBlocks(draws.shape[0] / B, 16, async (from, to) => {
      all.set((await program(phi, rowsOf(draws, from * B, to * B))).data as Float32Array, from * B);
    });
    return { exact, draws: all };
  }
  const aboveOf = async ({ x, u }: JointPairs): Promise<Float64Array> => {
    const { mean, logVariance } = await encode(x);
    return Float64Array.from((await above(u, mean, logVariance)).data as Float32Array);
  };
  return { encode, route, energies, above: aboveOf };
}

const sum = (a: ArrayLike<number>, b: ArrayLike<number>): Float64Array => Float64Array.from(a, (v, i) => v + b[i]);

/** Bounds that need no chains, on held-out pairs: Barber-Agakov, InfoNCE, GIWAE, and MINE's two. */
export async function sampledBounds(
  model: ReturnType<typeof trained>,
  pairs: JointPairs,
  samples: number,
  rng: Random,
  likelihood?: { readonly joint: Joint; readonly fit: ArrayLike<number> },
): Promise<Bound[]> {
  const B = pairs.x.shape[0];
  const q = await model.encode(pairs.x);
  const draws = drawProposal(q, samples, rng.fold("draws of q"));
  const prior = rng.fold("draws of the prior").normal([samples * B, pairs.u.shape[1]]);
  const above = await model.above(pairs);
  const [infonce, giwae, dv, f] = [
    await model.energies("infonce", pairs, prior),
    await model.energies("giwae", pairs, draws),
    await model.energies("varadhan", pairs, draws),
    await model.energies("fenchel", pairs, draws),
  ];
  const cap = `log K = ${Math.log(samples).toFixed(3)}`;
  const mixture = ({ exact, draws: all }: typeof giwae, fit: ArrayLike<number>): Estimate =>
    informationOf(
      fit,
      byDatum(all, B).map((row, b) => mixtureUpper(row, [exact[b]])),
    );
  const heavy = paretoShape(f.draws);
  const fitF = sum(above, f.exact);
  const exponentials = byDatum(f.draws, B).map((row) => Math.exp(logMeanExp(row) - 1));
  return [
    boundOf("Barber-Agakov", "lower", estimate(above), "E log q(z|x) / p(z) for a normalised q"),
    boundOf("InfoNCE", "lower", mixture(infonce, infonce.exact), `critic frozen, held-out pairs; at most ${cap}`),
    boundOf("GIWAE", "lower", mixture(giwae, sum(above, giwae.exact)), `critic frozen, held-out pairs; at most ${cap} above Barber-Agakov`),
    boundOf(
      "MINE-F",
      "lower",
      estimate(fitF.map((v, b) => v - exponentials[b])),
      heavy > 0.7
        ? `unbiased, but its weights have a heavy tail (Pareto k ${heavy.toFixed(2)}): the error is a guess`
        : "an unbiased estimate of a lower bound, on held-out pairs",
      heavy <= 0.7,
    ),
    boundOf(
      "MINE-DV",
      "estimate",
      varadhanEstimate(sum(above, dv.exact), dv.draws),
      "the log of a mean of samples is biased upwards: no bound",
      false,
    ),
    ...(likelihood ? [await upperOfGiwae(likelihood, pairs, draws, q, giwae.draws)] : []),
  ];
}

/** E fit - log E e^T, its error by the delta method. */
function varadhanEstimate(fit: ArrayLike<number>, logs: ArrayLike<number>): Estimate {
  const [top, log] = [estimate(fit), logMeanExp(logs)];
  const relative = estimate(Float64Array.from(logs, (l) => Math.exp(l - log))).error;
  return { mean: top.mean - log, error: Math.hypot(top.error, relative) };
}

/**
 * GIWAE's upper bound, where p(x|z) is known: E log p(x|z) - E Σ_s softmax(T)_s [log ω_s - (T_s - lme T)], ω = p(x, z) / q(z|x).
 * @source  Brekelmans et al., ICLR 2022, section 3.2, averaged over the index
 */
async function upperOfGiwae(
  { joint, fit }: { readonly joint: Joint; readonly fit: ArrayLike<number> },
  { x }: JointPairs,
  draws: NdArray,
  q: Encoded,
  energies: ArrayLike<number>,
): Promise<Bound> {
  const B = x.shape[0];
  const program = jit((z: Tensor, seen: Tensor, mean: Tensor, logVariance: Tensor) => {
    const y = joint.decode(z);
    return logPrior(z).add(joint.likelihood.logDensity(y, seen)).sub(logProposal(z, { mean, logVariance }));
  });
  const weights = new Float64Array(draws.shape[0]);
  for (let k = 0; k < draws.shape[0] / B; k++) {
    const block = await program(rowsOf(draws, k * B, (k + 1) * B), x, q.mean, q.logVariance);
    weights.set(block.data as Float32Array, k * B);
  }
  const [logs, T] = [byDatum(weights, B), byDatum(energies, B)];
  const evidence = logs.map((row, b) => {
    const [softmax, lme] = [normalisedWeights(T[b]), logMeanExp(T[b])];
    return row.reduce((total, log, s) => total + softmax[s] * (log - (T[b][s] - lme)), 0);
  });
  return boundOf(
    "GIWAE",
    "upper",
    informationOf(fit, evidence),
    "log p(x) from below by an index-weighted proposal; the density p(x|z) is used",
  );
}
