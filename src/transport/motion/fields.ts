/** Velocity, growth and action of a trained model at particles, in the user's units. */

import { type NdArray, ndarray, toNumbers } from "../../array/index.ts";
import { type Feeds, jit, type Tensor } from "../../tensor/index.ts";
import type { Mover } from "../learning/model.ts";
import type { PreparedPopulation } from "../learning/prepare.ts";
import type { TrainedModel } from "./push.ts";

/** Fields at the particles of the snapshots. */
export interface Fields {
  /** Velocity in features a unit of time, [n, d], and in units of the training. */
  readonly velocity: NdArray<"f32">;
  /** Growth rate a unit of time, [n]; methods with growth only. */
  readonly growth?: Float64Array;
  /** Action, [n], up to a constant at each time; methods with an action only. */
  readonly action?: Float64Array;
}

/** Velocities, growth rates and actions at times [n, 1] and points [n, d], in units of the training; `hot` is the row of the interval. */
export type FieldsProgram<P = unknown> = (
  params: Feeds<P>,
  t: NdArray,
  x: NdArray,
  hot: NdArray,
) => Promise<{ velocity: NdArray; growth?: NdArray; action?: NdArray }>;

/** The fields of a model as one program, compiled once a shape. */
export function fieldsProgram<P>(model: Mover<P>): FieldsProgram<P> {
  return jit((p: P, t: Tensor, x: Tensor, hot: Tensor) => {
    const { drift, growth, action } = model.dynamics(p, model.knots && hot);
    return { velocity: drift(t, x), ...(growth && { growth: growth(t, x) }), ...(action && { action: action(t, x) }) };
  });
}

/** Fields at points of one time. */
export async function fieldsAt<P>(
  { model, params }: TrainedModel<P>,
  run: FieldsProgram<P>,
  { units }: Pick<PreparedPopulation, "units">,
  inner: NdArray<"f32">,
  time: number,
): Promise<Fields> {
  const [n, d] = inner.shape;
  const hot = new Float32Array(model.knots ? model.knots.length - 1 : 1);
  hot[model.knots ? Math.min(hot.length - 1, model.knots.slice(1, -1).filter((k) => k <= time).length) : 0] = 1;
  const t = ndarray(new Float32Array(n).fill(time), [n, 1], "f32");
  const out = await run(params, t, inner, ndarray(hot, [1, hot.length], "f32"));
  const velocity = (out.velocity.data as Float32Array<ArrayBuffer>).map((v, i) => (v * units.deviation[i % d]) / units.interval);
  return {
    velocity: ndarray(velocity, [n, d], "f32"),
    ...(out.growth && { growth: Float64Array.from(toNumbers(out.growth), (g) => g / units.interval) }),
    ...(out.action && { action: Float64Array.from(toNumbers(out.action)) }),
  };
}
