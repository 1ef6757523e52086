/** Points of two classes in the plane that no line parts. */
import { ndarray, type Random } from "../../array/index.ts";
import type { Examples } from "../../data/examples.ts";

/** Points of both classes together. */
const count = 800;

/** Where a point of a class is, from two numbers in (0, 1). */
type Shape = (side: number, u: number, v: number) => readonly [number, number];

/** Two arms that wind about each other nearly twice, so wide that they almost touch. */
const spirals: Shape = (side, u, v) => {
  const [radius, angle] = [0.15 + 0.85 * Math.sqrt(u), 3.5 * Math.PI * Math.sqrt(u) + Math.PI * side];
  return [radius * Math.cos(angle) + 0.16 * (v - 0.5), radius * Math.sin(angle) + 0.16 * (v - 0.5)];
};

/** The black and the white squares of a board of four by four. */
const board: Shape = (side, u, v) => {
  const square = Math.floor(8 * u);
  const row = Math.floor(square / 2);
  const column = 2 * (square % 2) + ((row + side) % 2);
  return [(column + (8 * u - square)) / 2 - 1, (row + v) / 2 - 1];
};

export const shapes = { spirals: { title: "two spirals", at: spirals }, board: { title: "a chessboard", at: board } } as const;
export type ShapeName = keyof typeof shapes;

export function examplesOf(name: ShapeName, rng: Random): Examples {
  const [u, v] = [rng.uniform([count], "f64").data, rng.uniform([count], "f64").data];
  const { title, at } = shapes[name];
  const points = Array.from({ length: count }, (_, i) => at(i % 2, u[i], v[i]));
  return {
    ...{ name, title, source: "generated", features: ["x", "y"], classes: ["a", "b"], warnings: [] },
    inputs: ndarray(Float32Array.from(points.flat()), [count, 2], "f32"),
    targets: ndarray(
      Int32Array.from(points, (_, i) => i % 2),
      [count],
      "i32",
    ),
  };
}
