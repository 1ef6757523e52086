/** Adam with Nesterov's look-ahead, and decoupled decay. */
import type { Tensor } from "../tensor/index.ts";
import { type AdamState, type AdamWOptions, adamw } from "./adam.ts";
import { mapLeaves, type Optimizer, optimizer } from "./optimizer.ts";
import { type Rate, rateAt, times } from "./schedules.ts";

/**
 * NAdamW, with m = (1 - β₁) Σ β₁^k g and v as in Adam:
 *
 *   m̃ = β₁ m_t / (1 - β₁^(t+1)) + (1 - β₁) g / (1 - β₁^t),   p ← p - η (m̃ / (√v̂ + ε) + λ p)
 *
 * @source  Dozat, ICLR 2016 workshop, with constant β₁; decay of Loshchilov & Hutter, ICLR 2019
 */
export function nadamw(rate: Rate, options: AdamWOptions = {}): Optimizer {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0.01, mask = () => true } = options;
  const { init } = adamw(rate, options);
  return optimizer(init as unknown as (params: object) => AdamState, <P>(grads: P, state: AdamState, params: P) => {
    // Sums as in `adamw`: m = (1 - β₁) sum, 1 - β₁^t = (1 - β₁) weight.
    const weight1 = state.weight1.mul(beta1).add(1);
    const weight2 = state.weight2.mul(beta2).add(1);
    const eta = rateAt(rate, state.step);
    const root = weight2.sqrt();
    const ahead = root.mul(beta1).div(weight1.mul(beta1).add(1)).mul(times(eta, -1));
    const now = root.div(weight1).mul(times(eta, -1));
    const floor = root.mul(epsilon);
    const moved = mapLeaves(
      (g: Tensor, sum0: Tensor, squares0: Tensor, p: Tensor, path: string) => {
        const sum = sum0.mul(beta1).add(g);
        const squares = squares0.mul(beta2).add(g.square());
        const mean = (times(sum, ahead) as Tensor).add(times(g, now) as Tensor);
        const step = mean.div(squares.sqrt().add(floor.cast(g.dtype)));
        const decays = weightDecay !== 0 && mask(path, p.shape);
        return { sum, squares, updates: decays ? step.add(times(p, times(eta, -weightDecay))) : step };
      },
      grads,
      state.sum,
      state.squares,
      params,
    );
    const next = { step: state.step.add(1), sum: moved.sum, squares: moved.squares, weight1, weight2 };
    return { updates: moved.updates as P, state: next };
  });
}
