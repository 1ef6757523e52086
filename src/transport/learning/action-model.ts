/** What every learner of an action shares: its settings, the motion of an action, and where its loss has its ends. */
import { type Tensor, take } from "../../tensor/index.ts";
import type { Action, ActionOptions } from "../lagrangian/action.ts";
import { type Lagrangian, velocity } from "../lagrangian/lagrangian.ts";
import type { PathBatch } from "../paths/batch.ts";
import { growing, type Path } from "../paths/path.ts";
import type { PathEnds } from "./losses.ts";
import type { Dynamics } from "./model.ts";

/** The network of an action unless another is asked for. */
export const actionDefaults = { layers: 3, width: 128, head: "scalar", intervals: 1 } as const satisfies ActionOptions;

/** The motion of an action. */
export const actionDynamics = (l: Lagrangian, s: Action): Dynamics => ({
  drift: velocity(s, l),
  noise: l.noise,
  ...(l.noiseShape && { noiseShape: l.noiseShape }),
  ...(l.growth > 0 && { growth: (t: Tensor, x: Tensor) => s(t, x).mul(l.growth) }),
  action: s,
});

/**
 * Boundary samples of the action form. One action for all times: the first and the last snapshot. An action for each interval: both ends of
 * the sample's own interval, times the inverse of its probability.
 */
export function endsOf(path: Path, points: Tensor, batch: PathBatch<Tensor>, perInterval: boolean): PathEnds {
  const { times, masses } = path;
  const last = times.length - 1;
  const column = (value: number): Tensor => batch.t.mul(0).add(value);
  if (perInterval) {
    const start = batch.t.sub(batch.u.mul(batch.gap));
    const chance = batch.density ? batch.gap.mul(batch.density) : batch.gap;
    return {
      ...{ t0: start, x0: take(points, batch.from), t1: start.add(batch.gap), x1: take(points, batch.to) },
      ...{ mass0: batch.mass0, mass1: batch.mass1, factor: column(times[last] - times[0]).div(chance) },
    };
  }
  const grown = growing(path) && { mass0: column(1), mass1: column(masses[last]) };
  return { t0: column(times[0]), x0: take(points, batch.first), t1: column(times[last]), x1: take(points, batch.last), ...grown };
}
