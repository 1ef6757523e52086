/**
 * The loss of second-order mechanics by simulation: particles of the first snapshot move through all times, and at each the cloud that they
 * form is compared with what was observed there.
 *
 *   loss = Σ_k w_k D(Φ_{0→k}(x_0, v_0), x_k) / Σ_k w_k + α E|∇U|² + E|u(t, x_t) - v_t|²,
 *
 * D the energy distance (of places and velocities where these are measured), Φ the splitting of `marchPhase`, u the mean velocity at a
 * place, which has no part in the motion. Gradients are those of the discrete path, carried back through the solver.
 */
import { ndarray } from "../../array/index.ts";
import { mlp } from "../../nn/index.ts";
import { marchPhase, type Phase } from "../../solve/index.ts";
import { concat, constant, stopGradient, type Tensor } from "../../tensor/index.ts";
import { accelerationOf } from "../lagrangian/energy.ts";
import { energyDistance } from "./energy-distance.ts";
import { type MechanicsParams, type MechanicsSettings, systemOf } from "./mechanics-system.ts";

/** A batch: rows of each snapshot, below each other, and what weighs and shakes them. */
export interface MechanicsBatch<T = Tensor> {
  /** [K n, d]. */
  readonly x: T;
  /** Measured velocities [K n, d], if there are any. */
  readonly v?: T;
  /** w_k of all snapshots but the first, [K - 1]. */
  readonly weights: T;
  /** α, []. */
  readonly penalty: T;
  /** Normal noise [M, n, d] of M steps. */
  readonly z?: T;
}

/** Times of the splitting: so many equal steps from each snapshot to the next. */
export function stepTimes(times: readonly number[], steps: number): number[] {
  const inner = times.slice(1).flatMap((t, k) => Array.from({ length: steps }, (_, i) => times[k] + ((t - times[k]) * (i + 1)) / steps));
  return [times[0], ...inner];
}

/** The loss, and its part of the distances. */
export function mechanicsLoss(params: MechanicsParams, batch: MechanicsBatch, s: MechanicsSettings): [Tensor, Tensor] {
  const { times, solverSteps, speed } = s;
  const K = times.length;
  const [rows, d] = batch.x.shape;
  const n = rows / K;
  const first: Phase = {
    x: batch.x.slice([0, n]),
    v: batch.v ? batch.v.slice([0, n]) : mlp.apply(launchOf(params), batch.x.slice([0, n])),
  };
  const { energies, friction, noise } = systemOf(params, s);
  const grid = stepTimes(times, solverSteps);
  const at = constant(ndarray(Float64Array.from(grid), [grid.length], "f64")).cast(batch.x.dtype);
  const path = marchPhase({ acceleration: accelerationOf(energies), friction, noise }, first, at, batch.z);
  const every = (all: Tensor): Tensor => all.reshape([K - 1, solverSteps, n, d]).slice(null, -1);
  const own = (x: Tensor, v?: Tensor): Tensor => (v ? concat([x, v.div(speed)], 2) : x);
  const [x1, v1] = [batch.x, batch.v].map((all) => all?.slice([n, null]).reshape([K - 1, n, d]));
  const distance = energyDistance(own(every(path.x), batch.v && every(path.v)), own(x1 as Tensor, v1)); // places are always there
  const match = distance.mul(batch.weights).sum().div(batch.weights.sum());
  const force = path.a.square().sum(2).mean().mul(batch.penalty);
  return [match.add(force).add(missOfMean(params, first, path, at)), match];
}

const launchOf = ({ launch }: MechanicsParams) => {
  if (!launch) throw new Error("mechanics: without measured velocities they are learned");
  return launch;
};

/** E|u(t, x_t) - v_t|² over the path; the least squares of it are the mean velocity of the particles at a place. */
function missOfMean({ mean }: MechanicsParams, first: Phase, path: Phase, at: Tensor): Tensor {
  const [M, n, d] = path.x.shape;
  const all = (start: Tensor, rest: Tensor): Tensor => stopGradient(concat([start, rest.reshape([M * n, d])], 0));
  const t = at
    .expandDims(1)
    .broadcastTo([M + 1, n])
    .reshape([(M + 1) * n, 1]);
  const miss = mlp.apply(mean, concat([t, all(first.x, path.x)], 1)).sub(all(first.v, path.v));
  return miss.square().sum(1).mean();
}
