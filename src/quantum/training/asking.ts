/**
 * Training where a value takes a day: an optimiser that is asked which values it wants to know next, and told them later, in another process.
 * Nothing is kept but the values: from the same start and seed it goes the same way again.
 */
import type { Differentiable, Minimiser } from "./minimise.ts";

/** Where an optimiser stands that knows some values. */
export interface Asking {
  /** Angles before every step that was made, and now. */
  readonly path: readonly Float64Array[];
  /** Values at every step: of SPSA the mean of its two, else that at the angles. */
  readonly trace: readonly number[];
  /** Where values are wanted for the next step, in this order. */
  readonly wanted: readonly Float64Array[];
}

/**
 * @param begin  an optimiser of a function of which only values are had
 * @param known  values in the order in which they were wanted, those of whole steps
 */
export function asking(begin: (f: (x: Float64Array) => number) => Minimiser, known: readonly number[]): Asking {
  const [path, trace, wanted]: [Float64Array[], number[], Float64Array[]] = [[], [], []];
  let call = 0;
  const value = (x: Float64Array): number => {
    if (call < known.length) return known[call++];
    wanted.push(x.slice());
    return Number.NaN;
  };
  for (const stand of begin(value)) {
    path.push(stand.x);
    if (wanted.length > 0) break;
    trace.push(stand.value);
  }
  return { path, trace, wanted };
}

/**
 * A mean over p with its gradient from values alone, each angle moved by a quarter turn to both sides: 2P + 1 circuits. It holds where each
 * parameter is the angle of one rotation.
 *
 * @source  Mitarai et al., Phys. Rev. A 98 (2018)
 */
export const byShift =
  (f: (x: Float64Array) => number): Differentiable =>
  (x) => {
    const moved = (i: number, by: number): number => f(x.with(i, x[i] + by));
    return { value: f(x), gradient: x.map((_, i) => (moved(i, Math.PI / 2) - moved(i, -Math.PI / 2)) / 2) };
  };
