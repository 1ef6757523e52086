/** Short trainings for tests. */
import { type NdArray, ndarray, type Random, randomStream } from "../../src/array/index.ts";
import { type Model, pusher, type Trainable, type WeightedParticles } from "../../src/transport/index.ts";

/** n points of independent normals. */
export function normals(mean: readonly number[], deviation: readonly number[], n: number, seed: number): NdArray<"f32"> {
  const d = mean.length;
  const z = randomStream(seed).normal([n, d]).data;
  return ndarray(z.map((v, i) => mean[i % d] + deviation[i % d] * v) as Float32Array<ArrayBuffer>, [n, d], "f32");
}

/** A Lagrangian flow that a test can afford, where the generator has everything to learn. */
export const smallFlow = {
  steps: 700,
  layers: 2,
  width: 48,
  generatorWidth: 48,
  inner: 1,
  learningRate: 3e-3,
  warmUp: 50,
  emaDecay: 0.99,
  threads: 1,
} as const;

export async function train<S>(model: Trainable<S>, steps: number, rng: Random): Promise<{ state: S; metrics: Record<string, number>[] }> {
  let state = model.init(rng.fold("init"));
  const metrics: Record<string, number>[] = [];
  for (let i = 0; i < steps; i++) {
    const next = await model.step(state, rng);
    state = next.state;
    metrics.push({ ...next.metrics });
  }
  return { state, metrics };
}

export interface Moments {
  readonly mean: number[];
  readonly deviation: number[];
  /** Mean of the weights. */
  readonly mass: number;
}

/** Weighted moments of each coordinate. */
export function moments({ x, logWeight }: WeightedParticles): Moments {
  const [n, d] = x.shape;
  const w = Array.from(logWeight.data, Math.exp);
  const total = w.reduce((a, b) => a + b);
  const over = (f: (i: number) => number): number => w.reduce((s, v, i) => s + v * f(i), 0) / total;
  const mean = Array.from({ length: d }, (_, j) => over((i) => x.data[i * d + j]));
  const deviation = mean.map((m, j) => Math.sqrt(over((i) => (x.data[i * d + j] - m) ** 2)));
  return { mean, deviation, mass: total / n };
}

/** Moments of particles that start from `start` at time 0. */
export async function pushed<S, P>(
  model: Model<S, P>,
  state: S,
  start: NdArray<"f32">,
  times: readonly number[],
  rng: Random,
): Promise<Moments[]> {
  const { clouds } = await pusher(model)(model.average(state), { x: start }, 0, times, { rng });
  return clouds.map(moments);
}
