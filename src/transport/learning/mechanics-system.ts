/** Parameters and settings of learned second-order mechanics, and the system that they define. */
import { array, type NdArray, type Random } from "../../array/index.ts";
import { type Mlp, mlp } from "../../nn/index.ts";
import { concat, exp, lessEqual, type Tensor, where } from "../../tensor/index.ts";
import { type Energies, type EnergyKind, type EnergyParams, energies, initEnergy } from "../lagrangian/energy.ts";
import type { VectorField } from "../lagrangian/lagrangian.ts";
import type { PhaseDynamics, TrainOptions } from "./model.ts";

/** The system, its simulation and its training. */
export interface MechanicsOptions extends TrainOptions {
  readonly layers?: number;
  readonly width?: number;
  /** What is learned of the energy; default: a potential V(x). */
  readonly energy?: EnergyKind;
  /** Energies that are known, added to the learned one. */
  readonly given?: Energies;
  /** γ an interval, or "fit"; default 0. */
  readonly friction?: number | "fit";
  /** σ of dv = … + σ dW; default 0. */
  readonly noise?: number;
  /** Particles of a snapshot in a step; default 64. */
  readonly particles?: number;
  /** Steps of the solver in an interval; default 6. */
  readonly solverSteps?: number;
  /** α of the penalty of forces at the end of the training, which decides where the data do not; default 1e-4. */
  readonly forcePenalty?: number;
}

/** What is learned. */
export interface MechanicsParams<T = Tensor> {
  readonly energy: EnergyParams<T>;
  /** log γ, where friction is fitted. */
  readonly friction?: T;
  /** v_0(x), where velocities are not measured. */
  readonly launch?: Mlp<T>;
  /** u(t, x), the mean velocity of the particles at a place. */
  readonly mean: Mlp<T>;
}

/** What decides the system and its loss, in units of the training. */
export interface MechanicsSettings {
  readonly times: readonly number[];
  readonly energy: EnergyKind;
  readonly given: Energies;
  readonly friction: number | "fit";
  /** σ of dv = … + σ dW. */
  readonly noise: number;
  readonly measured: boolean;
  /** Root mean square of the measured velocities. */
  readonly speed: number;
  readonly layers: number;
  readonly width: number;
  readonly solverSteps: number;
}

/** γ where its fit begins, an interval. */
export const firstFriction = 0.1;

export function initMechanics(rng: Random, d: number, s: MechanicsSettings): MechanicsParams<NdArray> {
  const hidden = new Array<number>(s.layers).fill(s.width);
  return {
    energy: initEnergy(rng.fold("energy"), d, s.energy, s),
    ...(s.friction === "fit" && { friction: array(Math.log(firstFriction)) }),
    ...(!s.measured && { launch: mlp.init(rng.fold("launch"), [d, ...hidden, d]) }),
    mean: mlp.init(rng.fold("mean"), [d + 1, ...hidden, d]),
  };
}

/** Energies, friction and noise of the parameters. */
export function systemOf(params: Pick<MechanicsParams, "energy" | "friction">, s: MechanicsSettings): Omit<PhaseDynamics, "launch"> {
  const friction = frictionOf(params, s);
  return { energies: energies(params.energy, s.energy === "driven", s.given), ...(friction && { friction }), noise: s.noise };
}

function frictionOf({ friction }: Pick<MechanicsParams, "friction">, s: MechanicsSettings) {
  if (s.friction === "fit") return friction && exp(friction);
  return s.friction > 0 ? s.friction : undefined;
}

/** u(t, x). */
export const meanVelocity =
  ({ mean }: Pick<MechanicsParams, "mean">): VectorField =>
  (t, x) =>
    mlp.apply(mean, concat([t, x], 1));

/** Velocities of particles whose places are known: at the first time v_0, later the mean of those who come by. */
export function launchField(params: MechanicsParams, { times }: MechanicsSettings): VectorField {
  const { launch } = params;
  const later = meanVelocity(params);
  if (!launch) return later;
  // a thousandth of an interval, for the rounding of times
  return (t, x) => where(lessEqual(t, times[0] + 1e-3), mlp.apply(launch, x), later(t, x));
}
