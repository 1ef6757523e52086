/** Annealing with resampling: a kernel along a path, as a sequence of targets. */
import type { NdArray } from "../../array/index.ts";
import type { AnnealingOptions } from "../ais.ts";
import { coefficientArray, compileKernel, startAt } from "../chain.ts";
import { logIncrement } from "../paths.ts";
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
