/** Posteriors in the plane that are known exactly: what was seen, what decodes it, exact draws, and log p(x) by quadrature. */
import { array, type NdArray, ndarray, type Random, toNumbers } from "../../array/index.ts";
import { fromPrior, type Observed, type Route } from "../../information/annealed/target.ts";
import type { Joint } from "../../information/models/joint.ts";
import { likelihoodOf } from "../../information/models/likelihood.ts";
import { logMeanExp } from "../../sampling/index.ts";
import { type Feeds, jit, type Tensor } from "../../tensor/index.ts";
import { type Grid, gridPoints } from "../contours.ts";

/** A model x = f(u) + noise of two latents u ~ N(0, I), and one x that was seen. */
interface Model {
  readonly title: string;
  readonly decode: (u: Tensor) => Tensor;
  readonly seen: readonly number[];
  readonly variance: number;
}

const first = (u: Tensor): Tensor => u.slice([], [0, 1]);
const second = (u: Tensor): Tensor => u.slice([], [1, 2]);

export const models = {
  ring: { title: "a ring", decode: (u) => u.square().sum(1, true), seen: [2.25], variance: 0.09 },
  four: { title: "four islands", decode: (u) => u.square(), seen: [1.2, 1.2], variance: 0.04 },
  banana: { title: "a banana", decode: (u) => second(u).add(first(u).square()), seen: [1], variance: 0.02 },
  ridge: { title: "a ridge (linear and Gaussian)", decode: (u) => first(u).add(second(u).mul(0.8)), seen: [1.5], variance: 0.02 },
} as const satisfies Record<string, Model>;

export type ModelName = keyof typeof models;

/** A posterior p(u|x) along its way from the prior. Densities of data are told less the constant C of the likelihood. */
export interface Posterior {
  readonly model: Model;
  readonly route: Route;
  readonly observed: Feeds<Observed>;
  /** log p(x), in nats. */
  readonly exact: number;
  /** C. */
  readonly constant: number;
  /** log p(u) and log p(x|u) - C at the points of the shown grid. */
  readonly terms: { readonly prior: readonly number[]; readonly fit: readonly number[] };
}

/** What is shown of the plane. */
export const shown: Grid = { x: [-3, 3], y: [-3, 3], size: 72 };

/** The plane as far as the prior has mass that counts, e^-24 at its edge, fine enough for a valley of a tenth. */
const plane: Grid = { x: [-7, 7], y: [-7, 7], size: 561 };

export async function posteriorOf(name: ModelName): Promise<Posterior> {
  const model: Model = models[name];
  const D = model.seen.length;
  const joint: Joint = {
    ...{ name: model.title, latent: 2, observed: [D], dtype: "f32", decode: model.decode },
    prior: { name: "normal", toLatent: (u) => u },
    likelihood: likelihoodOf("gaussian", "mean", [model.variance], "f32"),
  };
  const route = fromPrior(joint);
  const observed = await route.observe(array([...model.seen], "f32", [1, D]));
  const [prior, likelihood] = route.target;
  const terms = jit((u: Tensor, data: Observed) => ({ prior: prior(u, data), fit: likelihood(u, data) }));
  const at = await terms(gridPoints(plane), observed);
  // ∫ p(u) p(x|u) du as a mean over the grid: the density is smooth, and has died away at the edge
  const logs = toNumbers(at.prior).map((p, i) => p + Number(at.fit.data[i]));
  const area = (((plane.x[1] - plane.x[0]) / (plane.size - 1)) * plane.size) ** 2;
  const constant = joint.likelihood.constant(D);
  const seen = await terms(gridPoints(shown), observed);
  return {
    ...{ model, route, observed, constant },
    exact: logMeanExp(Float64Array.from(logs)) + Math.log(area / (2 * Math.PI)) + constant,
    terms: { prior: toNumbers(seen.prior), fit: toNumbers(seen.fit) },
  };
}

/** Draws of the prior that are tried at a time. */
const tried = 8192;

/**
 * Exact draws of the posterior, by rejection: log p(x|u) - C is at most 0, so that a draw of the prior is kept with its exponential as the
 * probability. Between a tenth and a hundredth of them are.
 */
export async function exactDraws({ route, observed }: Posterior, count: number, rng: Random): Promise<NdArray<"f32">> {
  const likelihood = jit((u: Tensor, data: Observed) => route.target[1](u, data));
  const kept: number[] = [];
  for (let round = 0; kept.length < 2 * count; round++) {
    const stream = rng.fold(round);
    const [u, chance] = [stream.normal([tried, 2]), stream.uniform([tried], "f64")];
    const logs = await likelihood(u, observed);
    chance.data.forEach((c, i) => {
      if (Math.log(c) < Number(logs.data[i])) kept.push(u.data[2 * i], u.data[2 * i + 1]);
    });
  }
  return ndarray(Float32Array.from(kept.slice(0, 2 * count)), [count, 2], "f32");
}
