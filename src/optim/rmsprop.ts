/** RMSProp. */
import type { Tensor } from "../tensor/index.ts";
import { checkRate, memory, momentum as momentumParameter, number, type OptionsOf, settle } from "./hyper.ts";
import { mapLeaves, type Optimizer, optimizer, type State, scalarArray, zerosLike } from "./optimizer.ts";
import { counted, type Rate, rateAt, times } from "./schedules.ts";

/** Hyper-parameters of RMSProp. */
export const rmspropParameters = {
  /** ρ */
  decay: memory("memory of the mean square", 0.9, { low: 0.8, high: 0.999, scale: "linear" }),
  /** ε, in units of the gradient */
  epsilon: number("constant added to the root mean square", 1e-8, 0, Number.POSITIVE_INFINITY, {
    open: "high",
    search: { low: 1e-10, high: 1e-6 },
  }),
  /** μ, on the scaled steps */
  momentum: momentumParameter(0),
};

/** Options of RMSProp; defaults as in the table. */
export type RmspropOptions = OptionsOf<typeof rmspropParameters>;

/** The running mean square, and momentum. */
export type RmspropState<T = Tensor> = {
  readonly step: T;
  /** Σ ρ^k g²_{t-k}: the mean square divided by 1 - ρ. */
  readonly squares: State<T>;
  /** Momentum buffers; empty without momentum. */
  readonly velocity: State<T>;
};

/**
 * RMSProp: v ← ρ v + (1 - ρ) g²,  u ← μ u + g / (√v + ε),  p ← p - η u.
 *
 * @source  Tieleman & Hinton, Coursera lecture 6.5, 2012
 */
export function rmsprop(rate: Rate, options: RmspropOptions = {}): Optimizer<RmspropState> {
  const { decay, epsilon, momentum } = settle("rmsprop", rmspropParameters, options);
  checkRate("rmsprop", rate);
  const root = Math.sqrt(1 - decay);
  return optimizer<RmspropState>(
    (params) => ({
      step: scalarArray(0, params),
      squares: zerosLike(params),
      velocity: momentum ? zerosLike(params) : {},
    }),
    <P>(grads: P, state: RmspropState) => {
      const down = times(rateAt(rate, state.step), -1 / root);
      const moved = mapLeaves(
        (g: Tensor, squares0: Tensor, v: Tensor | string) => {
          const squares = squares0.mul(decay).add(g.square());
          const scaled = g.div(squares.sqrt().add(epsilon / root));
          const velocity = typeof v === "string" ? scaled : v.mul(momentum).add(scaled);
          return { squares, velocity, updates: times(velocity, down) };
        },
        grads,
        state.squares,
        ...(momentum ? [state.velocity] : []),
      );
      const velocity = momentum ? moved.velocity : state.velocity;
      return { updates: moved.updates as P, state: { step: counted(state.step), squares: moved.squares, velocity } };
    },
  );
}
