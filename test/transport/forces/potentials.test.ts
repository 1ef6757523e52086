/** Potentials push with their forces. */
import { expect, test } from "vitest";
import { array, type NdArray, randomStream, toNumbers } from "../../../src/array/index.ts";
import { grad, jit, type Tensor } from "../../../src/tensor/index.ts";
import { accelerationPotential, constantForce, obstacles, quadraticPotential, type ScalarField } from "../../../src/transport/index.ts";

const points = randomStream(2).normal([5, 2], "f64");
const force = (v: ScalarField, t: number, x: NdArray = points): Promise<NdArray> =>
  jit((z: Tensor) => grad((y: Tensor) => v(y.slice(null, [0, 1]).mul(0).add(t), y).sum())(z).neg())(x) as Promise<NdArray>;

test("potentials push with their forces", async () => {
  expect(toNumbers(await force(quadraticPotential(2, [1, 0]), 0))).toEqual(
    toNumbers(points).map((v, i) => expect.closeTo(-2 * (v - (i % 2 ? 0 : 1)), 12)),
  );
  for (const f of toNumbers(await force(constantForce([3, -1]), 0)).entries()) expect(f[1]).toBeCloseTo(f[0] % 2 ? -1 : 3, 12);
  // going round a hill bends a path towards it
  const pushedAway = toNumbers(await force(obstacles([{ centre: [0, 0], height: 1, radius: 1 }]), 0));
  pushedAway.forEach((f, i) => void expect(Math.sign(f)).toBe(-Math.sign(Number(points.data[i]))));
});

test("the acceleration potential gives each inner snapshot its own acceleration, and the mean between two", async () => {
  // means 0, 1, 4, 9 at times 0, 1, 2, 4: speeds 1, 3, 2.5; accelerations 2, -1/3
  const v = accelerationPotential([0, 1, 2, 4], [[0], [1], [4], [9]]);
  const x = array([[0.3]], "f64");
  for (const [t, a] of [
    [0.2, 2],
    [1, 2],
    [1.5, (2 - 1 / 3) / 2],
    [2, -1 / 3],
    [3.7, -1 / 3],
  ] as const)
    expect(toNumbers(await force(v, t, x))[0]).toBeCloseTo(a, 10);
  expect(() => accelerationPotential([0, 1], [[0], [1]])).toThrow(/three snapshots/);
});
