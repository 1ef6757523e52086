/** What comes after preconditioning, the same for many optimizers: decay, heavy-ball momentum, step. */
import type { NdArray } from "../array/index.ts";
import type { Tensor } from "../tensor/index.ts";
import { type Mask, mapLeaves, type State, zerosLike } from "./optimizer.ts";
import { times } from "./schedules.ts";

/** Decay and momentum. */
export interface FinishOptions {
  /** α in v ← α v + u + κ w. */
  readonly momentum: number;
  /** κ, added after preconditioning, so that it goes through the momentum. */
  readonly weightDecay: number;
  readonly mask?: Mask;
}

/** Momentum buffers; empty without momentum. */
export const initVelocity = (params: object, { momentum }: FinishOptions): State<NdArray> => (momentum ? zerosLike(params) : {});

/**
 * u ← u + κ w,  v ← α v + u,  update -η v.
 *
 * @param directions  u, a tree like the parameters
 */
export function finish(
  directions: unknown,
  params: unknown,
  velocity: State,
  rate: number | Tensor,
  { momentum, weightDecay, mask = () => true }: FinishOptions,
): { updates: State; velocity: State } {
  const down = times(rate, -1);
  const moved = mapLeaves(
    (u: Tensor, p: Tensor, v: Tensor | string, path: string) => {
      const decayed = weightDecay && mask(path ?? v, p.shape) ? u.add(p.mul(weightDecay)) : u;
      const next = typeof v === "string" ? decayed : v.mul(momentum).add(decayed);
      return { velocity: next, updates: times(next, down) };
    },
    directions,
    params,
    ...(momentum ? [velocity] : []),
  );
  return { updates: moved.updates, velocity: momentum ? moved.velocity : velocity };
}
