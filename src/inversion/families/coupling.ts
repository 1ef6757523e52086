/** Coupling layers with an affine normalisation and a permutation, as in Glow, on codes [J, n, d]. */
import { type NdArray, ndarray, type Random } from "../../array/index.ts";
import { type Arrays, concat, constant, elu, exp, expandDims, log, type Tensor, transpose } from "../../tensor/index.ts";
import { type Float, filled, like } from "./arrays.ts";

/** One step for each of J goals. Widths of the network: h1, hidden, hidden, what it gives. */
export interface StepParams<T = Tensor> {
  /** ActNorm [J, d]: h = (z + b) e^s. */
  readonly shift: T;
  readonly logScale: T;
  /** Dense layers with weights [J, in, out] and biases [J, out]. */
  readonly layers: readonly { readonly w: T; readonly b: T }[];
  /** The network's output is multiplied by e^{3 scale}, [J, outputs]. */
  readonly outputScale: T;
}

export type CouplingKind = "additive" | "affine";

/** A step between codes and noise, in both directions. Log determinants are those of the direction towards the noise. */
export interface CouplingStep {
  init(goals: number, rng: Random, dtype: Float): Arrays<StepParams>;
  /** Codes to noise. */
  forward(params: StepParams, z: Tensor): { readonly h: Tensor; readonly logDet: Tensor };
  /** Noise to codes. */
  inverse(params: StepParams, h: Tensor): { readonly z: Tensor; readonly logDet: Tensor };
}

/** σ(2): divided by, so that a network of zeros multiplies by 1. */
const atZero = 1 / (1 + Math.exp(-2));

/** Units of a hidden layer. */
const width = 100;

/**
 * ActNorm, a fixed permutation, a coupling: h2 ← h2 + NN(h1), or h2 ← (h2 + shift) σ(raw + 2) / σ(2). The network begins at zero, so
 * that the step begins as permutation and ActNorm.
 *
 * @param order  which entry of ActNorm's output comes to each place
 * @source  Kingma & Dhariwal, NeurIPS 2018, section 3, in R^d instead of images
 */
export function couplingStep(latent: number, kind: CouplingKind, order: Int32Array<ArrayBuffer>): CouplingStep {
  const kept = latent - (latent >> 1);
  const changed = latent >> 1;
  const outputs = kind === "affine" ? 2 * changed : changed;
  const sizes = [kept, width, width, outputs];
  // as a product: entries that move within rows take longer
  const there = ndarray(
    Float32Array.from({ length: latent * latent }, (_, e) => (order[e % latent] === Math.floor(e / latent) ? 1 : 0)),
    [latent, latent],
    "f32",
  );
  const matrix = (z: Tensor): Tensor => constant(there).cast(z.dtype);
  const halves = (h: Tensor): [Tensor, Tensor] => [h.slice([], [], [0, kept]), h.slice([], [], [kept, latent])];
  const network = ({ layers, outputScale }: StepParams, h1: Tensor): Tensor => {
    const dense = (x: Tensor, i: number): Tensor => x.matmul(layers[i].w).add(expandDims(layers[i].b, 1));
    const last = dense(elu(dense(elu(dense(h1, 0)), 1)), 2);
    return last.mul(exp(expandDims(outputScale, 1).mul(3)));
  };
  /** What is added, and what is divided by after it: σ(2) / σ(raw + 2) = σ(2) (1 + e^{-raw - 2}). */
  const change = (params: StepParams, h1: Tensor): { readonly shift: Tensor; readonly divisor?: Tensor } => {
    const y = network(params, h1);
    if (kind === "additive") return { shift: y };
    const divisor = exp(y.slice([], [], [changed, outputs]).add(2).neg())
      .add(1)
      .mul(atZero);
    return { shift: y.slice([], [], [0, changed]), divisor };
  };
  const volume = ({ logScale }: StepParams, divisor: Tensor | undefined): Tensor => {
    const ofNorm = expandDims(logScale.sum(-1), 1);
    return divisor ? ofNorm.sub(log(divisor).sum(-1)) : ofNorm;
  };
  return {
    init(goals, rng, dtype) {
      const zeros = (shape: readonly number[]): NdArray => filled(shape, 0, dtype);
      const layers = rng.split(3).map((stream, i) => {
        const shape = [goals, sizes[i], sizes[i + 1]];
        const noise = stream.normal(shape, "f64").data;
        return { w: like(zeros(shape), noise, (v) => (i < 2 ? v / Math.sqrt(sizes[i]) : 0)), b: zeros([goals, sizes[i + 1]]) };
      });
      return { shift: zeros([goals, latent]), logScale: zeros([goals, latent]), layers, outputScale: zeros([goals, outputs]) };
    },
    forward(params, z) {
      const [h1, h2] = halves(
        z
          .add(expandDims(params.shift, 1))
          .mul(exp(expandDims(params.logScale, 1)))
          .matmul(matrix(z)),
      );
      const { shift, divisor } = change(params, h1);
      const moved = h2.add(shift);
      return { h: concat([h1, divisor ? moved.div(divisor) : moved], 2), logDet: volume(params, divisor) };
    },
    inverse(params, h) {
      const [h1, h2] = halves(h);
      const { shift, divisor } = change(params, h1);
      const moved = (divisor ? h2.mul(divisor) : h2).sub(shift);
      const scaled = concat([h1, moved], 2).matmul(transpose(matrix(h)));
      const z = scaled.mul(exp(expandDims(params.logScale, 1).neg())).sub(expandDims(params.shift, 1));
      return { z, logDet: volume(params, divisor) };
    },
  };
}
