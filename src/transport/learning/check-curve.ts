/** May paths curve as was asked for? */
import { UserError } from "../../errors.ts";
import { chainParts } from "../paths/chains.ts";
import type { Curve } from "../paths/curves.ts";
import { type Coupling, isJoint } from "../paths/pairs.ts";
import { curves, descriptionOf, type MethodName } from "./methods.ts";

/** What decides the curves of a training. */
export interface CurveAsked {
  readonly path?: Curve;
  readonly coupling?: Coupling;
  /** Measured velocities. */
  readonly velocity?: string;
}

/**
 * @param sizes  particles of the snapshots that are learned from
 * @throws UserError
 */
export function checkCurve({ path = "linear", coupling, velocity }: CurveAsked, method: MethodName, sizes: readonly number[]): void {
  const snapshots = sizes.length;
  if (isJoint(coupling) && snapshots < 3)
    throw new UserError(
      `--coupling ${coupling}: ${snapshots} snapshots are left to learn from, and pairs of two have no motion to go on with`,
      "leave --coupling out",
    );
  if (coupling === "multimarginal" && chainParts(sizes) === undefined)
    throw new UserError(
      `--coupling multimarginal: snapshots of ${Math.min(...sizes)} to ${Math.max(...sizes)} particles are too large for it, or too unlike in size: ` +
        "they are dealt into at most 10 parts of 600, and each needs a particle of every snapshot",
      "use --coupling smooth",
    );
  if (path === "linear") return;
  if (!curves(method)) throw new UserError(`--path ${path}: ${whyStraight(method)}`, otherMethod(method));
  if (path === "spline" && snapshots < 3)
    throw new UserError(
      `--path spline: ${snapshots} snapshots are left to learn from, and a natural spline through two is the straight line`,
      "leave --path out",
    );
  if (path === "hermite" && velocity === undefined)
    throw new UserError("--path hermite: the velocities of the particles are not known", "name measured ones with --velocity");
}

/** Particles from which on chains take long enough to be told. */
const slow = 400;

/** What takes long before the first step, while nothing moves on the screen. */
export function curveNotes({ coupling }: CurveAsked, sizes: readonly number[]): string[] {
  const largest = Math.max(...sizes);
  if (coupling !== "multimarginal" || largest < slow) return [];
  const parts = chainParts(sizes) ?? 1;
  return [
    `--coupling multimarginal: chains of ${largest} particles are found before the first step${parts > 1 ? `, in ${parts} parts` : ""}, which may take a minute${parts > 1 ? " each" : ""}`,
  ];
}

function whyStraight(method: MethodName): string {
  const { family, path } = descriptionOf(method);
  if (family === "Lagrangian flow") return `${method} learns its own paths, those of least action`;
  if (family === "simulation" || family === "mechanics") return `${method} compares snapshots and is given no paths between them`;
  return path?.shape === "mixture"
    ? `${method} fades one snapshot over into the next, and nothing moves`
    : `${method} moves its pairs along geodesics of unbalanced transport`;
}

const otherMethod = (method: MethodName): string =>
  descriptionOf(method).growth ? "use uam or euam" : "use action matching (am, eam) or flow matching (ot-cfm, …)";
