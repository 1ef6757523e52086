/** The action on a grid of two features. */
import { ndarray } from "../../array/index.ts";
import type { Snapshots } from "../../data/snapshots.ts";
import type { PreparedPopulation } from "../learning/prepare.ts";
import { unwhiten, whiten } from "../paths/units.ts";
import { type FieldsProgram, fieldsAt } from "./fields.ts";
import type { TrainedModel } from "./push.ts";

/** Values at places [row * x.length + column] of a grid, at one time; all in the user's units. */
export interface Landscape {
  readonly time: number;
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly action: readonly number[];
  readonly velocity: readonly { readonly x: number; readonly y: number }[];
}

const size = 32;

/**
 * The action and its velocity over the first two features, others at their means, in the middle of the time range; for models with an
 * action.
 */
export async function landscape(
  trained: TrainedModel,
  program: FieldsProgram,
  data: Pick<Snapshots, "times" | "snapshots" | "features">,
  prepared: Pick<PreparedPopulation, "units" | "times">,
): Promise<Landscape> {
  const { units } = prepared;
  const d = data.features.length;
  const k = data.times.length >> 1;
  const range = (j: number): number[] => {
    const values = data.snapshots.flatMap((s) => Array.from({ length: s.shape[0] }, (_, i) => s.data[i * d + j])).sort((a, b) => a - b);
    const [low, high] = [values[Math.floor(values.length * 0.01)], values[Math.ceil((values.length - 1) * 0.99)]];
    return Array.from({ length: size }, (_, i) => low + ((high - low) * i) / (size - 1));
  };
  const [x, y] = [range(0), range(1)];
  const grid = unwhiten(units, ndarray(new Float32Array(size * size * d), [size * size, d], "f32"));
  for (let i = 0; i < size * size; i++) {
    grid.data[i * d] = x[i % size];
    grid.data[i * d + 1] = y[Math.floor(i / size)];
  }
  const { action, velocity } = await fieldsAt(trained, program, prepared, whiten(units, grid), prepared.times[k]);
  const flow = Array.from({ length: size * size }, (_, i) => ({ x: velocity.data[i * d], y: velocity.data[i * d + 1] }));
  return { time: data.times[k], x, y, action: Array.from(action as Float64Array), velocity: flow };
}
