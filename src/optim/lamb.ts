/** LAMB: Adam whose steps have a length in proportion to that of the parameter. */
import { greater, type Tensor, where } from "../tensor/index.ts";
import { type AdamState, adamw, adamwParameters } from "./adam.ts";
import { checkRate, number, type OptionsOf, settle } from "./hyper.ts";
import { type Mask, mapLeaves, type Optimizer, optimizer } from "./optimizer.ts";
import { type Rate, rateAt, times } from "./schedules.ts";

/** Hyper-parameters of LAMB. */
export const lambParameters = {
  ...adamwParameters,
  /** ε, in units of the gradient */
  epsilon: number("constant added to the root mean square", 1e-6, 0, Number.POSITIVE_INFINITY, {
    open: "high",
    search: { low: 1e-8, high: 1e-4 },
  }),
};

/** Options of LAMB; defaults as in the table. */
export type LambOptions = OptionsOf<typeof lambParameters> & {
  /** Parameters that decay; default all. */
  readonly mask?: Mask;
};

const length = (x: Tensor): Tensor => x.square().sum().sqrt();

/**
 * With the means of Adam, for each parameter array w by itself:
 *
 *   r = m̂ / (√v̂ + ε) + λ w,   w ← w - η (‖w‖ / ‖r‖) r
 *
 * so that no array moves by more or less than the share η of its length, whatever the size of its gradient. An array of zeros takes Adam's step.
 *
 * @param rate  η, the share of its length by which each array moves
 * @source  You et al., ICLR 2020, algorithm 2, with φ(z) = z
 */
export function lamb(rate: Rate, options: LambOptions = {}): Optimizer<AdamState> {
  const { mask } = options;
  const settings = settle("lamb", lambParameters, options, ["mask"]);
  checkRate("lamb", rate);
  const direction = adamw(1, { ...settings, mask });
  return optimizer<AdamState>(direction.init, <P>(grads: P, state: AdamState, params: P) => {
    const { updates, state: next } = direction.update(grads, state, params);
    const eta = rateAt(rate, state.step);
    const moved = mapLeaves(
      (r: Tensor, w: Tensor) => {
        const [own, step] = [length(w), length(r)];
        const trust = where(greater(own.mul(step), 0), own.div(where(greater(step, 0), step, 1)), 1);
        return { updates: times(r.mul(trust), eta) };
      },
      updates,
      params,
    );
    return { updates: moved.updates as P, state: next };
  });
}
