import { expect, test } from "vitest";
import { type NdArray, ndarray, randomStream, toNumbers } from "../../../src/array/index.ts";
import { mlp } from "../../../src/nn/index.ts";
import { concat, jit, jvp, type Tensor } from "../../../src/tensor/index.ts";
import { type ActionParams, action, freeMotion, gradient, initAction, matching, pathThrough } from "../../../src/transport/index.ts";
import { normals, pushed, train } from "../training.ts";

const d = 3;
/** Parameters in double precision with a skip that is not zero. */
function params(head: "scalar" | "inner" | "distance"): ActionParams<NdArray> {
  const rng = randomStream(1);
  const { net, skip } = initAction(rng, d, { layers: 2, width: 8, head });
  const double = (x: NdArray): NdArray => ndarray(Float64Array.from(toNumbers(x)), x.shape, "f64");
  return {
    net: net.map((layer) => ({ w: double(layer.w), ...(layer.b && { b: double(layer.b) }) })),
    skip: { w: rng.normal(skip.w.shape, "f64"), b: rng.normal([d + 1], "f64") },
  };
}
const t = randomStream(2).uniform([5, 1], "f64");
const x = randomStream(3).normal([5, d], "f64");

/** h, h + Jᵀ x or (1 - Jᵀ) (x - h), and that of the quadratic skip a x + b: the gradients by hand, J from forward derivatives. */
const expected = (head: "scalar" | "inner" | "distance") => (p: ActionParams, time: Tensor, z: Tensor) => {
  const h = (y: Tensor): Tensor => mlp.apply(p.net, concat([time, y], 1), "silu");
  const [rows, columns] = z.shape;
  const slopes = Array.from({ length: columns }, (_, j) => {
    const e = ndarray(
      Float64Array.from({ length: rows * columns }, (_, i) => Number(i % columns === j)),
      z.shape,
      "f64",
    );
    return jvp(h, [z], [z.mul(0).add(e)])[1];
  });
  // (Jᵀ u)_j = Σ_k ∂h_k/∂x_j u_k
  const back = (u: Tensor): Tensor =>
    concat(
      slopes.map((s) => s.mul(u).sum(1, true)),
      1,
    );
  const free = head === "scalar" ? concat(slopes, 1) : head === "inner" ? h(z).add(back(z)) : z.sub(h(z)).sub(back(z.sub(h(z))));
  const coefficients = concat([time, time.square()], 1)
    .matmul(p.skip.w)
    .add(p.skip.b as Tensor);
  return free.add(coefficients.slice(null, [0, 1]).mul(z)).add(coefficients.slice(null, [1, columns + 1]));
};

test.each(["scalar", "inner", "distance"] as const)(
  "the gradient of the head %s is the one written out with the Jacobian of its network",
  async (head) => {
    const run = jit((p: ActionParams, time: Tensor, z: Tensor) => [gradient(action(p, head), time, z), expected(head)(p, time, z)]);
    const [found, exact] = (await run(params(head), t, x)).map(toNumbers);
    found.forEach((v, i) => void expect(Math.abs(v - exact[i])).toBeLessThan(1e-12 * (1 + Math.abs(exact[i]))));
  },
);

test("without the skip, an inner product has no action at the origin: it cannot represent growth there", async () => {
  const p = params("inner");
  const bare = {
    ...p,
    skip: { ...p.skip, w: ndarray(new Float64Array(2 * (d + 1)), [2, d + 1], "f64"), b: ndarray(new Float64Array(d + 1), [d + 1], "f64") },
  };
  const run = jit((q: ActionParams, time: Tensor, z: Tensor) => action(q, "inner")(time, z));
  for (const v of toNumbers(await run(bare, t, ndarray(new Float64Array(5 * d), [5, d], "f64")))) expect(v).toBe(0);
  const path = await pathThrough([0, 1], [normals([0], [1], 20, 1), normals([1], [1], 20, 2)]);
  for (const head of ["inner", "distance"] as const)
    expect(() => matching(path, { head, lagrangian: { ...freeMotion, growth: 1 } })).toThrow(/cannot represent growth/);
});

test.each(["inner", "distance"] as const)(
  "action matching with the head %s reaches the energy and the last snapshot of a Gaussian path",
  async (head) => {
    const clouds = [normals([0], [1], 4000, 9), normals([2], [0.5], 4000, 10)];
    const path = await pathThrough([0, 1], clouds, { coupling: "independent" });
    const options = { layers: 2, width: 32, steps: 400, learningRate: 5e-3, warmUp: 50, emaDecay: 0.98 };
    const model = matching(path, { ...options, head });
    const { state, metrics } = await train(model, 400, randomStream(1));
    const tail = metrics.slice(-100).map((m) => m.loss);
    // the minimum is -2.2323; a batch of 256 has a spread of 0.17
    expect(Math.abs(tail.reduce((a, b) => a + b) / 100 + 2.2323)).toBeLessThan(0.1);
    const [end] = await pushed(model, state, normals([0], [1], 2000, 11), [1], randomStream(2));
    expect(Math.abs(end.mean[0] - 2)).toBeLessThan(0.1);
    expect(Math.abs(end.deviation[0] - 0.5)).toBeLessThan(0.07);
  },
);
