/** Gradient descent, with momentum. */
import { mapTree } from "../array/index.ts";
import type { Tensor } from "../tensor/index.ts";
import { checkRate, momentum as momentumParameter, type OptionsOf, settle, toggle, weightDecay } from "./hyper.ts";
import { decayed, type Mask, mapLeaves, type Optimizer, optimizer, type State, scalarArray, zerosLike } from "./optimizer.ts";
import { counted, type Rate, rateAt, times } from "./schedules.ts";

/** The momentum. */
export type SgdState<T = Tensor> = {
  readonly step: T;
  /** Momentum buffers; empty without momentum. */
  readonly velocity: State<T>;
};

/** Hyper-parameters of gradient descent. */
export const sgdParameters = {
  /** μ */
  momentum: momentumParameter(0),
  nesterov: toggle("look ahead along the momentum", false),
  /** κ, coupled */
  weightDecay: weightDecay(0),
};

/** Options of gradient descent; defaults as in the table. */
export type SgdOptions = OptionsOf<typeof sgdParameters> & {
  /** Parameters that decay; default all. */
  readonly mask?: Mask;
};

/**
 * Stochastic gradient descent.
 *
 *   v ← μ v + g + κ p,   p ← p - η v                (momentum μ)
 *   v ← μ v + g + κ p,   p ← p - η (g + κ p + μ v)  (Nesterov)
 *
 * @source  Polyak 1964; Sutskever et al., ICML 2013, in the form in which η scales the sum
 */
export function sgd(rate: Rate, options: SgdOptions = {}): Optimizer<SgdState> {
  const { momentum, nesterov, weightDecay } = settle("sgd", sgdParameters, options, ["mask"]);
  checkRate("sgd", rate);
  return optimizer<SgdState>(
    (params) => ({ step: scalarArray(0, params), velocity: momentum ? zerosLike(params) : {} }),
    <P>(gradients: P, { step, velocity }: SgdState, params: P) => {
      const down = times(rateAt(rate, step), -1);
      const next = counted(step);
      const grads = weightDecay ? decayed(gradients, params, weightDecay, options.mask) : gradients;
      if (!momentum) return { updates: mapTree<P>((g: Tensor) => times(g, down), grads), state: { step: next, velocity } };
      const moved = mapLeaves(
        (g: Tensor, v: Tensor) => {
          const sum = v.mul(momentum).add(g);
          return { velocity: sum, updates: times(nesterov ? sum.mul(momentum).add(g) : sum, down) };
        },
        grads,
        velocity,
      );
      return { updates: moved.updates as P, state: { step: next, velocity: moved.velocity } };
    },
  );
}

/** Gradients times a rate, which may be a schedule of its own count of steps. Descent needs a negative one. */
export const scaleBy = (rate: Rate): Optimizer<{ readonly step: Tensor }> =>
  optimizer(
    (params) => ({ step: scalarArray(0, params) }),
    <P>(grads: P, { step }: { step: Tensor }) => {
      const factor = rateAt(rate, step);
      return { updates: mapTree<P>((g: Tensor) => times(g, factor), grads), state: { step: counted(step) } };
    },
  );
