/** Exponential moving averages of parameters. */
import { mapTree, type NdArray } from "../array/index.ts";
import { TensorError } from "../errors.ts";
import { fullPrecision, type Tensor } from "../tensor/index.ts";
import { type State, scalarArray, zerosLike } from "./optimizer.ts";

/** The average, and how much it has seen. */
export interface EmaState<T = Tensor> {
  readonly average: State<T>;
  /** Total weight 1 - d^t of what was averaged; stays 1 without debiasing. */
  readonly weight: T;
}

/** A moving average as pure functions of its state. */
export interface Ema {
  /** Starts at the parameters, or at zero with `debias`. */
  init(params: object): EmaState<NdArray>;
  update(state: EmaState, params: unknown): EmaState;
  /** The averaged parameters. */
  value<P>(state: EmaState): P;
}

/**
 * a ← d a + (1 - d) p.
 *
 * @param decay  d in [0, 1): the memory is about 1 / (1 - d) steps
 * @param options.debias  start from zero and divide by 1 - d^t, so that the first parameters carry no extra weight
 */
export function ema(decay: number, { debias = false }: { debias?: boolean } = {}): Ema {
  if (!(decay >= 0 && decay < 1)) throw new TensorError(`ema: decay ${decay} is not in [0, 1)`);
  const toward = (a: Tensor, p: Tensor): Tensor => a.add(p.sub(a).mul(1 - decay));
  return {
    init: (params) => ({
      average: debias ? zerosLike(params) : (params as State<NdArray>),
      weight: scalarArray(debias ? 0 : 1, params),
    }),
    update: ({ average, weight }, params) => ({
      average: mapTree<State>(toward, average, params),
      // d w + 1 - d
      weight: debias ? fullPrecision(() => weight.mul(decay).add(1 - decay))() : weight,
    }),
    value: <P>({ average, weight }: EmaState) => (debias ? mapTree<P>((a: Tensor) => a.div(weight.cast(a.dtype)), average) : average) as P,
  };
}
