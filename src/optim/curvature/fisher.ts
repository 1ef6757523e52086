/** Scalars whose gradients are the rows of a Fisher or Gauss–Newton matrix at the outputs of a network. */
import { argmax, logSoftmax, oneHot, softmax, stopGradient, type Tensor } from "../../tensor/index.ts";

/** Loss terms: all leading axes of the logits. */
const terms = (z: Tensor): number => z.size / z.shape[z.rank - 1];

/**
 * Mean negative log-likelihood of labels drawn from the model: its gradients are unbiased samples of the Fisher matrix's, where those of
 * the real labels are not.
 *
 * @param logits  [..., classes]
 * @param gumbel  independent standard Gumbel numbers of the same shape (`rng.gumbel`): the argmax of their sum is a draw
 */
export function sampledFisher(logits: Tensor, gumbel: Tensor): Tensor {
  const classes = logits.shape[logits.rank - 1];
  const drawn = oneHot(argmax(stopGradient(logits).add(gumbel), -1), classes, logits.dtype as "f32" | "f64");
  return logSoftmax(logits)
    .mul(drawn)
    .sum()
    .mul(-1 / terms(logits));
}

/**
 * Gauss–Newton matrix of the mean cross-entropy: diag(p) - p pᵀ = Σ_c p_c (e_c - p)(e_c - p)ᵀ, one scalar per class with gradient
 * √p_c (e_c - p) / n. As many backward passes as classes.
 *
 * @param logits  [..., classes]
 */
export function gaussNewton(logits: Tensor): Tensor[] {
  const classes = logits.shape[logits.rank - 1];
  const p = stopGradient(softmax(logits));
  const mean = logits.mul(p).sum(-1);
  return Array.from({ length: classes }, (_, c) => {
    const at = [...new Array<null>(logits.rank - 1).fill(null), c];
    const weight = p.slice(...at).sqrt();
    return logits
      .slice(...at)
      .sub(mean)
      .mul(weight)
      .sum()
      .mul(1 / terms(logits));
  });
}

/** The same for the squared loss ½ |z - y|² averaged over the leading axes: gradients e_c / n. */
export function gaussNewtonSquared(outputs: Tensor): Tensor[] {
  const width = outputs.shape[outputs.rank - 1];
  return Array.from({ length: width }, (_, c) =>
    outputs
      .slice(...new Array<null>(outputs.rank - 1).fill(null), c)
      .sum()
      .mul(1 / terms(outputs)),
  );
}
