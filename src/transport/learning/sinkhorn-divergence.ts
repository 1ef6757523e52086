/** The Sinkhorn divergence as a program, to be differentiated. */
import * as t from "../../tensor/index.ts";
import { scan, stopGradient, type Tensor } from "../../tensor/index.ts";

/**
 * OT_ε(x, y) - ½ OT_ε(x, x) - ½ OT_ε(y, y) of clouds of equal weights, [k, n, d] -> [k]. The plans are held fixed in derivatives, which by
 * the envelope theorem is exact at convergence.
 */
export function sinkhornDivergence(x: Tensor, y: Tensor, epsilon: number, sweeps = 20): Tensor {
  const cross = entropicCost(x, y, epsilon, sweeps);
  return cross.sub(
    entropicCost(x, x, epsilon, sweeps)
      .add(entropicCost(y, y, epsilon, sweeps))
      .mul(0.5),
  );
}

function entropicCost(x: Tensor, y: Tensor, epsilon: number, sweeps: number): Tensor {
  const n = x.shape[1];
  const costs = x
    .square()
    .sum(2, true)
    .add(y.square().sum(2).expandDims(1))
    .sub(x.matmul(y.transpose([0, 2, 1])).mul(2));
  const c = stopGradient(costs);
  const zero = c.sum(2).mul(0);
  const soft = (g: Tensor, axis: number): Tensor =>
    t
      .logsumexp(
        g
          .expandDims(axis === 2 ? 1 : 2)
          .sub(c)
          .div(epsilon),
        axis,
      )
      .sub(Math.log(n))
      .mul(-epsilon);
  const sweep = ({ f, g }: { f: Tensor; g: Tensor }) => {
    const next = soft(g, 2).add(f).mul(0.5); // averaged: symmetric problems converge at once
    return { carry: { f: next, g: soft(next, 1) } };
  };
  const { carry } = scan(sweep, { f: zero, g: zero }, sweeps);
  const f = soft(carry.g, 2);
  const log = f
    .expandDims(2)
    .add(carry.g.expandDims(1))
    .sub(c)
    .div(epsilon)
    .sub(2 * Math.log(n));
  const plan = stopGradient(t.exp(log));
  return plan.mul(costs).sum([1, 2]);
}
