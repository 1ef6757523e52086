/** Lion: steps of one size, the sign of a momentum. */
import { sign, type Tensor } from "../tensor/index.ts";
import { checkRate, memory, type OptionsOf, settle, weightDecay } from "./hyper.ts";
import { type Mask, mapLeaves, type Optimizer, optimizer, type State, scalarArray, zerosLike } from "./optimizer.ts";
import { counted, type Rate, rateAt, times } from "./schedules.ts";

/** Hyper-parameters of Lion. */
export const lionParameters = {
  /** β₁ */
  beta1: memory("share of the momentum in the direction", 0.9, { low: 0.8, high: 0.99, scale: "linear" }),
  /** β₂ */
  beta2: memory("memory of the momentum", 0.99, { low: 0.9, high: 0.999, scale: "linear" }),
  /** κ, decoupled */
  weightDecay: weightDecay(0.1),
};

/** Options of Lion; defaults as in the table. */
export type LionOptions = OptionsOf<typeof lionParameters> & {
  /** Parameters that decay; default all. */
  readonly mask?: Mask;
};

/** The momentum. */
export type LionState<T = Tensor> = {
  readonly step: T;
  readonly mean: State<T>;
};

/**
 * w ← w - η (sign(β₁ m + (1 - β₁) g) + κ w),   m ← β₂ m + (1 - β₂) g.
 *
 * @param rate  η, the size of every step: a third to a tenth of Adam's
 * @source  Chen et al., NeurIPS 2023, algorithm 2
 */
export function lion(rate: Rate, options: LionOptions = {}): Optimizer<LionState> {
  const { mask = () => true } = options;
  const { beta1, beta2, weightDecay: decay } = settle("lion", lionParameters, options, ["mask"]);
  checkRate("lion", rate);
  return optimizer<LionState>(
    (params) => ({ step: scalarArray(0, params), mean: zerosLike(params) }),
    <P>(grads: P, { step, mean }: LionState, params: P) => {
      const eta = rateAt(rate, step);
      const moved = mapLeaves(
        (g: Tensor, m: Tensor, p: Tensor, path: string) => {
          const move = times(sign(m.mul(beta1).add(g.mul(1 - beta1))), times(eta, -1));
          const decays = decay !== 0 && mask(path, p.shape);
          return {
            mean: m.mul(beta2).add(g.mul(1 - beta2)),
            updates: decays ? move.add(times(p, times(eta, -decay))) : move,
          };
        },
        grads,
        mean,
        params,
      );
      return { updates: moved.updates as P, state: { step: counted(step), mean: moved.mean } };
    },
  );
}
