/** Particles that learn to move: known actions, the way there, and what is refused. */
import { expect, test } from "vitest";
import { UserError } from "../../src/errors.ts";
import { followsSeed, numberOf, panelOf, rowsOf, watch } from "./watch.ts";

type Point = readonly [number, number];
/** Points that fill a square of a side evenly. */
const square = (count: number, side: number, [x, y]: Point): Point[] =>
  Array.from({ length: count }, (_, i) => [x + side * (((i * 0.7549) % 1) - 0.5), y + side * (((i * 0.5698) % 1) - 0.5)]);

const shift: Point = [0.9, 0.3];
const from = square(40, 0.5, [-0.5, -0.2]);
const to = from.map(([x, y]): Point => [x + shift[0], y + shift[1]]);
/** ½ |a - b|² for every particle. */
const exact = (shift[0] ** 2 + shift[1] ** 2) / 2;

test("a translation costs half its squared length: exactly in the plan, and between the bounds that were learned", async () => {
  const settings = { clouds: [from, to], steps: 100 };
  const watched = await watch("transport", settings);
  const { frames, last, over } = watched;
  expect(over).toBe(true);
  expect([last.progress, last.label]).toEqual([1, "learned"]);
  expect(numberOf(last, "least action, exact").value).toBeCloseTo(exact, 5);
  // the lower one is an estimate, over 20 batches: a hundredth for what they do not see
  const [below, above] = ["below", "above"].map((side) => numberOf(last, `least action, from ${side}`).value);
  expect(below).toBeLessThan(1.01 * exact);
  expect(below).toBeGreaterThan(0.7 * exact);
  expect(above).toBeGreaterThan(0.99 * exact);
  expect(above).toBeLessThan(1.1 * exact);
  // the particles arrive: W₁ was the length of the shift
  const { value, error } = numberOf(last, "W₁ to the last cloud");
  expect(value).toBeLessThan(0.1 * Math.hypot(...shift));
  expect(error).toBeGreaterThan(0);
  // they move from frame to frame, by the seed
  const places = frames.map((frame) => panelOf(frame, "points", "Particles").groups.find((g) => g.label === "particles")!.points);
  expect(places[1]).not.toEqual(places[2]);
  for (const points of places) expect(points.every(Number.isFinite)).toBe(true);
  expect(await followsSeed("transport", settings, watched)).toEqual({ same: true, other: true });
  // what was drawn can be taken away, and the ways: at the start and ten times on them
  const clouds = await rowsOf(watched, "clouds.csv");
  expect(clouds.map((row) => row.map((v) => Math.fround(Number(v))))).toEqual(
    [from, to].flatMap((cloud, k) => cloud.map(([x, y]) => [k, Math.fround(x), Math.fround(y)])),
  );
  expect((await rowsOf(watched, "trajectories.csv")).length).toBe(11 * from.length);
});

test("with growth twice as many points are twice the mass", async () => {
  const { last } = await watch("transport", { clouds: [from, square(80, 0.5, [-0.4, -0.2])], kinetic: "uot", steps: 100 });
  const [moved, clouds] = panelOf(last, "curves", "Mass").series;
  expect(clouds.y).toEqual([1, 2]);
  expect(moved.y[0]).toBeCloseTo(1, 5);
  expect(moved.y.at(-1)).toBeGreaterThan(1.5);
  expect(moved.y.at(-1)).toBeLessThan(2.5);
});

test("an obstacle bends the ways round it", async () => {
  const [left, right] = [square(40, 0.3, [-0.7, 0]), square(40, 0.3, [0.7, 0])];
  const watched = await watch("transport", { clouds: [left, right], potential: "obstacle", strength: 2, steps: 300 }, { most: 9 });
  const halfway = (await rowsOf(watched, "trajectories.csv")).filter(([, time]) => time === "0.5");
  const aside = halfway.reduce((sum, [, , , y]) => sum + Math.abs(Number(y)) / halfway.length, 0);
  // straight lines pass at the |y| of a square of side 0.3, 0.075 in the mean
  expect(aside).toBeGreaterThan(2 * 0.075);
});

test("clouds on a line have room across it", async () => {
  const line = (x: number): Point[] => from.map(([shifted]) => [shifted + x, 0.2]);
  const { last } = await watch("transport", { clouds: [line(0), line(0.9)] }, { most: 2 });
  expect(numberOf(last, "W₁ to the last cloud").value).toBeGreaterThan(0);
});

test("three clouds are learned in order, and particles that repel each other have no exact action", async () => {
  const settings = { clouds: [from, to, square(40, 0.4, [0.3, -0.6])], potential: "repulsion", steps: 100 };
  const { last } = await watch("transport", settings, { most: 2 });
  expect(last.numbers.map((n) => n.name)).toEqual(["loss", "W₁ to the second cloud", "W₁ to the last cloud"]);
});

test("a cloud that is held back is not learned from: one beside the straight way is missed by as much", async () => {
  const middle = from.map(([x, y]): Point => [x + shift[0] / 2, y + shift[1] / 2 - 0.3]);
  const { last } = await watch("transport", { clouds: [from, middle, to], held: true, steps: 100 });
  // two units of time now
  expect(numberOf(last, "least action, exact").value).toBeCloseTo(exact / 2, 5);
  expect(numberOf(last, "W₁ to the second cloud, held back").value).toBeCloseTo(0.3, 1);
});

test.each([
  [{ held: true }, /of two clouds none lies between/],
  [{ held: "yes" }, /neither true nor false/],
  [{ clouds: [] }, /0 clouds/],
  [{ clouds: [from] }, /1 clouds, not 2 to 3/],
  [{ clouds: [from, []] }, /cloud 2 has 0 points/],
  [{ clouds: [from, [...from.slice(1), [Number.NaN, 0]]] }, /point 40, NaN,0, is not in the square/],
  [{ clouds: [from, [...from.slice(1), [0, 7]]] }, /not in the square/],
  [{ clouds: [from, [...from.slice(1), ["0", "1"]]] }, /not in the square/],
  [{ clouds: [from, square(301, 0.5, [0, 0])] }, /301 points, more than 300/],
  [{ clouds: "none" }, /are not clouds/],
  [{ clouds: [from.map(() => [0.5, 0.5]), from.map(() => [0.5, 0.5])] }, /constant/],
  [{ kinetic: "sb", potential: "spring" }, /does not go with a Schrödinger bridge/],
  [{ kinetic: "warp" }, /there is no "warp"/],
  [{ kinetic: "constructor" }, /there is no "constructor"/],
  [{ steps: 1e9 }, /not a number from 100 to 6000/],
  [{ steps: "100" }, /not a number from/],
  [{ strength: Number.NaN }, /not a number from/],
  [{ strength: 0.3 }, /not in steps of 0.25/],
  [{ stepz: 100 }, /there is no setting "stepz"/],
])("%# is refused in words", async (settings, message) => {
  const refused = await watch("transport", settings, { most: 1 }).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(refused).toBeInstanceOf(UserError);
  expect(String(refused)).toMatch(message);
});
