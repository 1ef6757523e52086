/** One training of a circuit, from random angles to probabilities. */
import type { Random } from "../../array/index.ts";
import type { Circuit, Objective } from "../circuit.ts";
import { probabilities, valueAndGradient } from "../simulate.ts";
import { evolution } from "./evolution.ts";
import { adam, productNaturalGradient, spsa } from "./first-order.ts";
import { lbfgs } from "./lbfgs.ts";
import { better, type Differentiable, type Minimiser, norm, type Stand } from "./minimise.ts";

export const optimisers = ["lbfgs", "adam", "spsa", "cma-es", "natural"] as const;

export interface RestartOptions {
  readonly optimiser: (typeof optimisers)[number];
  readonly iterations: number;
}

/** How a training ended. Plain data. */
export interface Restart {
  readonly angles: readonly number[];
  /** Of the objective: lowest on the way. */
  readonly value: number;
  /** Objective after every step. */
  readonly trace: readonly number[];
  readonly gradientNorm?: number;
  /** Circuits that were run, gradients counted as one. */
  readonly calls: number;
  /** How often angles were drawn again because the gradient vanished there. */
  readonly redrawn: number;
}

/** Norm of a gradient from which no optimiser gets away. */
const plateau = 1e-8;
const mostDraws = 5;

/**
 * Angles from U[0, 2π), moved by an optimiser. Yields after every step.
 * @param rng  a stream of its own
 */
export function* restart(
  circuit: Circuit,
  objective: Objective,
  { optimiser, iterations }: RestartOptions,
  rng: Random,
): Generator<Stand, Restart> {
  const f: Differentiable = (x) => valueAndGradient(circuit, x, objective);
  const value = (x: Float64Array): number => objective(probabilities(circuit, x)).value;
  const draw = (attempt: number): Float64Array =>
    rng
      .fold("angles")
      .fold(attempt)
      .uniform([circuit.parameters], "f64", 0, 2 * Math.PI).data;
  let [start, redrawn] = [draw(0), 0];
  while (redrawn < mostDraws && iterations > 0 && norm(f(start).gradient) < plateau) start = draw(++redrawn);
  const noise = rng.fold("steps");
  const make: Readonly<Record<RestartOptions["optimiser"], () => Minimiser>> = {
    lbfgs: () => lbfgs(f, start),
    adam: () => adam(f, start),
    spsa: () => spsa(value, start, noise),
    "cma-es": () => evolution(value, start, noise),
    natural: () => productNaturalGradient(f, start),
  };
  const trace: number[] = [];
  let best: Stand | undefined;
  let last: Stand | undefined;
  for (const stand of make[optimiser]()) {
    trace.push(stand.value);
    best = best ? better(best, stand) : stand;
    last = stand;
    yield stand;
    if (trace.length > iterations) break;
  }
  // values of SPSA are of points beside x: its last x is its result
  const end = (optimiser === "spsa" ? last : best) ?? { x: start, value: value(start), calls: 1 };
  return {
    angles: [...end.x],
    value: optimiser === "spsa" ? value(end.x) : end.value,
    trace,
    gradientNorm: end.gradientNorm,
    calls: last?.calls ?? 1,
    redrawn: redrawn === mostDraws ? 0 : redrawn,
  };
}
