import { expect, test } from "vitest";
import { array, ndarray } from "../../../src/array/index.ts";
import type { Tensor } from "../../../src/tensor/index.ts";
import { quadraticPotential, stiffness } from "../../../src/transport/index.ts";
import { normals } from "../training.ts";

const x = normals([0, 0, 0], [1, 1, 1], 40, 1);
const t = ndarray(new Float32Array(40).fill(0.5), [40, 1], "f32");

test("a quadratic potential has its own ω² everywhere, whatever its axes, and that of a dear direction is smaller", async () => {
  const round = await stiffness(quadraticPotential(3), t, x);
  expect(round.lowest).toBeCloseTo(3, 3);
  expect(round.highest).toBeCloseTo(3, 3);
  // ½ xᵀ A x with eigenvalues 4, 1, -9: the largest is 4, though -9 is larger in size
  const [u, v, w] = [
    [1, 1, 1],
    [1, -1, 0],
    [1, 1, -2],
  ].map((q) => q.map((c) => c / Math.hypot(...q)));
  const along = (z: Tensor, q: number[]): Tensor => z.mul(array(q)).sum(1).square();
  const turned = await stiffness((_, z) => along(z, u).mul(4).add(along(z, v)).sub(along(z, w).mul(9)).mul(0.5), t, x);
  expect(turned.highest).toBeCloseTo(4, 2);
  const dear = await stiffness((_, z) => z.square().sum(1).mul(2), t, x, [8, 2, 4]);
  expect(dear.highest).toBeCloseTo(4 / 2, 3);
});

test("potentials that drive apart have ω² below zero, and a force that changes with the place has a range", async () => {
  expect((await stiffness(quadraticPotential(-2), t, x)).highest).toBeCloseTo(-2, 3);
  const quartic = await stiffness((_, z) => z.square().sum(1).square(), t, x);
  // ∇² |x|⁴ = 4 |x|² + 8 x xᵀ: the largest eigenvalue is 12 |x|²
  const squares = Array.from({ length: 40 }, (_, i) => 12 * [0, 1, 2].reduce((s, j) => s + x.data[3 * i + j] ** 2, 0));
  expect(quartic.highest / Math.max(...squares)).toBeCloseTo(1, 3);
  expect(quartic.lowest / Math.min(...squares)).toBeCloseTo(1, 3);
});
