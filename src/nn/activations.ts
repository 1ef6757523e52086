/** Activation functions by name. */

import { TensorError } from "../errors.ts";
import type { Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";

/** x for x > 0, else slope x. */
const leakyRelu = (x: Tensor, slope = 0.01): Tensor => t.where(t.greater(x, 0), x, x.mul(slope));

/** x tanh(softplus x). Misra, BMVC 2020. */
const mish = (x: Tensor): Tensor => x.mul(t.tanh(t.softplus(x)));

const activations = {
  elu: t.elu,
  gelu: t.gelu,
  identity: (x: Tensor) => x,
  leakyRelu: (x: Tensor) => leakyRelu(x),
  mish,
  relu: t.relu,
  sigmoid: t.sigmoid,
  silu: t.silu,
  sin: t.sin,
  softplus: t.softplus,
  tanh: t.tanh,
} satisfies Record<string, (x: Tensor) => Tensor>;

/** A name, or a function of one's own. */
export type Activation = keyof typeof activations | ((x: Tensor) => Tensor);

/** The function of a name. */
export function activationOf(activation: Activation): (x: Tensor) => Tensor {
  if (typeof activation === "function") return activation;
  const f = activations[activation];
  if (!f) throw new TensorError(`activation "${activation}" is none of ${Object.keys(activations).join(", ")}`);
  return f;
}
