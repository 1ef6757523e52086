/**
 * Losses of action matching. The minimum over s of either is -K, minus the kinetic energy of the path, and
 * loss + K = ½ ∫ E_t |∇s - ∇s*|² dt, the action gap.
 */
import { grad, type Tensor } from "../tensor/index.ts";
import { type Action, velocity } from "./action.ts";

/** Both derivatives of s: ∂s/∂t [B, 1] and ∇s [B, d], in one backward pass. */
function derivatives(s: Action, t: Tensor, x: Tensor): [Tensor, Tensor] {
  const g = grad((at: { t: Tensor; x: Tensor }) => s(at.t, at.x).sum())({ t, x });
  return [g.t, g.x];
}

export interface ActionBatch {
  /** Samples of the first and of the last snapshot, [B, d]. */
  readonly first: Tensor;
  readonly last: Tensor;
  /** Times [B, 1], uniform on [start, end], and samples x_t [B, d]. */
  readonly t: Tensor;
  readonly x: Tensor;
}

/**
 * Action objective, for samples of the path alone:
 *
 *   L(s) = E_0[s(t_0, x)] - E_1[s(t_1, x)] + ∫ E_t[½ |∇s|² + ∂_t s] dt
 *
 * @param span  [t_0, t_1]
 * @source  Neklyudov et al., Action Matching, ICML 2023, eq. 5
 */
export function actionLoss(s: Action, { first, last, t, x }: ActionBatch, [start, end]: readonly [number, number]): Tensor {
  const at = (time: number): Tensor => t.mul(0).add(time);
  const [ds, v] = derivatives(s, t, x);
  const inner = ds.squeeze(1).add(v.square().sum(1).mul(0.5));
  return s(at(start), first)
    .mean()
    .sub(s(at(end), last).mean())
    .add(inner.mean().mul(end - start));
}

/**
 * Flow objective, for paths with known velocities: the same expectation, without boundary terms and with far less variance,
 *
 *   L(s) = ∫ E[½ |∇s(t, x_t)|² - ∇s(t, x_t) · v_t] dt
 *
 * @param v  velocities dx_t/dt [B, d]
 */
export function flowLoss(s: Action, t: Tensor, x: Tensor, v: Tensor, [start, end]: readonly [number, number]): Tensor {
  const g = velocity(s)(t, x);
  return g
    .square()
    .mul(0.5)
    .sub(g.mul(v))
    .sum(1)
    .mean()
    .mul(end - start);
}
