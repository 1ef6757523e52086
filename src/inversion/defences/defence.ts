/** Ways to train a classifier so that it reveals less, as terms of its loss. */
import { oneHot, type Tensor } from "../../tensor/index.ts";
import { coco, gaussianKernel, linearKernel, normalisedHsic } from "./dependence.ts";
import type { ClassifierNetwork, Code, NetworkParams } from "./network.ts";
import { ramp, smoothedCrossEntropy } from "./smoothing.ts";

/** A defence and its strength. */
export type Defence =
  | { readonly kind: "none" }
  /** α mean_k (-log p_k) in the loss; a negative α is ramped in between the steps `from` and `to`. */
  | { readonly kind: "label-smoothing"; readonly alpha: number; readonly from?: number; readonly to?: number }
  /** β KL(N(μ, σ²) ‖ N(0, I)) of a noisy code before the last layer: mutual information regularisation, a variational bottleneck. */
  | { readonly kind: "bottleneck"; readonly beta: number }
  /** + lx Σ_j d(X, Z_j) - ly Σ_j d(Z_j, Y) over hidden blocks: less of the inputs in them, as much of the classes. */
  | {
      readonly kind: "dependence";
      readonly measure: "hsic" | "coco";
      readonly lx: number;
      readonly ly: number;
      readonly sigma?: number;
      /** Of one-hot labels; default linear. */
      readonly labels?: "linear" | "gaussian";
    }
  /** Noisy sums of clipped gradients; see `clippedSum` and `privacyStatement`. */
  | { readonly kind: "private"; readonly clip: number; readonly sigma: number };

/** Strengths of the literature: faces for HSIC, MNIST for COCO; the others of their papers. */
export const usualDefences = {
  none: { kind: "none" },
  "label-smoothing": { kind: "label-smoothing", alpha: 0.1 },
  "negative-smoothing": { kind: "label-smoothing", alpha: -0.05 },
  bottleneck: { kind: "bottleneck", beta: 1e-2 },
  hsic: { kind: "dependence", measure: "hsic", lx: 0.05, ly: 0.5 },
  coco: { kind: "dependence", measure: "coco", lx: 1, ly: 50 },
  private: { kind: "private", clip: 1, sigma: 1 },
} as const satisfies Record<string, Defence>;

/** A defence for a training of so many steps: negative smoothing without a ramp gets one over the middle half of them. */
export const forSteps = (defence: Defence, steps: number): Defence =>
  defence.kind === "label-smoothing" && defence.alpha < 0 && defence.to === undefined
    ? { ...defence, from: Math.floor(steps / 4), to: Math.ceil((3 * steps) / 4) }
    : defence;

/** Random numbers of a step. */
export interface LossNoise {
  /** Added to the inputs, [n, D]. */
  readonly input?: Tensor;
  /** ε of the code, [n, F]. */
  readonly code?: Tensor;
}

/**
 * Mean over rows of KL(N(μ, diag σ²) ‖ N(0, I)) = ½ Σ (σ² + μ² - 1 - log σ²), nats.
 *
 * @source  Alemi et al., ICLR 2017; as a defence Wang et al. (MID), AAAI 2021
 */
export const codeDivergence = ({ mean, logVariance }: Code): Tensor =>
  logVariance.exp().add(mean.square()).sub(1).sub(logVariance).sum(1).mean().mul(0.5);

/**
 * The loss that a defence trains with.
 *
 * @param step  steps done, scalar: negative smoothing is ramped in
 */
export function defendedLoss(
  network: ClassifierNetwork,
  defence: Defence,
  params: NetworkParams,
  { x, y, noise = {}, step }: { readonly x: Tensor; readonly y: Tensor; readonly noise?: LossNoise; readonly step: Tensor },
): Tensor {
  const inputs = noise.input ? x.add(noise.input) : x;
  const { logits, hidden, code } = network.apply(params, inputs, noise.code);
  const plain = smoothedCrossEntropy(logits, y, 0);
  switch (defence.kind) {
    case "none":
    case "private":
      return plain;
    case "label-smoothing": {
      const { alpha, from = 0, to = 0 } = defence;
      const now = alpha < 0 && to > from ? ramp(step, from, to).cast(logits.dtype).mul(alpha) : alpha;
      return smoothedCrossEntropy(logits, y, now);
    }
    case "bottleneck":
      return code ? plain.add(codeDivergence(code).mul(defence.beta)) : plain;
    case "dependence": {
      const { measure, lx, ly, sigma, labels = "linear" } = defence;
      const { prepare, join } = measure === "hsic" ? normalisedHsic : coco;
      const classes = oneHot(y, logits.shape[1], x.dtype === "f64" ? "f64" : "f32");
      const ofClasses = labels === "linear" ? linearKernel(classes) : gaussianKernel(classes, sigma);
      const [ofX, ofY, ...ofHidden] = prepare([gaussianKernel(inputs, sigma), ofClasses, ...hidden.map((z) => gaussianKernel(z, sigma))]);
      return ofHidden.reduce((loss, ofZ) => loss.add(join(ofX, ofZ).mul(lx)).sub(join(ofZ, ofY).mul(ly)), plain);
    }
  }
}
