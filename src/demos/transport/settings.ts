/** What people choose: clouds, and the energies of which paths are least. */
import type { NdArray } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import type { MethodName } from "../../transport/learning/methods.ts";
import type { TimeSplit } from "../../transport/paths/split.ts";
import { choice, clouds, form, range, toggle } from "../form.ts";

export interface Choice {
  /** First to last, each [n, 2]. */
  readonly clouds: readonly NdArray<"f32">[];
  readonly kinetic: "ot" | "sb" | "uot" | "lines";
  readonly potential: "none" | "obstacle" | "spring" | "repulsion";
  readonly strength: number;
  readonly held: boolean;
  readonly steps: number;
}

type Point = readonly [number, number];

/** Fractions that fill (0, 1) evenly, for clouds that are the same everywhere. */
const spread = (i: number, turn: number): number => (i * turn) % 1;
const points = (count: number, at: (u: number, v: number) => Point): Point[] =>
  Array.from({ length: count }, (_, i) => {
    const [x, y] = at(spread(i + 1, 0.7548776662), spread(i + 1, 0.569840291));
    return [Number(x.toFixed(3)), Number(y.toFixed(3))];
  });

const ring = points(150, (u, v) => {
  const [angle, radius] = [2 * Math.PI * u, 0.34 + 0.06 * v];
  return [-0.5 + radius * Math.cos(angle), radius * Math.sin(angle)];
});

/** The second moon is the first one after half a turn about the middle of both. */
const moons = points(150, (u, v) => {
  const [angle, side] = [2 * Math.PI * u, u < 0.5 ? 1 : -1];
  const [x, y] = [0.34 * Math.cos(angle) - side * 0.17, 0.34 * Math.sin(angle) - side * 0.085];
  return [0.45 + x, y + 0.06 * (v - 0.5)];
});

export const choices = form<Choice>({
  clouds: clouds({
    label: "Clouds",
    least: 2,
    most: 3,
    value: [ring, moons],
    help: "Draw two or three clouds: particles learn to go from the first through the second to the last.",
  }),
  kinetic: choice({
    label: "Kinetic energy",
    choices: {
      ot: "of motion: optimal transport",
      sb: "of motion among noise: a Schrödinger bridge",
      uot: "of motion and growth: unbalanced transport",
      lines: "of given straight lines: action matching",
    },
    value: "ot",
    help: "What is least along the paths. Straight lines are given, and only their velocity is learned.",
  }),
  potential: choice({
    label: "Potential energy",
    choices: {
      none: "none",
      obstacle: "an obstacle in the middle",
      spring: "a spring to the middle",
      repulsion: "particles repel each other",
    },
    value: "none",
    help: "It bends paths as forces do. It goes with optimal transport, with growth or without.",
  }),
  strength: range({ label: "Strength", min: 0.25, max: 3, step: 0.25, value: 1, help: "Of the potential energy." }),
  held: toggle({
    label: "Hold the second of three clouds back",
    value: false,
    help: "It is not learned from: how near the particles come to it tests what lies between.",
  }),
  steps: range({ label: "Steps", min: 100, max: 6000, step: 100, value: 3000, help: "Of learning." }),
});

/** Which clouds are learned from. @throws UserError  where none lies between that could be held back */
export function splitOf({ clouds, held }: Pick<Choice, "clouds" | "held">): TimeSplit {
  const all = clouds.map((_, k) => k);
  if (!held) return { train: all, held: [] };
  if (clouds.length < 3) throw new UserError("of two clouds none lies between, to be held back", "draw a third, or hold none back");
  return { train: [0, 2], held: [1] };
}

/** The name by which the library and the command know the choice. @throws UserError  for energies that do not go together */
export function methodOf({ kinetic, potential }: Pick<Choice, "kinetic" | "potential">): MethodName {
  if (potential === "none") return kinetic === "lines" ? "am" : `wlf-${kinetic}`;
  if (kinetic === "ot") return "wlf-potential";
  if (kinetic === "uot") return "wlf-uot-potential";
  throw new UserError(
    `a potential energy does not go with ${kinetic === "sb" ? "a Schrödinger bridge" : "given lines"}`,
    "choose optimal or unbalanced transport, or no potential energy",
  );
}

/** Width of the obstacle, in units of the square. */
export const obstacleWidth = 0.15;

/** Formulas of the energy, as options of the command; energies count in units of the training. */
export function energyOf({ potential, strength }: Pick<Choice, "potential" | "strength">): { potential?: string; interaction?: string } {
  switch (potential) {
    case "obstacle":
      return { potential: `-${4 * strength}*exp(-(x^2+y^2)/${2 * obstacleWidth ** 2})` };
    case "spring":
      return { potential: `${2 * strength}*(x^2+y^2)` };
    case "repulsion":
      return { interaction: `${2 * strength}*exp(-2*r^2)` };
    default:
      return {};
  }
}

/** Settings that the demo and the command share, σ and λ in units of the training; sizes of networks and batches are the demo's. */
export const shared = { scale: "common", mass: "counts", growth: 1, noise: 0.3 } as const;
