/**
 * Populations recorded at many times, as simulations are: every time that a batch draws is the nearest recorded one, and nothing is assumed
 * about what lies between two records.
 */
import { item, type NdArray, ndarray, type Random } from "../../array/index.ts";
import { type Arrays, jit, sign, type Tensor, take } from "../../tensor/index.ts";
import { type ActionParams, action, initAction } from "../lagrangian/action.ts";
import { exactLaplacian, freeMotion } from "../lagrangian/lagrangian.ts";
import { evenTimes } from "../paths/times.ts";
import { actionDefaults, actionDynamics } from "./action-model.ts";
import { actionLoss } from "./losses.ts";
import type { MatchOptions } from "./match.ts";
import { type Descending, descent, type Model, trainDefaults } from "./model.ts";

/** A population at its recorded times. */
export interface Recording {
  /** Ascending. */
  readonly times: readonly number[];
  /** All records one below the other, [N, d], and where each begins; one more at the end. */
  readonly points: NdArray<"f32">;
  readonly offsets: readonly number[];
}

/**
 * @param clouds  points [n_k, d] of each time
 * @throws RangeError  for fewer than two times, times that do not ascend, or clouds that do not fit
 */
export function recordingOf(times: readonly number[], clouds: readonly NdArray<"f32">[]): Recording {
  if (times.length < 2 || clouds.length !== times.length)
    throw new RangeError(`recordingOf: ${times.length} times and ${clouds.length} clouds; need as many, and at least two`);
  if (times.some((t, k) => !(k === 0 || t > times[k - 1]))) throw new RangeError("recordingOf: times must ascend");
  const d = clouds[0].shape[1];
  const bad = clouds.findIndex(({ shape }) => shape.length !== 2 || shape[0] === 0 || shape[1] !== d);
  if (bad >= 0) throw new RangeError(`recordingOf: cloud ${bad} is [${clouds[bad].shape.join(", ")}], not [n, ${d}]`);
  const offsets = [0];
  for (const { shape } of clouds) offsets.push(offsets[offsets.length - 1] + shape[0]);
  const n = offsets[clouds.length];
  const data = new Float32Array(n * d);
  clouds.forEach((cloud, k) => data.set(cloud.data, offsets[k] * d));
  return { times, points: ndarray(data, [n, d], "f32"), offsets };
}

/** Rows of `points` at recorded times [B, 1], and of the first and the last record, i32 [B]. */
export interface RecordedBatch<T = NdArray> {
  readonly t: T;
  readonly row: T;
  readonly first: T;
  readonly last: T;
}

/**
 * A batch at recorded times next to evenly spread ones: a record counts by the time it stands for, which makes time integrals trapezoid
 * sums.
 */
export function drawRecorded({ times, offsets }: Recording, rng: Random, batch: number): RecordedBatch {
  const K = times.length;
  const t = new Float32Array(batch);
  const [row, first, last] = Array.from({ length: 3 }, () => new Int32Array(batch));
  const draws = rng.uniform([batch, 3], "f64").data;
  const pick = (k: number, u: number): number => offsets[k] + Math.floor(u * (offsets[k + 1] - offsets[k]));
  evenTimes(rng, batch).forEach((u, i) => {
    const k = nearest(times, times[0] + u * (times[K - 1] - times[0]));
    t[i] = times[k];
    row[i] = pick(k, draws[3 * i]);
    first[i] = pick(0, draws[3 * i + 1]);
    last[i] = pick(K - 1, draws[3 * i + 2]);
  });
  const indices = (a: Int32Array<ArrayBuffer>): NdArray => ndarray(a, [batch], "i32");
  return { t: ndarray(t, [batch, 1], "f32"), row: indices(row), first: indices(first), last: indices(last) };
}

/** Index of the time next to `time`, by bisection. */
function nearest(times: readonly number[], time: number): number {
  let [low, high] = [0, times.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (times[middle] <= time) low = middle;
    else high = middle;
  }
  return time - times[low] <= times[high] - time ? low : high;
}

/**
 * Action matching on a recording, in the action form: its loss needs samples alone.
 *
 * @throws RangeError  for growth with a head that cannot represent it
 */
export function matchingRecorded(
  recording: Recording,
  options: Omit<MatchOptions, "objective" | "times"> = {},
): Model<Arrays<Descending<ActionParams>>, ActionParams> {
  const o = { ...actionDefaults, ...trainDefaults, lagrangian: freeMotion, ...options };
  const { lagrangian: l, head } = o;
  if (l.growth > 0 && head !== "scalar") throw new RangeError(`matchingRecorded: the head "${head}" cannot represent growth`);
  const { times, points } = recording;
  const [d, start, end] = [points.shape[1], times[0], times[times.length - 1]];
  const down = descent(o);
  const probes = l.noise > 0 && d > exactLaplacian;

  const program = (state: Descending<ActionParams>, all: Tensor, { t, row, first, last, probe }: Draws<Tensor>) => {
    const at = (time: number): Tensor => t.mul(0).add(time);
    const ends = { t0: at(start), x0: take(all, first), t1: at(end), x1: take(all, last) };
    const settings = { duration: end - start, weight: o.weight, probe: probe && sign(probe) };
    const { state: next, loss } = down.step(state, (params: ActionParams) => {
      const { loss, integrand } = actionLoss(l, action(params, head), { t, x: take(all, row) }, ends, settings);
      return [loss, integrand];
    });
    return { state: next, loss };
  };
  const run = jit(program, { threads: o.threads });
  return {
    init: (rng) => down.init(initAction(rng, d, o)),
    async step(state, rng) {
      const batch: Draws = { ...drawRecorded(recording, rng, o.batch), ...(probes && { probe: rng.normal([o.batch, d]) }) };
      const { loss, state: next } = await run(state, points, batch);
      return { state: next, metrics: { loss: item(loss) } };
    },
    average: (state) => state.average.average,
    dynamics: (params) => actionDynamics(l, action(params, head)),
    noise: l.noise,
  };
}

/** A batch, and the normal noise whose signs probe the Laplacian. */
type Draws<T = NdArray> = RecordedBatch<T> & { readonly probe?: T };
