/** Do options of second-order mechanics fit each other, the method and the data? */
import { UserError } from "../../errors.ts";
import { dependsOnTime } from "../forces/noise.ts";
import type { EnergyKind } from "../lagrangian/energy.ts";
import { descriptionOf, type MethodName } from "./methods.ts";

/** What decides the mechanics. */
interface MechanicsAsked {
  readonly energy?: EnergyKind;
  readonly friction?: string;
  readonly potential?: string;
  readonly interaction?: string;
  readonly noise: number | string;
}

/** @throws UserError */
export function checkMechanics({ energy, friction, potential, interaction, noise }: MechanicsAsked, method: MethodName): void {
  const second = descriptionOf(method).family === "mechanics";
  if (!second) {
    const given = energy !== undefined ? "energy" : friction !== undefined ? "friction" : undefined;
    if (given)
      throw new UserError(
        `--${given}: particles of ${method} have no velocities of their own`,
        "use --method mechanics or --method langevin",
      );
    return;
  }
  if (energy === "given" && potential === undefined && interaction === undefined)
    throw new UserError("--energy given: no energy is given", 'name it with --potential "x^2" or --interaction "exp(-r^2/2)"');
  frictionOf(friction);
  if (method === "langevin" && dependsOnTime(noise))
    throw new UserError(`--noise "${noise}": the noise of langevin is constant`, "give a number");
}

/**
 * γ in the user's unit of time, or "fit"; 0 without the option.
 *
 * @throws UserError
 */
export function frictionOf(text: string | undefined): number | "fit" {
  if (text === undefined) return 0;
  if (text.trim() === "fit") return "fit";
  const friction = Number(text.trim() || Number.NaN);
  if (!(friction >= 0 && Number.isFinite(friction)))
    throw new UserError(`--friction "${text}": expected a number of at least 0, a rate over your unit of time, or fit`);
  return friction;
}

/** What of the data decides if mechanics can be learned. */
interface Learnable {
  /** Snapshots that are learned from. */
  readonly snapshots: number;
  /** Are there measured velocities, weights of particles? */
  readonly velocities: boolean;
  readonly weights: boolean;
}

/**
 * Can mechanics be learned from these data?
 *
 * @throws UserError
 */
export function checkLearnable(
  { snapshots, velocities, weights }: Learnable,
  { energy = "one-body", interaction }: Pick<MechanicsAsked, "energy" | "interaction">,
  method: MethodName,
): void {
  const pairs = energy === "pairs" || energy === "both" ? `--energy ${energy}` : interaction === undefined ? undefined : "--interaction";
  if (weights && pairs)
    throw new UserError(
      `${pairs} and --weight: in ${method} every particle acts on others alike`,
      "leave --weight out, or draw particles by their weights first",
    );
  const learned = energy !== "given";
  if (learned && !velocities && snapshots < 3)
    throw new UserError(
      `${method}: from ${snapshots} snapshots without velocities no force can be learned: initial velocities alone explain them`,
      "give a third snapshot, measured velocities (--velocity), or the energy (--energy given --potential …)",
    );
}
