/** Energies of particles and pairs. */
import { expect, test } from "vitest";
import { array, mapTree, type NdArray, ndarray, randomStream, toNumbers } from "../../../src/array/index.ts";
import { type Feeds, jit, type Tensor } from "../../../src/tensor/index.ts";
import { accelerationOf, type Energies, energyOf, quadraticPotential } from "../../../src/transport/index.ts";
import { type EnergyParams, energies, energyKinds, initEnergy } from "../../../src/transport/lagrangian/energy.ts";

const x = randomStream(1).normal([7, 2], "f64");
const forcesOf = async (e: Energies, at: NdArray, t = 0): Promise<number[]> =>
  toNumbers(await jit((time: Tensor, y: Tensor) => accelerationOf(e)(time, y))(array(t, "f64"), at));

test("forces of pairs are the mean over the others of -∇W, and conserve momentum", async () => {
  const found = await forcesOf({ interaction: (r) => r.pow(3) }, x);
  const [p, n] = [toNumbers(x), 7];
  for (let i = 0; i < n; i++)
    for (const c of [0, 1]) {
      let sum = 0;
      for (let j = 0; j < n; j++) {
        const r = Math.hypot(p[2 * i] - p[2 * j], p[2 * i + 1] - p[2 * j + 1]);
        if (j !== i) sum -= 3 * r * (p[2 * i + c] - p[2 * j + c]); // W' = 3r², in the direction of the difference
      }
      expect(found[2 * i + c]).toBeCloseTo(sum / (n - 1), 9);
    }
  for (const c of [0, 1]) expect(found.reduce((s, f, i) => s + (i % 2 === c ? f : 0), 0)).toBeCloseTo(0, 10);
});

test("the energy of pairs does not know the order of the particles, and forces follow it", async () => {
  const e: Energies = { interaction: (r) => r.square().neg().exp(), potential: quadraticPotential(0.3) };
  const order = [3, 0, 6, 2, 1, 5, 4];
  const permuted = ndarray(Float64Array.from(order.flatMap((i) => toNumbers(x).slice(2 * i, 2 * i + 2))), [7, 2], "f64");
  const total = async (at: NdArray) => toNumbers(await jit((y: Tensor) => energyOf(e, y.slice(0, 0).mul(0), y).sum())(at))[0];
  expect(await total(permuted)).toBeCloseTo(await total(x), 12);
  const [own, others] = [await forcesOf(e, x), await forcesOf(e, permuted)];
  order.forEach((i, k) => void expect(others[2 * k]).toBeCloseTo(own[2 * i], 12));
});

test("of many particles some act on all: the force is that of the population but for the draw", async () => {
  const n = 3000;
  const many = randomStream(2).normal([n, 2]);
  // W = r²/2 pulls to the mean: -(x - mean)
  const found = await forcesOf({ interaction: (r) => r.square().div(2) }, many);
  const p = toNumbers(many);
  // 500 of the particles have a mean that is off by 1/√500 in each coordinate; four of that
  found.forEach((f, i) => void expect(Math.abs(f + p[i])).toBeLessThan(4 / Math.sqrt(500) + 0.05));
});

test.each(energyKinds)("%s: learned energies begin without pairs, and only a driven one knows the time", async (kind) => {
  const params = mapTree<EnergyParams<NdArray>>(
    (a: NdArray) => ndarray(Float64Array.from(toNumbers(a)), a.shape, "f64"),
    initEnergy(randomStream(3), 2, kind, { layers: 1, width: 8 }),
  );
  const force = jit((p: EnergyParams, t: Tensor, y: Tensor) => accelerationOf(energies(p, kind === "driven", {}))(t, y));
  const at = async (t: number) => toNumbers(await force(params as Feeds<EnergyParams>, array(t, "f64"), x));
  const [now, later] = [await at(0), await at(1)];
  const body = kind !== "pairs" && kind !== "given";
  expect(now.some((f) => f !== 0)).toBe(body);
  expect(now.some((f, i) => f !== later[i])).toBe(kind === "driven");
});
