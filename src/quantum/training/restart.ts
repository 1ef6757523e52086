/** One training of a circuit, from random angles to probabilities. */
import type { Random } from "../../array/index.ts";
import type { Circuit } from "../circuit.ts";
import type { Evaluator } from "./evaluators.ts";
import { evolution } from "./evolution.ts";
import { adam, spsa } from "./first-order.ts";
import { lbfgs } from "./lbfgs.ts";
import { better, type Minimiser, norm, type Stand } from "./minimise.ts";
import { naturalGradient, productNaturalGradient } from "./natural.ts";

export const optimisers = ["lbfgs", "adam", "spsa", "cma-es", "natural"] as const;

export interface RestartOptions {
  readonly optimiser: (typeof optimisers)[number];
  readonly iterations: number;
  /** Whose metric the natural gradient takes, unless it is that of a product state. */
  readonly metric?: Circuit;
}

/** Angles after a step. */
export interface Waypoint {
  readonly step: number;
  readonly angles: readonly number[];
}

/** How a training ended. Plain data. */
export interface Restart {
  readonly angles: readonly number[];
  /** Of the objective: lowest on the way, or where values are estimates, another one at the end. */
  readonly value: number;
  /** Objective after every step. */
  readonly trace: readonly number[];
  /** Where it stood on the way to these angles: at the beginning, and after steps that are ever farther apart. */
  readonly path?: readonly Waypoint[];
  readonly gradientNorm?: number;
  /** Circuits that were run, gradients counted as one. */
  readonly calls: number;
  /** How often angles were drawn again because the gradient vanished there. */
  readonly redrawn: number;
}

/** Norm of a gradient from which no optimiser gets away. */
const plateau = 1e-8;
const mostDraws = 5;
/** How much farther than the last a waypoint is, so that there are about twenty in a thousand steps. */
const farther = 1.4;

/**
 * Angles from U[0, 2π), moved by an optimiser. Yields after every step.
 * @param rng  a stream of its own
 */
export function* restart(
  { parameters, exact, value, withGradient: f }: Evaluator,
  { optimiser, iterations, metric }: RestartOptions,
  rng: Random,
): Generator<Stand, Restart> {
  const draw = (attempt: number): Float64Array =>
    rng
      .fold("angles")
      .fold(attempt)
      .uniform([parameters], "f64", 0, 2 * Math.PI).data;
  let [start, redrawn] = [draw(0), 0];
  while (exact && redrawn < mostDraws && iterations > 0 && norm(f(start).gradient) < plateau) start = draw(++redrawn);
  const noise = rng.fold("steps");
  const make: Readonly<Record<RestartOptions["optimiser"], () => Minimiser>> = {
    lbfgs: () => lbfgs(f, start),
    adam: () => adam(f, start),
    spsa: () => spsa(value, start, noise),
    "cma-es": () => evolution(value, start, noise),
    natural: () => (metric ? naturalGradient(f, metric, start) : productNaturalGradient(f, start)),
  };
  const trace: number[] = [];
  let best: Stand | undefined;
  let last: Stand | undefined;
  const path: Waypoint[] = [];
  for (const stand of make[optimiser]()) {
    const step = trace.length;
    if (step <= 1 || step > farther * path[path.length - 1].step) path.push({ step, angles: [...stand.x] });
    trace.push(stand.value);
    best = best ? better(best, stand) : stand;
    last = stand;
    yield stand;
    if (trace.length > iterations) break;
  }
  // SPSA's values are of points beside x, and the lowest estimate is the luckiest: the last x is the result
  const lasting = !exact || optimiser === "spsa";
  const end = (lasting ? last : best) ?? { x: start, value: value(start), calls: 1 };
  const reached = lasting ? trace.length - 1 : trace.indexOf(end.value);
  return {
    angles: [...end.x],
    value: lasting ? value(end.x) : end.value,
    trace,
    path: [...path.filter(({ step }) => step < reached), { step: reached, angles: [...end.x] }],
    gradientNorm: end.gradientNorm,
    calls: last?.calls ?? 1,
    redrawn: redrawn === mostDraws ? 0 : redrawn,
  };
}
