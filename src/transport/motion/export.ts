/** The learned fields as ONNX models, in the user's units. */

import { type NdArray, ndarray } from "../../array/index.ts";
import { toOnnx } from "../../onnx/index.ts";
import { concat, grad, greaterEqual, type Tensor } from "../../tensor/index.ts";
import type { Energies } from "../lagrangian/energy.ts";
import type { ScalarField, VectorField } from "../lagrangian/lagrangian.ts";
import type { Dynamics, PhaseDynamics } from "../learning/model.ts";
import { kept } from "../learning/room.ts";
import type { Units } from "../paths/units.ts";
import type { Fields } from "./fields.ts";
import type { TrainedModel } from "./push.ts";

/** Rows that the exported models are traced for; they take any number. */
const exportRows = 8;

/** What a file of a model says of itself. */
export interface ModelLabels {
  readonly features: readonly string[];
  readonly times: readonly number[];
  /** Name and version of the program. */
  readonly producer: string;
}

/**
 * Files of the velocity, and of the growth rate and the action where the method has them: times and features in the user's units to rates
 * in them. Of mechanics: the mean velocity at a place, the velocity with which a particle is launched there, and the acceleration.
 *
 * @returns  ONNX by name: velocity, growth, action, launch, acceleration
 */
export function exportedModels<P>(
  { model, params }: TrainedModel<P>,
  units: Units,
  labels: ModelLabels,
  has: Pick<Fields, "growth" | "action">,
): Map<string, Uint8Array> {
  const d = labels.features.length;
  const vector = (values: readonly number[]): NdArray => ndarray(Float32Array.from(values), [values.length], "f32");
  const [mean, deviation] = [vector(units.mean), vector(units.deviation)];
  const inputs = [
    ndarray(new Float32Array(exportRows), [exportRows, 1], "f32"),
    ndarray(new Float32Array(exportRows * d), [exportRows, d], "f32"),
  ];
  const metadata = {
    features: JSON.stringify(labels.features),
    times: JSON.stringify(labels.times),
    noise: String(model.noise / Math.sqrt(units.interval)),
    producer: labels.producer,
  };
  // operations take arrays as constants, which the types of trees of parameters do not say
  const constants = params as P;
  const within = (t: Tensor, x: Tensor) => {
    const [time, at] = [t.sub(units.start).div(units.interval), x.sub(mean).div(deviation)];
    return {
      time,
      at,
      dynamics: kept(model.dynamics(constants, model.knots && intervalRows(time, model.knots)), model.room),
    };
  };
  const velocity = (t: Tensor, x: Tensor): Tensor => {
    const { time, at, dynamics } = within(t, x);
    return dynamics.drift(time, at).mul(deviation).div(units.interval);
  };
  const scalar = (name: "growth" | "action", unit: number) => (t: Tensor, x: Tensor) => {
    const { time, at, dynamics } = within(t, x);
    return (dynamics[name] as ScalarField)(time, at).div(unit);
  };
  const fields: Record<string, VectorField> = {
    velocity,
    ...(has.growth && { growth: scalar("growth", units.interval) }),
    ...(has.action && { action: scalar("action", 1) }),
    ...(model.phase && mechanicsFields(within, phaseOf(model.dynamics(constants)).energies, units, deviation)),
  };
  const file = (name: string, f: VectorField): Uint8Array =>
    toOnnx(f, inputs, { inputNames: ["t", "x"], outputNames: [name], metadata, anyRows: true });
  return new Map(Object.entries(fields).map(([name, f]) => [name, file(name, f)]));
}

/** Launching velocities, and accelerations by the potential; particles that act on each other have none by themselves. */
function mechanicsFields(
  within: (t: Tensor, x: Tensor) => { time: Tensor; at: Tensor; dynamics: Dynamics },
  { potential, interaction }: Energies,
  { interval }: Units,
  deviation: NdArray,
): Record<string, VectorField> {
  const launch: VectorField = (t, x) => {
    const { time, at, dynamics } = within(t, x);
    return phaseOf(dynamics).launch(time, at).mul(deviation).div(interval);
  };
  const acceleration: VectorField = (t, x) => {
    const { time, at, dynamics } = within(t, x);
    const force = grad((y: Tensor) => (phaseOf(dynamics).energies.potential as ScalarField)(time, y).sum())(at).neg();
    return force.mul(deviation).div(interval ** 2);
  };
  return { launch, ...(potential && !interaction && { acceleration }) };
}

function phaseOf({ mechanics }: Dynamics): PhaseDynamics {
  if (!mechanics) throw new Error("exportedModels: a model with phases has no mechanics");
  return mechanics;
}

/** One-hot rows [B, K - 1] of the interval that each time [B, 1] lies in; times outside belong to the first or the last. */
function intervalRows(t: Tensor, knots: readonly number[]): Tensor {
  const passed = knots.slice(1, -1).map((k) => greaterEqual(t, k).cast(t.dtype));
  const one = t.mul(0).add(1);
  return concat(
    [one, ...passed].map((p, k) => (k < passed.length ? p.sub(passed[k]) : p)),
    1,
  );
}
