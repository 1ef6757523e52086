/** Electrons by spin: those of spin up come first everywhere. */
import type { System } from "../systems/system.ts";

interface SpinGroup {
  readonly spin: "up" | "down";
  readonly from: number;
  readonly to: number;
}

/** The spins that there are, and which electrons have them. */
export const spinGroups = ({ up, down }: Pick<System, "up" | "down">): SpinGroup[] =>
  [
    { spin: "up" as const, from: 0, to: up },
    { spin: "down" as const, from: up, to: up + down },
  ].filter(({ from, to }) => to > from);
