/** When the rate of a fit is lowered, and when the fit is done. */
import { allocate, type NdArray, ndarray, toNumbers } from "../array/index.ts";
import { normalQuantile } from "../sampling/index.ts";

/** State of the schedule for J goals: plain arrays, f64. */
export interface Plateau {
  /** Rate, how often it was lowered, steps in this window, steps in a row that were skipped, and restarts, [5]. */
  readonly schedule: NdArray;
  /** Sums of the loss and of its square over this window, mean of the last one and variance of that mean, [4, J]. */
  readonly windows: NdArray;
}

/** The rate is lowered by this factor when the loss no longer falls; after so many times the fit has converged. */
const [lowering, mostLowerings] = [0.4, 6];
/** Steps in a row without a finite loss after which the fit begins again, with a tenth of the rate; at the third restart it is given up. */
export const [mostSkips, mostRestarts] = [10, 3];

export function startPlateau(rate: number, goals: number): Plateau {
  const windows = allocate("f64", [4, goals]);
  windows.data.fill(Number.POSITIVE_INFINITY, 2 * goals, 3 * goals);
  return { schedule: ndarray(Float64Array.of(rate, 0, 0, 0, 0), [5], "f64"), windows };
}

/** The schedule in words. */
export function planOf({ schedule }: Plateau) {
  const [rate, lowered, steps, skips, restarts] = toNumbers(schedule);
  return { rate, lowered, steps, skips, restarts, converged: lowered >= mostLowerings };
}

const planned = (...values: number[]): NdArray => ndarray(Float64Array.from(values), [5], "f64");

/**
 * After a step. A loss that is not finite halves the rate. At the end of a window in which no goal's loss has fallen by more than its noise,
 * the rate is lowered.
 *
 * @param losses  of the goals, before the step
 * @param window  steps over which the loss is averaged before it is compared
 */
export function advance(plateau: Plateau, losses: readonly number[], window: number): Plateau {
  const { rate, lowered, steps, skips, restarts } = planOf(plateau);
  if (losses.some((v) => !Number.isFinite(v))) return { ...plateau, schedule: planned(rate / 2, lowered, steps, skips + 1, restarts) };
  const J = losses.length;
  const data = Float64Array.from(toNumbers(plateau.windows));
  losses.forEach((loss, j) => {
    data[j] += loss;
    data[J + j] += loss * loss;
  });
  const windows = ndarray(data, [4, J], "f64");
  if (steps + 1 < window) return { schedule: planned(rate, lowered, steps + 1, 0, restarts), windows };
  const falls = closeWindow(data, J, window);
  return { schedule: falls ? planned(rate, lowered, 0, 0, restarts) : planned(rate * lowering, lowered + 1, 0, 0, restarts), windows };
}

/** Sums become the last window's means. @returns  whether the loss of any goal has fallen */
function closeWindow(data: Float64Array, J: number, window: number): boolean {
  // with J goals, one comparison in twenty would find a fall where there is none
  const limit = normalQuantile(1 - 0.05 / J);
  let falls = false;
  for (let j = 0; j < J; j++) {
    const mean = data[j] / window;
    const variance = Math.max(0, data[J + j] / window - mean * mean) / window;
    const noise = limit * Math.sqrt(variance + data[3 * J + j]) + 1e-7 * (1 + Math.abs(mean));
    falls ||= data[2 * J + j] - mean > noise;
    [data[j], data[J + j], data[2 * J + j], data[3 * J + j]] = [0, 0, mean, variance];
  }
  return falls;
}

/** After a restart: a tenth of the rate that was begun with. */
export const restarted = (plateau: Plateau, first: number, goals: number): Plateau => {
  const { restarts } = planOf(plateau);
  const begun = startPlateau(first / 10 ** (restarts + 1), goals);
  return { ...begun, schedule: planned(planOf(begun).rate, 0, 0, 0, restarts + 1) };
};
