/** Orbitals as tensor programs against their definition. */
import { expect, test } from "vitest";
import { array, ndarray, toNumbers } from "../../src/array/index.ts";
import { hartreeFock } from "../../src/chemistry/hartree-fock/hartree-fock.ts";
import { firstColumns } from "../../src/chemistry/hartree-fock/matrix.ts";
import { molecularOrbitals } from "../../src/chemistry/hartree-fock/orbitals.ts";
import { readSystem } from "../../src/chemistry/systems/read.ts";
import { jit, laplacian, moveAxis, type Tensor } from "../../src/tensor/index.ts";
import { valueOf } from "./plain.ts";

const { system } = readSystem("O 0 0 0.1; H 1.4 0 -1; H -1.4 0.2 -1", { units: "bohr" });
const { shells, up, integrals } = hartreeFock(system, "sto-6g", "rhf");
const occupied = firstColumns(up.coefficients, 5);

const plain = (orbital: number, ...r: [number, number, number]): number =>
  Array.from({ length: occupied.rows }, (_, f) => occupied.data[f * 5 + orbital] * valueOf(shells, f)(...r)).reduce((a, b) => a + b, 0);

/** Points within some bohr, the same in every run: a Weyl sequence. */
const points = Array.from({ length: 3 * 2 * 4 }, (_, k) => 5 * (((k + 1) * 0.618034) % 1) - 2.5);
const at = (electron: number, walker: number): [number, number, number] =>
  [0, 1, 2].map((d) => points[(d * 2 + electron) * 4 + walker]) as never;

test.each([
  ["f64", 1e-13],
  ["f32", 2e-6],
] as const)("values in %s are those of the definition", async (dtype, tolerance) => {
  const program = jit(molecularOrbitals(shells, occupied));
  const values = await program(array(points, dtype, [3, 2, 4]));
  expect([values.shape, values.dtype]).toEqual([[5, 2, 4], dtype]);
  toNumbers(values).forEach((value, k) => {
    const [orbital, electron, walker] = [Math.floor(k / 8), Math.floor(k / 4) % 2, k % 4];
    expect(Math.abs(value - plain(orbital, ...at(electron, walker)))).toBeLessThan(tolerance);
  });
});

test("gradient and Laplacian are those of finite differences, also at a nucleus", async () => {
  const orbitals = molecularOrbitals(shells, occupied);
  const third = (x: Tensor): Tensor =>
    orbitals(moveAxis(x, 0, 1).reshape([3, 1, x.shape[0]]))
      .slice([3, 4])
      .reshape([x.shape[0]]);
  const some: [number, number, number][] = [at(0, 0), at(1, 2), [0, 0, 0.1]];
  const {
    value,
    gradient,
    laplacian: second,
  } = await jit((x: Tensor) => laplacian(third)(x))(ndarray(Float64Array.from(some.flat()), [3, 3], "f64"));
  const h = 1e-3;
  some.forEach((r, k) => {
    const moved = (d: number, by: number) => plain(3, ...(r.map((x, i) => x + (i === d ? by : 0)) as [number, number, number]));
    expect(toNumbers(value)[k]).toBeCloseTo(plain(3, ...r), 12);
    let sum = 0;
    for (let d = 0; d < 3; d++) {
      // fourth order: errors h⁴ times sixth derivatives of exponents up to 52
      const first = (8 * (moved(d, h) - moved(d, -h)) - moved(d, 2 * h) + moved(d, -2 * h)) / (12 * h);
      expect(Math.abs(toNumbers(gradient)[3 * k + d] - first)).toBeLessThan(1e-6);
      sum += (16 * (moved(d, h) + moved(d, -h)) - moved(d, 2 * h) - moved(d, -2 * h) - 30 * moved(d, 0)) / (12 * h * h);
    }
    expect(Math.abs(toNumbers(second)[k] - sum)).toBeLessThan(1e-4 * (1 + Math.abs(sum)));
  });
});

test("orbitals are orthonormal in the overlap, and valence orbitals on a grid", async () => {
  const n = occupied.rows;
  for (let a = 0; a < 5; a++)
    for (let b = 0; b <= a; b++) {
      let sum = 0;
      for (let f = 0; f < n; f++)
        for (let g = 0; g < n; g++) sum += occupied.data[f * 5 + a] * integrals.overlap.data[f * n + g] * occupied.data[g * 5 + b];
      expect(sum).toBeCloseTo(a === b ? 1 : 0, 10);
    }
  // the highest is a lone pair, almost p: smooth enough for a step of 0.2
  const side = Array.from({ length: 61 }, (_, k) => 0.2 * (k - 30));
  const grid = side.flatMap((x) => side.flatMap((y) => side.map((z) => [x, y, z])));
  const coordinates = Float64Array.from({ length: 3 * grid.length }, (_, k) => grid[k % grid.length][Math.floor(k / grid.length)]);
  const values = toNumbers(await jit(molecularOrbitals(shells, occupied))(ndarray(coordinates, [3, 1, grid.length], "f64")));
  const square = values.slice(4 * grid.length).reduce((sum, value) => sum + value * value, 0);
  expect(square * 0.2 ** 3).toBeCloseTo(1, 3);
});
