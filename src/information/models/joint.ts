/** Joint models p(z) p(x|z) with a standard normal prior in coordinates of their own. */
import { type NdArray, ndarray, type Random, sizeOf } from "../../array/index.ts";
import { jit, type Tensor } from "../../tensor/index.ts";
import type { Likelihood } from "./likelihood.ts";
import type { Prior } from "./prior.ts";

/** A latent z with density, and what is seen of it. Latents are kept in coordinates u ~ N(0, I), in which chains move; I(X;Z) = I(X;U). */
export interface Joint {
  /** For messages. */
  readonly name: string;
  readonly prior: Prior;
  /** d. */
  readonly latent: number;
  /** Shape of one x; D is its size. */
  readonly observed: readonly number[];
  readonly dtype: "f32" | "f64";
  readonly likelihood: Likelihood;
  /** u [rows, d] -> the likelihood's parameter [rows, D]. */
  readonly decode: (u: Tensor) => Tensor;
}

/** Pairs (u_b, x_b): u_b is an exact draw of p(u|x_b). */
export interface JointPairs {
  /** [B, d]. */
  readonly u: NdArray;
  /** [B, D]. */
  readonly x: NdArray;
}

/** Rows that one run decodes, outside of chains: 64 MB of f32 at 784 coordinates would be 20,000. */
const blockRows = 1024;

/** f of rows, a block at a time; the last block may be shorter. */
export async function inBlocks(rows: number, size: number, f: (from: number, to: number) => Promise<void>): Promise<void> {
  for (let from = 0; from < rows; from += size) await f(from, Math.min(rows, from + size));
}

/** Rows of a matrix. */
export const rowsOf = (a: NdArray, from: number, to: number): NdArray => {
  const width = sizeOf(a.shape.slice(1));
  // the storage of an array is of one kind, that of its dtype
  return ndarray(
    (a.data as Float64Array<ArrayBuffer>).subarray(from * width, to * width),
    [to - from, ...a.shape.slice(1)],
    a.dtype as "f64",
  );
};

/** Numbers as an array of a precision. */
export const floats = (data: Float64Array<ArrayBufferLike>, shape: readonly number[], dtype: "f32" | "f64"): NdArray =>
  dtype === "f64" ? ndarray(Float64Array.from(data), shape, "f64") : ndarray(Float32Array.from(data), shape, "f32");

/** Draws of u ~ N(0, I) and x ~ p(x|u), by a program that is compiled once. */
export function simulator(joint: Joint): (count: number, rng: Random) => Promise<JointPairs> {
  const D = sizeOf(joint.observed);
  const { likelihood, dtype } = joint;
  const draw = jit((z: Tensor, noise: Tensor) => likelihood.sample(joint.decode(z), noise));
  return async (count, rng) => {
    const u = rng.fold("latents").normal([count, joint.latent], dtype);
    const x = new (dtype === "f64" ? Float64Array : Float32Array)(count * D);
    const stream = rng.fold("noise");
    await inBlocks(count, blockRows, async (from, to) => {
      const block = await draw(rowsOf(u, from, to), likelihood.noise(stream.fold(from), [to - from, D], dtype));
      x.set(block.data as Float64Array, from * D);
    });
    return { u, x: ndarray(x as Float64Array<ArrayBuffer>, [count, D], dtype as "f64") };
  };
}

/** Draws once. */
export const simulate = (joint: Joint, count: number, rng: Random): Promise<JointPairs> => simulator(joint)(count, rng);

/** ℓ_b = log p(x_b|u_b) - C for every pair, in f64. */
export async function fitOf(joint: Joint, { u, x }: JointPairs): Promise<Float64Array> {
  const program = jit((z: Tensor, seen: Tensor) => joint.likelihood.logDensity(joint.decode(z), seen));
  const values = new Float64Array(u.shape[0]);
  await inBlocks(values.length, blockRows, async (from, to) => {
    values.set((await program(rowsOf(u, from, to), rowsOf(x, from, to))).data as Float64Array, from);
  });
  return values;
}
