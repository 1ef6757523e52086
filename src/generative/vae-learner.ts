/** Training of a variational autoencoder: state is plain data, a step is one compiled program. */
import { item, type NdArray, ndarray, type Random, toNumbers } from "../array/index.ts";
import { batchRows, spreadRows } from "../data/batches.ts";
import { applyUpdates, chain, clipByGlobalNorm, type Optimizer, type State } from "../optim/index.ts";
import { type Arrays, cast, jit, less, type Tensor, valueAndGrad } from "../tensor/index.ts";
import type { SamplePart, SampleProblem } from "./problem.ts";
import { type RowMean, rowMean } from "./row-mean.ts";
import { elboParts, gaussianOf, importanceBound } from "./vae.ts";
import type { VaeModel, VaeParams } from "./vae-model.ts";

/** How it is trained. */
export interface VaeTraining {
  readonly optimizer: Optimizer;
  readonly batchSize: number;
  /** Weight of the KL in the loss; 1: the evidence lower bound. */
  readonly beta: number;
  /** Bound on the norm of the gradient. */
  readonly clip?: number;
  /** Most rows of the validation part that an evaluation takes. */
  readonly evaluationRows: number;
}

/** Parameters, the optimizer's state, and what the last step measured. */
export interface VaeState<T = NdArray> {
  /** Steps done, i32. */
  readonly step: T;
  readonly params: object;
  readonly optimizer: State<T>;
  /** Means over the last batch, in nats. */
  readonly reconstruction: T;
  readonly kl: T;
}

/** The evidence lower bound over rows of a part, and what it is made of, in nats a row. */
export interface ElboEstimate {
  readonly elbo: RowMean;
  readonly reconstruction: RowMean;
  readonly kl: RowMean;
  readonly rows: number;
}

/** A training: its first state, its step, and what can be asked of a state. */
export interface VaeLearner {
  init(rng: Random): VaeState;
  step(state: VaeState, rng: Random): Promise<{ state: VaeState; metrics: Record<"loss" | "reconstruction" | "kl", number> }>;
  /** The loss over the validation part, with the same noise at every step. */
  evaluate(state: VaeState): Promise<Record<"validationLoss", number>>;
  /** @param most  rows, spread over the part */
  elbo(state: VaeState, part: SamplePart, most?: number): Promise<ElboEstimate>;
  /** The importance-weighted bound with K draws. */
  importance(state: VaeState, part: SamplePart, draws: number, most: number): Promise<RowMean>;
  /** Means and log-variances of q(z|x) for rows of a part, [n, d] each. */
  codes(state: VaeState, part: SamplePart, rows: Int32Array): Promise<{ mean: NdArray; logVariance: NdArray }>;
  /** Decoded means, or probabilities of 1, [n, D]. */
  decoded(state: VaeState, z: NdArray): Promise<NdArray>;
}

/** Rows of one evaluation run. */
const chunk = 500;

/**
 * Training on the training part. Bernoulli noise makes bits of numbers in [0, 1] anew at every step: x = 1 with probability x.
 *
 * @param stream  orders the rows, and gives evaluations their noise
 */
export function vaeLearner(problem: SampleProblem, model: VaeModel, stream: Random, training: VaeTraining): VaeLearner {
  const { batchSize, beta, clip, evaluationRows } = training;
  const { latent, likelihood } = model.options;
  const optimizer = clip ? chain(clipByGlobalNorm(clip), training.optimizer) : training.optimizer;
  const rows = batchRows(stream.fold("order"), problem.count("train"), batchSize);
  /** Noise of n rows: for z, and to make bits of numbers. */
  const noiseOf = (rng: Random, n: number): Noise => ({
    z: rng.normal([n, latent]),
    ...(likelihood === "bernoulli" && { bits: rng.uniform([n, problem.size]) }),
  });
  const parts = (params: VaeParams, x: Tensor, noise: Noise<Tensor>) => elboParts(model, params, bitsOf(x, noise.bits), noise.z);

  const update = ({ params, optimizer: before, step }: VaeState<Tensor>, x: Tensor, noise: Noise<Tensor>): VaeState<Tensor> => {
    const objective = (params: VaeParams): [Tensor, { reconstruction: Tensor; kl: Tensor }] => {
      const { reconstruction, kl } = parts(params, x, noise);
      const means = { reconstruction: reconstruction.mean(), kl: kl.mean() };
      return [means.kl.mul(beta).sub(means.reconstruction), means];
    };
    const [[, means], grads] = valueAndGrad(objective, { aux: true })(params as VaeParams); // the params that init made
    const { updates, state } = optimizer.update(grads, before, params as VaeParams);
    return { step: step.add(1), params: applyUpdates(params, updates), optimizer: state, ...means };
  };
  const run = jit(update, { reuse: true });
  const measure = jit(parts);
  const bound = jit((params: VaeParams, x: Tensor, noise: Noise<Tensor>) => importanceBound(model, params, bitsOf(x, noise.bits), noise.z));
  const encode = jit((params: VaeParams, x: Tensor) => gaussianOf(model.encode(params, x)));
  const decode = jit((params: VaeParams, z: Tensor) => model.mean(params, z));
  const paramsOf = (state: VaeState) => state.params as Arrays<VaeParams>; // the params that init made

  /** Visits rows that are spread over a part, with noise that is the same at every call. */
  async function each(part: SamplePart, most: number, size: number, visit: (x: NdArray, rng: Random) => Promise<void>): Promise<number> {
    const all = problem.count(part);
    const count = Math.min(all, most);
    const noise = stream.fold(part);
    for (let at = 0; at < count; at += size)
      await visit(problem.batch(part, spreadRows(at, Math.min(size, count - at), count, all)), noise.fold(at));
    return count;
  }

  async function elbo(state: VaeState, part: SamplePart, most = Number.POSITIVE_INFINITY): Promise<ElboEstimate> {
    const [reconstruction, kl]: number[][] = [[], []];
    const params = paramsOf(state);
    const count = await each(part, most, chunk, async (x, rng) => {
      const found = await measure(params, x, noiseOf(rng, x.shape[0]));
      reconstruction.push(...toNumbers(found.reconstruction));
      kl.push(...toNumbers(found.kl));
    });
    const sums = reconstruction.map((r, i) => r - kl[i]);
    return { elbo: rowMean(sums), reconstruction: rowMean(reconstruction), kl: rowMean(kl), rows: count };
  }

  return {
    init(rng) {
      const params = model.init(rng.fold("network"));
      const zero = () => ndarray(new Float32Array(1), [], "f32");
      const step = ndarray(new Int32Array(1), [], "i32");
      return { step, params, optimizer: optimizer.init(params), reconstruction: zero(), kl: zero() };
    },
    async step(state, rng) {
      const x = problem.batch("train", rows(item(state.step)));
      const next = await run(state, x, noiseOf(rng, batchSize));
      const [reconstruction, kl] = [item(next.reconstruction), item(next.kl)];
      return { state: next, metrics: { loss: beta * kl - reconstruction, reconstruction, kl } };
    },
    async evaluate(state) {
      const { reconstruction, kl } = await elbo(state, "validation", evaluationRows);
      return { validationLoss: beta * kl.mean - reconstruction.mean };
    },
    elbo,
    async importance(state, part, draws, most) {
      const values: number[] = [];
      const params = paramsOf(state);
      await each(part, most, Math.max(1, Math.floor(8192 / draws)), async (x, rng) => {
        const n = x.shape[0];
        const bits = noiseOf(rng, n).bits;
        const noise = { z: rng.fold("draws").normal([draws, n, latent]), ...(bits && { bits }) };
        values.push(...toNumbers(await bound(params, x, noise)));
      });
      return rowMean(values);
    },
    codes: (state, part, chosen) => encode(paramsOf(state), problem.batch(part, chosen)),
    decoded: (state, z) => decode(paramsOf(state), z),
  };
}

/** Noise of a step. */
interface Noise<T = NdArray> {
  readonly z: T;
  readonly bits?: T;
}

/** 1 with probability x. */
const bitsOf = (x: Tensor, uniform: Tensor | undefined): Tensor => (uniform ? cast(less(uniform, x), x.dtype) : x);
