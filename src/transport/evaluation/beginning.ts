/** Where predictions begin. */
import type { Mover } from "../learning/model.ts";

/**
 * The snapshot, by its index, from which particles are moved: the one before the time that is predicted, or the first one where only its
 * velocities are known.
 */
export const beginning = ({ origin }: Pick<Mover, "origin">, before: number): number => (origin === undefined ? before : 0);
