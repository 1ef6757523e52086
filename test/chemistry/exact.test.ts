/** Eigenfunctions that are known: their local energy is one number, everywhere. */
import { expect, test } from "vitest";
import { ndarray, randomStream, toNumbers } from "../../src/array/index.ts";
import { sumOfDeterminants, sumOfProducts } from "../../src/chemistry/ansatz/determinants.ts";
import { lowestStates, oscillatorOrbitals } from "../../src/chemistry/ansatz/oscillator.ts";
import { distances } from "../../src/chemistry/ansatz/pairs.ts";
import { slaterJastrow } from "../../src/chemistry/ansatz/slater-jastrow.ts";
import { localEnergy } from "../../src/chemistry/energy/local-energy.ts";
import type { System } from "../../src/chemistry/systems/system.ts";
import { jit, stack, type Tensor } from "../../src/tensor/index.ts";
import { atom, energies, formula, systemOf } from "./plain-wave.ts";

/** |x_i|: [N, walkers]. */
const radii = (x: Tensor): Tensor => x.square().sum(0).sqrt();
const trap = (omega: number, dimension: 1 | 2 | 3, up: number, down: number, repulsion = 0): System =>
  systemOf({ kind: "trap", omega }, dimension, up, down, repulsion);

/** One determinant: orbitals [electron, walker] stacked along a new first axis. */
const determinant = (orbitals: readonly Tensor[]): Tensor => stack(orbitals, 0).expandDims(0);
/** r_12: [walkers]. */
const apart = (x: Tensor): Tensor => distances(x).squeeze(0);
/** x_1 - x_2 along the first axis: [walkers]. */
const along = (x: Tensor): Tensor =>
  x
    .slice([0, 1], [0, 1])
    .sub(x.slice([0, 1], [1, 2]))
    .reshape([x.shape[2]]);
const gaussian = (omega: number, x: Tensor): Tensor =>
  x
    .square()
    .sum([0, 1])
    .mul(-omega / 2);

const s1 = (z: number, x: Tensor): Tensor => radii(x).mul(-z).exp();
/** (1 - Z r / 2) e^{-Z r / 2}. */
const s2 = (z: number, x: Tensor): Tensor =>
  radii(x)
    .mul(-z / 2)
    .add(1)
    .mul(
      radii(x)
        .mul(-z / 2)
        .exp(),
    );
const p2 = (x: Tensor): Tensor => x.slice([2, 3]).squeeze(0).mul(radii(x).mul(-0.5).exp());

const one = (orbital: (x: Tensor) => Tensor) => (x: Tensor) => sumOfDeterminants(determinant([orbital(x)])).logAbs;

/** x^k e^{-x²/2}, k < n. */
const powers = (n: number) => (x: Tensor) => {
  const y = x.squeeze(0);
  const envelope = y.square().mul(-0.5).exp();
  return sumOfDeterminants(determinant(Array.from({ length: n }, (_, k) => (k === 0 ? envelope : y.pow(k).mul(envelope))))).logAbs;
};

const four = (x: Tensor) => {
  const [up, down] = [x.slice([], [0, 2]), x.slice([], [2, 4])];
  return [up, down].map((y) => determinant([s1(4, y), s2(4, y)]));
};

const cases: readonly [name: string, System, (x: Tensor) => Tensor, energy: number][] = [
  ["hydrogen 1s", atom(1, 1, 0), (x) => radii(x).neg().sum(0), -0.5],
  ["hydrogen 1s, a determinant", atom(1, 1, 0), one((x) => s1(1, x)), -0.5],
  ["hydrogen 2s, a determinant", atom(1, 1, 0), one((x) => s2(1, x)), -0.125],
  ["hydrogen 2p, a determinant", atom(1, 1, 0), one(p2), -0.125],
  ["four electrons at Z = 4 that do not see each other", atom(4, 2, 2), (x) => sumOfProducts(four(x)).logAbs, -20],
  ["3-d, ω = ½", trap(0.5, 3, 1, 1, 1), (x) => apart(x).mul(0.5).add(1).log().add(gaussian(0.5, x)), 2],
  [
    "3-d, ω = 0.1",
    trap(0.1, 3, 1, 1, 1),
    (x) => apart(x).mul(0.5).add(1).add(apart(x).square().mul(0.05)).log().add(gaussian(0.1, x)),
    0.5,
  ],
  ["2-d, ω = 1", trap(1, 2, 1, 1, 1), (x) => apart(x).add(1).log().add(gaussian(1, x)), 3],
  [
    "2-d, ω = 1/6",
    trap(1 / 6, 2, 1, 1, 1),
    (x) =>
      apart(x)
        .add(1)
        .add(
          apart(x)
            .square()
            .mul(1 / 6),
        )
        .log()
        .add(gaussian(1 / 6, x)),
    2 / 3,
  ],
  [
    "2-d triplet, ω = 1/3",
    trap(1 / 3, 2, 2, 0, 1),
    (x) =>
      apart(x)
        .mul(1 / 3)
        .add(1)
        .log()
        .add(along(x).abs().log())
        .add(gaussian(1 / 3, x)),
    4 / 3,
  ],
  [
    "3-d triplet, ω = ¼",
    trap(0.25, 3, 2, 0, 1),
    (x) => apart(x).mul(0.25).add(1).log().add(along(x).abs().log()).add(gaussian(0.25, x)),
    1.25,
  ],
  ...[2, 3, 4, 5, 6, 7].map((n): (typeof cases)[number] => [`1-d determinant of ${n} powers`, trap(1, 1, n, 0), powers(n), n ** 2 / 2]),
  [
    "3-d determinant of 1, x, y, z",
    trap(1, 3, 4, 0),
    (x) => {
      const envelope = x.square().sum(0).mul(-0.5).exp();
      const c = (k: number): Tensor =>
        x
          .slice([k, k + 1])
          .squeeze(0)
          .mul(envelope);
      return sumOfDeterminants(determinant([envelope, c(0), c(1), c(2)])).logAbs;
    },
    9,
  ],
];

/**
 * Rounding of E_loc grows as ε |ψ|_typical / |ψ| near nodes, and with the conditioning of powers: of 200 points, the tenth nearest to a node
 * is left out, with six electrons in a row and more a half.
 */
test.each(cases)("the local energy of %s is one number", async (_, system, logAbs, expected) => {
  const walkers = 200;
  const n = system.up + system.down;
  const scale = system.field.kind === "trap" ? 1 / Math.sqrt(system.field.omega) : 1;
  const noise = randomStream(4).normal([system.dimension, n, walkers], "f64");
  const x = ndarray(
    noise.data.map((v) => v * scale),
    noise.shape,
    "f64",
  );
  const found = await energies(system, formula(logAbs))(x);
  const order = toNumbers(found.logAbs)
    .map((value, b) => ({ value, b }))
    .sort((p, q) => q.value - p.value)
    .slice(0, n < 6 ? 180 : 100)
    .map(({ b }) => b);
  const slopes = toNumbers(found.slope);
  for (const b of order) {
    expect(Math.abs(toNumbers(found.energy)[b] - expected)).toBeLessThan(1e-9 * Math.max(1, expected ** 2));
    expect(Math.abs(toNumbers(found.plain)[b] - expected)).toBeLessThan(1e-9 * Math.max(1, expected ** 2));
  }
  const steepest = Math.max(...slopes.map((s, k) => (order.includes(k % walkers) ? Math.abs(s) : 0)));
  expect(steepest).toBeLessThan(1e-6 * Math.max(1, expected ** 2));
});

test("shells of the oscillator, filled: Slater-Jastrow without repulsion is exact in every dimension", async () => {
  for (const [dimension, up, down] of [
    [1, 3, 2],
    [2, 3, 3],
    [2, 6, 1],
    [3, 4, 4],
    [3, 7, 0],
  ] as const) {
    const system = trap(0.7, dimension, up, down);
    const ansatz = slaterJastrow(system, (spin, x) => oscillatorOrbitals(dimension, 0.7, spin === "up" ? up : down)(x));
    const levels = (count: number) => lowestStates(dimension, count).reduce((sum, s) => sum + s.reduce((a, b) => a + b, dimension / 2), 0);
    const expected = 0.7 * (levels(up) + levels(down));
    const program = jit((x: Tensor) => {
      const network = { linear: (_: string, y: Tensor) => y, other: () => x.slice([0, 1], [0, 1], [0, 1]).mul(0).add(1).reshape([1]) };
      return localEnergy(system, ansatz, network, x).energy;
    });
    const energy = toNumbers(await program(randomStream(8).normal([dimension, up + down, 40], "f64")));
    // nodes at distance d cost ε / d²; the median has none
    const median = energy.map((e) => Math.abs(e - expected)).sort((a, b) => a - b)[20];
    expect(median, `${dimension}-d, ${up} up, ${down} down`).toBeLessThan(1e-10 * expected);
  }
});
