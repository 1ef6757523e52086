/** Integration with steps that follow the error, in a while loop: one run of the device, however many steps it takes. */

import type { Tensor } from "../tensor/index.ts";
import * as pf from "../tensor/index.ts";
import { type AdaptiveSteps, errorOf, firstStep, stepFactor } from "./control.ts";
import { interpolate } from "./dense.ts";
import { combine, type Field, stagesOf } from "./step.ts";
import type { Tableau } from "./tableau.ts";

interface State {
  readonly t: Tensor;
  readonly x: Tensor;
  readonly h: Tensor;
  /** f(t, x). */
  readonly k: Tensor;
  /** Error of the last accepted step, over its tolerance. */
  readonly error: Tensor;
  readonly states: Tensor;
  readonly accepted: Tensor;
  readonly rejected: Tensor;
}

/**
 * States at times[1..M], [M, n, d], with the numbers of accepted and rejected steps (i32 scalars).
 *
 * @throws RangeError  for a tableau without an embedded method
 */
export function integrateAdaptively(f: Field, tableau: Tableau, x0: Tensor, times: Tensor, control: AdaptiveSteps) {
  const { order, error: weights } = tableau;
  if (!weights) throw new RangeError("integrate: steps by their error need a tableau with an embedded method, such as dormandPrince");
  const count = times.shape[0] - 1;
  const wanted = times.slice([1, null]);
  const [start, end] = [times.slice(0), times.slice(-1)];
  const direction = pf.sign(end.sub(start));

  const body = ({ t, x, h, k, error: before, states, accepted, rejected }: State): State => {
    const last = pf.greaterEqual(pf.abs(h), pf.abs(end.sub(t)));
    const step = pf.where(last, end.sub(t), h);
    const { slopes, next } = stagesOf(f, tableau, t, x, step, k);
    const all = [...slopes, f(t.add(step), next)];
    const error = errorOf(control, combine(all, weights).mul(step), x, next);
    const accept = pf.less(error, 1);
    const time = pf.where(last, end, t.add(step));
    const factor = stepFactor(control, order, error, before);
    // times passed by this step: in (t, time], in the direction of the integration
    const place = wanted.sub(t).div(step);
    const arrived = pf.or(pf.lessEqual(place, 1), pf.lessEqual(wanted.sub(time).mul(direction), 0));
    const passed = pf.and(accept, pf.and(pf.greater(place, 0), arrived));
    const filled = interpolate(tableau, x, next, all, step, pf.minimum(place, 1));
    return {
      t: pf.where(accept, time, t),
      x: pf.where(accept, next, x),
      h: step.mul(pf.where(accept, factor, pf.minimum(factor, 1))),
      k: pf.where(accept, all[all.length - 1], k),
      error: pf.where(accept, error, before),
      states: pf.where(passed.reshape([count, ...x0.shape.map(() => 1)]), filled, states),
      accepted: accepted.add(accept.cast("i32")),
      rejected: rejected.add(pf.not(accept).cast("i32")),
    };
  };

  const going = ({ t, h, accepted, rejected }: State): Tensor =>
    pf.and(
      pf.greater(end.sub(t).mul(direction), 0),
      pf.and(pf.less(accepted.add(rejected), control.maxSteps), pf.greater(pf.abs(h), 1e-12)),
    );
  const k0 = f(start, x0);
  const none = pf.scalar(0, "i32");
  const first: State = {
    ...{ t: start, x: x0, h: firstStep(control, x0, k0, end.sub(start)), k: k0 },
    error: pf.scalar(1, x0.dtype),
    states: pf.scalar(Number.NaN, x0.dtype).broadcastTo([count, ...x0.shape]),
    ...{ accepted: none, rejected: none },
  };
  return pf.whileLoop(going, body, first);
}
