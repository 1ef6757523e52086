/** Do options of second-order mechanics fit each other, the method and the data? */
import { UserError } from "../../errors.ts";
import { dependsOnTime } from "../forces/noise.ts";
import type { EnergyKind } from "../lagrangian/energy.ts";
import { together } from "../lagrangian/interaction.ts";
import type { Curve } from "../paths/curves.ts";
import { descriptionOf, type MethodName } from "./methods.ts";

/** What decides the mechanics. */
interface MechanicsAsked {
  readonly energy?: EnergyKind;
  readonly friction?: string;
  readonly potential?: string;
  readonly interaction?: string;
  readonly noise: number | string;
  readonly batch: number;
  readonly path?: Curve;
}

/** @throws UserError */
export function checkMechanics(asked: MechanicsAsked, method: MethodName): void {
  const { energy, friction, potential, interaction, noise, batch, path } = asked;
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
  if (descriptionOf(method).matched && path === "linear")
    throw new UserError(
      `--path linear: ${method} learns from accelerations, and straight lines have no accelerations`,
      "use --path spline",
    );
  const pairs = pairsOf(asked);
  if (descriptionOf(method).matched && pairs && batch % together !== 0)
    throw new UserError(`--batch ${batch}: with ${pairs} it must be a multiple of ${together}, the particles that share a time`);
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

/** The option by which particles act on each other, if they do. */
const pairsOf = ({ energy, interaction }: Pick<MechanicsAsked, "energy" | "interaction">): string | undefined =>
  energy === "pairs" || energy === "both" ? `--energy ${energy}` : interaction === undefined ? undefined : "--interaction";

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
  asked: Pick<MechanicsAsked, "energy" | "interaction">,
  method: MethodName,
): void {
  const { energy = "one-body" } = asked;
  const pairs = pairsOf(asked);
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
