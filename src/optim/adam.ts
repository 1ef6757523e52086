/** Adam and its relatives: steps scaled by running moments of the gradient. */
import { fullPrecision, type Tensor } from "../tensor/index.ts";
import { checkRate, weightDecay as decayParameter, memory, number, type OptionsOf, type Settings, settle } from "./hyper.ts";
import { type Mask, mapLeaves, type Optimizer, optimizer, type State, scalarArray, zerosLike } from "./optimizer.ts";
import { counted, type Rate, rateAt, times } from "./schedules.ts";

/** Hyper-parameters of Adam. */
export const adamParameters = {
  /** β₁ */
  beta1: memory("memory of the mean", 0.9, { low: 0.5, high: 0.99, scale: "linear" }),
  /** β₂ */
  beta2: memory("memory of the mean square", 0.999, { low: 0.9, high: 0.9999, scale: "linear" }),
  /** ε, in units of the gradient */
  epsilon: number("constant added to the root mean square", 1e-8, 0, Number.POSITIVE_INFINITY, {
    open: "high",
    search: { low: 1e-10, high: 1e-6 },
  }),
};
/** Options of Adam; defaults as in the table. */
export type AdamOptions = OptionsOf<typeof adamParameters>;

/** Hyper-parameters of AdamW and NAdamW. */
export const adamwParameters = {
  ...adamParameters,
  /** λ in p ← p - η λ p */
  weightDecay: decayParameter(0.01),
};
/** Options of AdamW and NAdamW; defaults as in the table. */
export type AdamWOptions = OptionsOf<typeof adamwParameters> & {
  /** Parameters that decay; default all. */
  readonly mask?: Mask;
};

/** Geometrically weighted sums Σ_k β^k x_{t-k} of g, of g², and of 1 for both memories: means are quotients of them. */
export type AdamState<T = Tensor> = {
  readonly step: T;
  readonly sum: State<T>;
  readonly squares: State<T>;
  readonly weight1: T;
  readonly weight2: T;
};

/**
 * Adam:
 *
 *   m̂ = Σ β₁^k g_{t-k} / Σ β₁^k,   v̂ = Σ β₂^k g²_{t-k} / Σ β₂^k,   p ← p - η m̂ / (√v̂ + ε)
 *
 * These are the published means with their bias corrections: m = (1 - β₁) Σ β₁^k g and 1 - β₁^t = (1 - β₁) Σ β₁^k. Kept as sums, they
 * take two passes over the parameters less, since all scalar factors meet in one: η √(Σ β₂^k) / Σ β₁^k.
 *
 * @param rate  η, in units of the parameters per step
 * @source  Kingma & Ba, ICLR 2015, algorithm 1
 */
export const adam = (rate: Rate, options: AdamOptions = {}): Optimizer<AdamState> => adamw(rate, { ...options, weightDecay: 0 });

/**
 * Adam with decoupled weight decay: p ← p - η (m̂ / (√v̂ + ε) + λ p).
 *
 * @source  Loshchilov & Hutter, ICLR 2019, algorithm 2
 */
export const adamw = (rate: Rate, options: AdamWOptions = {}): Optimizer<AdamState> => adamOf(rate, options, false);

/**
 * NAdamW, Adam with Nesterov's look-ahead: with m = (1 - β₁) Σ β₁^k g and v as in Adam,
 *
 *   m̃ = β₁ m_t / (1 - β₁^(t+1)) + (1 - β₁) g / (1 - β₁^t),   p ← p - η (m̃ / (√v̂ + ε) + λ p)
 *
 * @source  Dozat, ICLR 2016 workshop, with constant β₁; decay of Loshchilov & Hutter, ICLR 2019
 */
export const nadamw = (rate: Rate, options: AdamWOptions = {}): Optimizer<AdamState> => adamOf(rate, options, true);

/** Weights of the sums, and the factors of a step: -η √(Σ β₂^k) / Σ β₁^k, that of the look-ahead, and √(Σ β₂^k) ε. */
function scalarsOf(
  state: Pick<AdamState, "weight1" | "weight2">,
  eta: number | Tensor,
  { beta1, beta2, epsilon }: Settings<typeof adamParameters>,
) {
  const weight1 = state.weight1.mul(beta1).add(1);
  const weight2 = state.weight2.mul(beta2).add(1);
  const root = weight2.sqrt();
  return {
    ...{ weight1, weight2 },
    down: root.div(weight1).mul(times(eta, -1)),
    ahead: root.mul(beta1).div(weight1.mul(beta1).add(1)).mul(times(eta, -1)),
    floor: root.mul(epsilon),
  };
}

function adamOf(rate: Rate, options: AdamWOptions, nesterov: boolean): Optimizer<AdamState> {
  const { mask = () => true } = options;
  const { beta1, beta2, epsilon, weightDecay } = settle("adam", adamwParameters, options, ["mask"]);
  checkRate("adam", rate);
  return optimizer<AdamState>(
    (params) => {
      const zero = scalarArray(0, params);
      return { step: zero, sum: zerosLike(params), squares: zerosLike(params), weight1: zero, weight2: zero };
    },
    <P>(grads: P, state: AdamState, params: P) => {
      const eta = rateAt(rate, state.step);
      const { weight1, weight2, down, ahead, floor } = fullPrecision(scalarsOf)(state, eta, { beta1, beta2, epsilon });
      const moved = mapLeaves(
        (g: Tensor, sum0: Tensor, squares0: Tensor, p: Tensor, path: string) => {
          const sum = sum0.mul(beta1).add(g);
          const squares = squares0.mul(beta2).add(g.square());
          const scale = squares.sqrt().add(floor.cast(g.dtype));
          const step = nesterov ? times(sum, ahead).add(times(g, down)).div(scale) : times(sum.div(scale), down);
          const decays = weightDecay !== 0 && mask(path, p.shape);
          return { sum, squares, updates: decays ? step.add(times(p, times(eta, -weightDecay))) : step };
        },
        grads,
        state.sum,
        state.squares,
        params,
      );
      const next = { step: counted(state.step), sum: moved.sum, squares: moved.squares, weight1, weight2 };
      return { updates: moved.updates as P, state: next };
    },
  );
}
