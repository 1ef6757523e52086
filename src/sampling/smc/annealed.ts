/** Annealing with resampling: a kernel along a path, as a sequence of targets. */
import type { NdArray, Random } from "../../array/index.ts";
import type { AnnealingOptions } from "../ais.ts";
import { coefficientArray, compileKernel, startAt } from "../chain.ts";
import { logIncrement } from "../paths.ts";
import { replaceRows } from "../rows.ts";
import type { ChainArrays } from "../target.ts";
import type { SmcModel } from "./smc.ts";

/**
 * The SMC sampler of an annealing path: x_t is moved by the kernel of β_{t-1}, then weighed by π̃_t / π̃_{t-1} where it
 * stands, and resampled before it moves on. Without resampling it is annealed importance sampling without its last transition, which
 * changes no weight.
 *
 * @param start  draws of π_0, a row a particle
 * @source  Del Moral, Doucet & Jasra, JRSS B 68 (2006), section 3.3.2.3
 */
export function annealedModel<P, N, D>(
  { kernel, path, betas, parameters, data }: Omit<AnnealingOptions<P, N, D>, "finalTransition">,
  start: NdArray,
): SmcModel<ChainArrays> {
  const compiled = compileKernel(kernel);
  return {
    steps: betas.length - 1,
    init: () => startAt(compiled, start, data),
    async propagate(particles, t, rng) {
      if (t === 1) return particles;
      const lambda = coefficientArray(path(betas[t - 1]), particles.values);
      return (await compiled.step(particles, compiled.noise(rng, start), parameters(t - 1), lambda, data)).state;
    },
    weigh({ values }, _, t) {
      const increment = logIncrement(path, betas, t);
      return Float64Array.from({ length: values.shape[0] }, (_, row) => increment(values, row));
    },
  };
}

/**
 * Conditional SMC along the path, whose log Ẑ is an upper bound: the reference of each population comes back from an exact draw of π_1 by
 * the kernels in reverse order.
 *
 * @param model    of `annealedModel`, its populations one after the other
 * @param options  those of the model, with the data of the exact draws
 * @param exact    exact draws of π_1, one a population
 */
export async function annealedReference<P, N, D>(
  model: SmcModel<ChainArrays>,
  options: Omit<AnnealingOptions<P, N, D>, "finalTransition">,
  { exact, particles }: { readonly exact: NdArray; readonly particles: number },
  rng: Random,
): Promise<SmcModel<ChainArrays>> {
  const { path, betas, parameters, data } = options;
  const compiled = compileKernel(options.kernel);
  // x_t for t = T, …, 1: what the kernel of β_t moved to x_{t+1}, seen backwards
  const states = [await startAt(compiled, exact, data)];
  for (let t = betas.length - 2; t >= 1; t--) {
    const lambda = coefficientArray(path(betas[t]), states[0].values);
    states.unshift((await compiled.step(states[0], compiled.noise(rng.fold(t), exact), parameters(t), lambda, data)).state);
  }
  const firsts = Int32Array.from({ length: exact.shape[0] }, (_, g) => g * particles);
  return { ...model, reference: (all, t) => replaceRows(all, firsts, states[Math.max(t, 1) - 1]) };
}
