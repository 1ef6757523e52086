/** Muon: the momentum of a matrix, orthogonalised. */
import { sizeOf } from "../array/index.ts";
import type { Tensor } from "../tensor/index.ts";
import { adamw } from "./adam.ts";
import { checkRate, integer, memory, number, type OptionsOf, type Settings, settle, toggle, weightDecay } from "./hyper.ts";
import { type Mask, mapLeaves, type Optimizer, optimizer, partition, type State, scalarArray, zerosLike } from "./optimizer.ts";
import { orthogonalized } from "./roots.ts";
import { counted, type Rate, rateAt, times } from "./schedules.ts";

/** Hyper-parameters of Muon. */
export const muonParameters = {
  /** μ */
  momentum: memory("memory of the momentum", 0.95, { low: 0.8, high: 0.99, scale: "linear" }),
  nesterov: toggle("look ahead along the momentum", true),
  /** κ, decoupled */
  weightDecay: weightDecay(0),
  steps: integer("Newton–Schulz steps", 5, 1, 20),
  adamRatio: number("rate of AdamW for the other parameters, as a share of the rate", 0.015, 0, Number.POSITIVE_INFINITY, {
    open: "both",
    search: { low: 3e-3, high: 0.3 },
  }),
};

/** Options of Muon; defaults as in the table. */
export type MuonOptions = OptionsOf<typeof muonParameters> & {
  /**
   * Parameters that are matrices to Muon; default those with two or more axes, but tables. Embeddings and heads are better left to AdamW.
   */
  readonly mask?: Mask;
};

const hidden: Mask = (path, shape) => shape.length > 1 && !/(^|\.)table$/.test(path);

/**
 * v ← μ v + g,   O = orthogonalised (g + μ v),   w ← w - η √max(1, out/in) O - η κ w, and AdamW for the parameters that are no matrices.
 * Weights are [in, out]; kernels [out, in, ...kernel] are matrices [out, in |kernel|].
 *
 * @source  Jordan et al., Muon, 2024
 */
export function muon(rate: Rate, options: MuonOptions = {}): Optimizer {
  const h = settle("muon", muonParameters, options, ["mask"]);
  checkRate("muon", rate);
  const mask = options.mask ?? hidden;
  const scaled: Rate = typeof rate === "number" ? rate * h.adamRatio : (step) => rate(step).mul(h.adamRatio);
  return partition((path, shape) => (shape.length > 1 && mask(path, shape) ? "matrices" : "rest"), {
    matrices: spectral(rate, h),
    rest: adamw(scaled, { weightDecay: h.weightDecay }),
  });
}

type SpectralState<T = Tensor> = {
  readonly step: T;
  readonly velocity: State<T>;
};

function spectral(rate: Rate, h: Settings<typeof muonParameters>): Optimizer<SpectralState> {
  return optimizer<SpectralState>(
    (params) => ({ step: scalarArray(0, params), velocity: zerosLike(params) }),
    <P>(grads: P, { step, velocity }: SpectralState, params: P) => {
      const eta = rateAt(rate, step);
      const moved = mapLeaves(
        (g: Tensor, v0: Tensor, p: Tensor) => {
          const v = v0.mul(h.momentum).add(g);
          const ahead = h.nesterov ? v.mul(h.momentum).add(g) : v;
          const [first] = g.shape;
          const rest = sizeOf(g.shape.slice(1));
          const [inputs, outputs] = g.rank > 2 ? [rest, first] : [first, rest];
          const o = orthogonalized(ahead.reshape([first, rest]), h.steps).reshape(g.shape);
          const update = times(o, times(eta, -Math.sqrt(Math.max(1, outputs / inputs))));
          return { v, updates: h.weightDecay ? update.add(times(p, times(eta, -h.weightDecay))) : update };
        },
        grads,
        velocity,
        params,
      );
      return { updates: moved.updates as P, state: { step: counted(step), velocity: moved.v } };
    },
  );
}
