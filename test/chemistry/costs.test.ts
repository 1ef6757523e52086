/** Costs of moving mass: the map is the gradient of the conjugate, with the symmetries and limits of its formula. */
import { expect, test } from "vitest";
import { ndarray, randomStream, toNumbers } from "../../src/array/index.ts";
import { costNames, transportCost } from "../../src/chemistry/flows/costs.ts";
import { grad, jit, matmul, type Tensor } from "../../src/tensor/index.ts";

/** Gradients of two electrons in space, at 50 walkers; some are nothing, one is huge. */
const [dimension, electrons, walkers] = [3, 2, 50];
const s = randomStream(1).normal([dimension, electrons, walkers], "f64");
for (let k = 0; k < dimension; k++) s.data[k * electrons * walkers] = 0;
s.data[3] = 1e6;

const all = costNames.flatMap((name) =>
  name === "l2" || name === "sign" ? [transportCost(name)] : [transportCost(name), transportCost(name, 0.3)],
);

test.each(all)("$name, κ = $kappa: the map is the gradient of c*, and 0 at 0", async ({ map, conjugate }) => {
  const { u, du } = await jit((x: Tensor) => ({ u: map(x), du: grad((y: Tensor) => conjugate(y).sum())(x) }))(s);
  const [found, expected] = [toNumbers(u), toNumbers(du)];
  expected.forEach((value, i) => expect(found[i]).toBeCloseTo(value, 12));
  for (let k = 0; k < dimension; k++) expect(found[k * electrons * walkers]).toBe(0);
});

test.each(["tanh", "relativistic", "clip"] as const)("%s keeps its speed limit, and is l2 without one", async (name) => {
  const [slow, free] = await Promise.all([0.3, 1e9].map((kappa) => jit((x: Tensor) => transportCost(name, kappa).map(x))(s)));
  for (const u of toNumbers(slow)) expect(Math.abs(u)).toBeLessThanOrEqual(0.3 + 1e-12);
  // all three differ from s by s³/κ² at most: 1e18 / 1e18 for the huge one, relative 1e-6
  toNumbers(free).forEach((u, i) => expect(Math.abs(u - s.data[i])).toBeLessThanOrEqual(1e-5 * Math.abs(s.data[i])));
});

test.each(["relativistic", "clip"] as const)("%s turns with the molecule", async (name) => {
  // a rotation by 0.7 about the third axis, then by 0.4 about the first
  const [a, b] = [0.7, 0.4];
  const about3 = [Math.cos(a), -Math.sin(a), 0, Math.sin(a), Math.cos(a), 0, 0, 0, 1];
  const about1 = [1, 0, 0, 0, Math.cos(b), -Math.sin(b), 0, Math.sin(b), Math.cos(b)];
  const turned = (x: Tensor) => {
    const [first, second] = [about3, about1].map((m) => ndarray(Float64Array.from(m), [3, 3], "f64"));
    const flat = x.reshape([3, electrons * walkers]);
    return matmul(second, matmul(first, flat)).reshape(x.shape);
  };
  const { map } = transportCost(name, 0.8);
  const { after, before } = await jit((x: Tensor) => ({ after: turned(map(x)), before: map(turned(x)) }))(s);
  const expected = toNumbers(before);
  toNumbers(after).forEach((u, i) => expect(u).toBeCloseTo(expected[i], 10));
});

test("a speed limit that is none is refused, and so is one that a cost does not know", () => {
  expect(() => transportCost("tanh", 0)).toThrow("positive");
  expect(() => transportCost("clip", Number.NaN)).toThrow("positive");
  expect(() => transportCost("l2", 1)).toThrow("no speed limit");
});
