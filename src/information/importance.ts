/** Importance weights without annealing: IWAE and Barber-Agakov bounds, from the prior or from a proposal. */
import type { NdArray, Random } from "../array/index.ts";
import { jit, stack, type Tensor } from "../tensor/index.ts";
import { type Observed, type Route, tiled } from "./annealed/target.ts";
import { inBlocks, type JointPairs } from "./models/joint.ts";

/** log ω = log p(x, z) - log q(z|x) - C. */
export interface ImportanceWeights {
  /** Of K draws of q for each point: rows k · B + b. */
  readonly forward: Float64Array;
  /** Of the exact draw of each point: [B]. */
  readonly exact: Float64Array;
}

/** Rows of one run. */
const blockRows = 4096;

/**
 * Weights of K draws of the beginning of a route, and of the exact draw. With q the prior they are the likelihood alone.
 *
 * K draws give mean log ω ≤ lme log ω ≤ log p(x) in expectation (ELBO, IWAE); the exact draw log ω ≥ log p(x) (EUBO), and among K - 1
 * draws of q the upper bound that improves on it by at most log K.
 *
 * @source  Burda, Grosse & Salakhutdinov, ICLR 2016, eq. 8; Brekelmans et al., ICLR 2022, section 3
 */
export async function importanceWeights(route: Route, { u, x }: JointPairs, samples: number, rng: Random): Promise<ImportanceWeights> {
  const B = x.shape[0];
  const observed = await route.observe(x);
  const [start, end] = [route.path(0), route.path(1)];
  const program = jit((z: Tensor, seen: Observed) => {
    const values = stack(
      route.target.map((term) => term(z, seen)),
      1,
    );
    return values;
  });
  // in f64 on the host: a difference of log densities of thousands of pixels
  const weigh = async (z: NdArray): Promise<Float64Array> => {
    const { data, shape } = await program(z, observed);
    return Float64Array.from({ length: shape[0] }, (_, row) =>
      end.reduce((sum, lambda, j) => (lambda === start[j] ? sum : sum + (lambda - start[j]) * Number(data[row * shape[1] + j])), 0),
    );
  };
  const forward = new Float64Array(samples * B);
  const perBlock = Math.max(1, Math.min(samples, Math.floor(blockRows / B)));
  await inBlocks(samples, perBlock, async (from, to) => {
    // whole blocks, so that one program serves all; the rest of the last is thrown away
    const z = route.starts(observed, perBlock, rng.fold(from));
    forward.set((await weigh(z)).subarray(0, (to - from) * B), from * B);
  });
  const exact = (await weigh(tiled(u, perBlock))).subarray(0, B);
  return { forward, exact };
}
