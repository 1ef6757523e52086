/** The metric of states, and descent along it. */
import { expect, test } from "vitest";
import { randomStream } from "../../src/array/index.ts";
import { allToAll, brick, linearChain, product, qaoa } from "../../src/quantum/ansatz.ts";
import { stateVector, valueAndGradient } from "../../src/quantum/simulate.ts";
import type { Differentiable } from "../../src/quantum/training/minimise.ts";
import { fubiniStudy, naturalGradient, productNaturalGradient } from "../../src/quantum/training/natural.ts";
import { meanCost } from "../../src/quantum/training/objectives.ts";
import fc from "../property.ts";

const angles = (count: number): Float64Array => Float64Array.from({ length: count }, (_, k) => ((k + 1) * 2.399963) % 6.28);
const inner = (a: ReturnType<typeof stateVector>, b: ReturnType<typeof stateVector>) => ({
  re: a.re.reduce((sum, v, k) => sum + v * b.re[k] + a.im[k] * b.im[k], 0),
  im: a.re.reduce((sum, v, k) => sum + v * b.im[k] - a.im[k] * b.re[k], 0),
});

test("the metric of a product state is a quarter of the identity", () => {
  fubiniStudy(product(5), angles(5)).forEach((f, at) => expect(f).toBeCloseTo(at % 6 === 0 ? 0.25 : 0, 14));
});

test("the metric is that of differences of states", () => {
  for (const circuit of [brick(3, 3), linearChain(3, 2), allToAll(4, 1)]) {
    const at = angles(circuit.parameters);
    const count = circuit.parameters;
    const state = stateVector(circuit, at);
    const h = 1e-4;
    const slopes = Array.from({ length: count }, (_, i) => {
      const [above, below] = [h, -h].map((shift) =>
        stateVector(
          circuit,
          at.map((t, j) => (i === j ? t + shift : t)),
        ),
      );
      const difference = (part: "re" | "im") => above[part].map((v, k) => (v - below[part][k]) / (2 * h));
      return { re: difference("re"), im: difference("im") };
    });
    const metric = fubiniStudy(circuit, at);
    for (let i = 0; i < count; i++)
      for (let j = 0; j < count; j++) {
        const [a, b] = [inner(slopes[i], state), inner(state, slopes[j])];
        const expected = inner(slopes[i], slopes[j]).re - (a.re * b.re - a.im * b.im);
        // central differences are wrong by h² times a third derivative of size 1/24
        expect(Math.abs(metric[i * count + j] - expected)).toBeLessThan(1e-8);
      }
  }
});

test("the metric measures how far neighbouring states are: 1 - |<ψ|ψ'>|² = δᵀFδ", () => {
  const circuit = brick(4, 3);
  fc.assert(
    fc.property(fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 24, maxLength: 24 }), (direction) => {
      const at = angles(24);
      const h = 1e-3;
      const metric = fubiniStudy(circuit, at);
      const length = direction.reduce((sum, a, i) => sum + direction.reduce((s, b, j) => s + a * b * metric[i * 24 + j], 0), 0);
      const overlap = inner(
        stateVector(
          circuit,
          at.map((t, i) => t - (h * direction[i]) / 2),
        ),
        stateVector(
          circuit,
          at.map((t, i) => t + (h * direction[i]) / 2),
        ),
      );
      const distance = 1 - overlap.re ** 2 - overlap.im ** 2;
      // the next term is of fourth order in h, times at most (24 / 2)⁴
      expect(Math.abs(distance / h ** 2 - length)).toBeLessThan(12 ** 4 * h ** 2);
    }),
    { numRuns: 20 },
  );
});

test("for product states both descents step alike, but for the damping", () => {
  const costs = randomStream(3).uniform([16], "f64").data;
  const f: Differentiable = (x) => valueAndGradient(product(4), x, meanCost(costs));
  const [by, plain] = [naturalGradient(f, product(4), angles(4)), productNaturalGradient(f, angles(4))].map((steps) => {
    steps.next();
    const next = steps.next();
    if (next.done) throw new Error("it ended");
    return next.value.x;
  });
  const start = angles(4);
  // (1/4 + 0.01)⁻¹ against 4
  by.forEach((x, i) => expect((x - start[i]) * (1 + 0.04)).toBeCloseTo(plain[i] - start[i], 12));
});

test("the natural gradient comes down on an entangled circuit, and faster than the plain one of the same rate", () => {
  const circuit = brick(4, 4);
  const costs = randomStream(5).uniform([16], "f64").data;
  const f: Differentiable = (x) => valueAndGradient(circuit, x, meanCost(costs));
  const start = randomStream(6).uniform([circuit.parameters], "f64", 0, 6.28).data;
  let x = start;
  for (let step = 0; step < 100; step++) x = x.map((t, i) => t - 0.2 * f(x).gradient[i]);
  let last = Number.POSITIVE_INFINITY;
  let count = 0;
  for (const { value } of naturalGradient(f, circuit, start)) {
    last = value;
    if (++count === 100) break;
  }
  expect(last).toBeLessThan(f(x).value);
  expect(last).toBeLessThan(f(start).value - 0.2);
});

test("circuits without such a metric are refused", () => {
  expect(() => fubiniStudy(qaoa(2, 1, Float64Array.of(0, 1, 1, 0)), angles(2))).toThrow(/not the angle of one RY or RZ/);
  expect(() => fubiniStudy(brick(13, 2), angles(52))).toThrow(/metric of 13 qubits/);
});
