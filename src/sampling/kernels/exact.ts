/** Exact conditional draws: kernels that need no acceptance. */
import type { Random } from "../../array/index.ts";
import { broadcastTo, type Feeds, scalar, type Tensor } from "../../tensor/index.ts";
import { evaluate, type Target } from "../target.ts";
import type { Kernel, Like } from "./kernel.ts";

/** How to draw from π_λ, or from a conditional of it given what is kept of x. */
export interface Draw<P, N, D> {
  readonly noise: (rng: Random, like: Like) => Feeds<N>;
  readonly draw: (x: Tensor, noise: N, parameters: P, coefficients: Tensor, data: D) => Tensor;
}

/** The kernel of exact draws: from π_λ itself, or some coordinates given the others (Gibbs). Its exactness is the caller's word. */
export function exactDraw<P, N, D>(target: Target<D>, { noise, draw }: Draw<P, N, D>): Kernel<P, N, D> {
  return {
    noise,
    init: (x, data) => evaluate(target, x, data),
    step(state, given, parameters, coefficients, data) {
      const next = evaluate(target, draw(state.x, given, parameters, coefficients, data), data);
      const n = next.values.shape[0];
      return { state: next, acceptance: broadcastTo(scalar(1, "f32"), [n]), invalid: broadcastTo(scalar(0, "f32"), [n]) };
    },
  };
}
