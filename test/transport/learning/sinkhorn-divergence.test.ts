/** The Sinkhorn divergence as a program. */
import { expect, test } from "vitest";
import { toNumbers } from "../../../src/array/index.ts";
import { sinkhorn } from "../../../src/distances/index.ts";
import { jit, type Tensor } from "../../../src/tensor/index.ts";
import { sinkhornDivergence } from "../../../src/transport/index.ts";
import { normals } from "../training.ts";

test("the Sinkhorn divergence of a cloud and itself is zero, and follows the entropic plans", async () => {
  const [x, y] = [normals([0, 0], [1, 1], 40, 1), normals([1, 0], [1, 0.5], 40, 2)];
  const run = jit((a: Tensor, b: Tensor) => sinkhornDivergence(a.expandDims(0), b.expandDims(0), 0.5, 300));
  expect(Math.abs(toNumbers(await run(x, x))[0])).toBeLessThan(1e-4);
  const cost = (a: typeof x, b: typeof x): number => sinkhorn(a, b, { epsilon: 0.5 }).cost;
  expect(toNumbers(await run(x, y))[0]).toBeCloseTo(cost(x, y) - (cost(x, x) + cost(y, y)) / 2, 2);
});
