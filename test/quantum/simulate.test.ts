import { describe, expect, test } from "vitest";
import { allToAll, brick, linearChain, product, qaoa } from "../../src/quantum/ansatz.ts";
import type { Angle, Circuit, Gate, Objective } from "../../src/quantum/circuit.ts";
import { shiftGradient } from "../../src/quantum/shift.ts";
import { probabilities, stateVector, valueAndGradient } from "../../src/quantum/simulate.ts";
import fc from "../property.ts";
import * as reference from "./reference.ts";

/** The mean of costs. */
const mean =
  (costs: ArrayLike<number>): Objective =>
  (p) => ({ value: p.reduce((sum, q, k) => sum + q * costs[k], 0), slopes: Float64Array.from(costs) });

const gate = (name: Gate["name"], qubits: readonly number[], ...angles: readonly Angle[]): Gate => ({ name, qubits, angles });
const circuit = (qubits: number, ...gates: readonly Gate[]): Circuit => ({ qubits, parameters: 0, gates });
const close = (actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void => {
  expect(actual.length).toBe(expected.length);
  for (let k = 0; k < expected.length; k++) expect(Math.abs(actual[k] - expected[k])).toBeLessThanOrEqual(tolerance);
};
/** Numbers that look random and are the same everywhere. */
const numbers = (n: number, salt = 1): Float64Array =>
  Float64Array.from({ length: n }, (_, k) => (((k + salt) * 0.6180339887498949 + ((k * k * salt) % 17) * 0.137) % 1) * 6.28);

test("RY(0.7) gives the cosine as <Z>, and minus the sine as its slope", () => {
  const ry = { qubits: 1, parameters: 1, gates: [gate("ry", [0], { parameter: 0 })] };
  const { value, gradient, probabilities: p } = valueAndGradient(ry, [0.7], mean([1, -1]));
  close(p, [1 - 0.1175789064, 0.1175789064], 1e-10);
  close([value, ...gradient], [0.7648421873, -0.6442176872], 1e-10);
});

test("GHZ: half all zeros, half all ones; <XXX> is 1 and so is <ZZ> of every pair", () => {
  const ghz = [gate("h", [0]), gate("cx", [0, 1]), gate("cx", [0, 2])];
  close(probabilities(circuit(3, ...ghz), []), [0.5, 0, 0, 0, 0, 0, 0, 0.5], 1e-15);
  // X is Z after H
  const p = probabilities(circuit(3, ...ghz, gate("h", [0]), gate("h", [1]), gate("h", [2])), []);
  const parity = (k: number): number => [0, 1, 1, 0, 1, 0, 0, 1][k];
  expect(p.reduce((sum, q, k) => sum + (parity(k) ? -q : q), 0)).toBeCloseTo(1, 14);
});

const rows = [0.3, 0.8, 1.3, 0.5, 1, 1.5, 0.7, 1.2, 1.7, 0.2, 0.4, 0.6, 0.1, 0.3, 0.5, 0.9, 0.8, 0.7];
const costs = [0.9, 0.1, 0.4, 0.7, 0.2, 0.8, 0.3, 0.6];

test("the brick circuit of three qubits and depth three has the known state, energy and gradient", () => {
  const { value, gradient, probabilities: p } = valueAndGradient(brick(3, 3), rows, mean(costs));
  close(p, [0.2525512262, 0.1485905347, 0.0334764815, 0.0443341595, 0.0336645857, 0.021185394, 0.2664686893, 0.1997289291], 1e-10);
  expect(Math.abs(value - 0.5100388578732)).toBeLessThan(1e-12);
  const slopes = [0.0211047132, -0.0250845866, 0.0780372828, -0.0614053016, 0.0171576076, 0.0592602509, -0.059598731, -0.0120650494];
  const more = [0.0166025323, 0.0227830085, -0.0047017997, 0.0328330476, 0.0177539843, -0.0065107243, 0.053779366, 0, 0, 0];
  close(gradient, [...slopes, ...more], 1e-10);
});

test("its amplitudes are known with their phases", () => {
  const { re, im } = stateVector(brick(3, 3), rows);
  close([re[0], im[0], re[6], im[6]], [-0.2458600902, 0.4382967514, 0.5141823816, -0.0456636374], 1e-10);
});

test("amplitudes are those of plain loops, rows that only turn phases included", () => {
  for (const family of [brick(7, 3), linearChain(5, 2), allToAll(4, 2)]) {
    const angles = numbers(family.parameters);
    const [found, slow] = [stateVector(family, angles), reference.stateOf(family, angles)];
    close(found.re, slow.re, 1e-14);
    close(found.im, slow.im, 1e-14);
  }
});

test("a product state has the energy of its Walsh spectrum: Σ_S Ĉ_S Π cos t", () => {
  const t = [0.3, 0.8, 1.3];
  const { value } = valueAndGradient(product(3), t, mean(costs));
  expect(Math.abs(value - 0.5966996328878)).toBeLessThan(1e-12);
  const walsh = [0.5, -0.05, 0, 0.1, 0.025, 0.175, -0.025, 0.175];
  const sum = walsh.reduce((total, w, s) => total + w * t.reduce((p, x, j) => ((s >> j) & 1 ? p * Math.cos(x) : p), 1), 0);
  expect(Math.abs(sum - value)).toBeLessThan(1e-12);
});

test("QAOA on one edge: <C> = 1/2 + sin(4b) sin(g) / 2", () => {
  const edge = Float64Array.of(0, 1, 1, 0);
  for (const [b, g, expected] of [
    [Math.PI / 8, Math.PI / 2, 1],
    [0.3, 0.7, 0.80021803219],
  ])
    expect(Math.abs(valueAndGradient(qaoa(2, 1, edge), [g, b], mean(edge)).value - expected)).toBeLessThan(1e-10);
});

describe.each([1, 2, 3, 4, 5, 6, 7, 8])("%i qubits", (n) => {
  const table = numbers(2 ** n, 3);
  const families = {
    brick: brick(n, 4),
    product: product(n),
    linearChain: linearChain(n, 3),
    allToAll: allToAll(n, 2),
    qaoa: qaoa(
      n,
      2,
      table.map((x) => x / 7),
    ),
  };
  test.each(Object.entries(families))("%s: adjoint, plain loops, parameter shift and differences agree", (name, family) => {
    const angles = numbers(family.parameters, n);
    const found = valueAndGradient(family, angles, mean(table));
    const slow = reference.valueAndGradient(family, angles, mean(table));
    close(found.probabilities, slow.probabilities, 1e-14);
    close(found.gradient, slow.gradient, 1e-12);
    if (name !== "qaoa") close(found.gradient, shiftGradient(family, angles, mean(table)), 1e-12);
    const h = 1e-5;
    const at = (i: number, d: number): number =>
      mean(table)(
        probabilities(
          family,
          angles.map((a, j) => (j === i ? a + d : a)),
        ),
      ).value;
    close(
      found.gradient,
      Float64Array.from(angles, (_, i) => (at(i, h) - at(i, -h)) / (2 * h)),
      2e-8,
    );
    const single = valueAndGradient(family, angles, mean(table), "f32");
    close(single.probabilities, slow.probabilities, 2e-6);
    close(single.gradient, slow.gradient, 2e-5);
    if (name === "brick") close(found.gradient.slice(-n), new Float64Array(n), 0);
  });
});

const names = ["ry", "rz", "rx", "cx", "h", "x", "y", "z", "s", "sdg", "t", "tdg", "cz", "swap", "u", "cp", "ccx"] as const;
const shape: Readonly<Record<string, readonly [number, number]>> = {
  ...{ ry: [1, 1], rz: [1, 1], rx: [1, 1], cx: [2, 0], cz: [2, 0], swap: [2, 0], u: [1, 3], cp: [2, 1], ccx: [3, 0] },
};
const gates = (n: number) =>
  fc
    .tuple(
      fc.constantFrom(...names),
      fc.shuffledSubarray([...Array(n).keys()], { minLength: 3, maxLength: 3 }),
      fc.array(fc.double({ min: -7, max: 7, noNaN: true }), { minLength: 3, maxLength: 3 }),
    )
    .map(([name, qubits, angles]): Gate => {
      const [wires, turns] = shape[name] ?? [1, 0];
      return gate(name, qubits.slice(0, wires), ...angles.slice(0, turns));
    });
const inverse = ({ name, qubits, angles }: Gate): Gate => {
  const [t, f, l] = angles.map((angle) => -Number(angle));
  if (name === "u") return gate(name, qubits, t, l, f);
  const other = ({ s: "sdg", sdg: "s", t: "tdg", tdg: "t" } as const)[name as "s"] ?? name;
  return gate(other, qubits, ...angles.map((angle) => -Number(angle)));
};

test("any circuit has the probabilities of plain loops, and they add up to 1", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 3, max: 7 }).chain((n) => fc.tuple(fc.constant(n), fc.array(gates(n), { maxLength: 40 }))),
      ([n, list]) => {
        const p = probabilities(circuit(n, ...list), []);
        close(p, reference.probabilities(circuit(n, ...list), []), 1e-13);
        close(probabilities(circuit(n, ...list), [], "f32"), p, 4e-6);
        expect(Math.abs(p.reduce((a, b) => a + b, 0) - 1)).toBeLessThan(1e-13);
      },
    ),
    { numRuns: 200 },
  );
});

test("a circuit and its inverse lead back to where they began", () => {
  fc.assert(
    fc.property(fc.array(gates(5), { maxLength: 30 }), fc.array(gates(5), { maxLength: 10 }), (list, before) => {
      const there = circuit(5, ...before, ...list, ...list.toReversed().map(inverse));
      close(probabilities(there, []), probabilities(circuit(5, ...before), []), 1e-12);
    }),
    { numRuns: 100 },
  );
});

test("the norm stays 1 through 10,000 gates", () => {
  const list = fc.sample(gates(6), { numRuns: 10_000, seed: 5 });
  expect(Math.abs(probabilities(circuit(6, ...list), []).reduce((a, b) => a + b, 0) - 1)).toBeLessThan(1e-12);
});

test("thousands of rows of RY alone neither overflow nor lose their norm", () => {
  const row = (d: number): readonly Gate[] => [0, 1, 2, 3, 4, 5].map((q) => gate("ry", [q], { parameter: q, offset: d % 7 }));
  const rows: Circuit = {
    qubits: 6,
    parameters: 6,
    gates: [...Array(3000).keys()].flatMap((d) => [...row(d), gate("cx", [d % 6, (d + 1) % 6])]),
  };
  const angles = [1.6, 1.5, -1.7, 1.4, 1.8, 1.55];
  const found = valueAndGradient(rows, angles, mean(numbers(64)));
  const slow = reference.valueAndGradient(rows, angles, mean(numbers(64)));
  close(found.probabilities, slow.probabilities, 1e-11);
  close(found.gradient, slow.gradient, 1e-7);
});

test("singles keep the norm to 1e-4 through 10,000 gates", () => {
  const list = fc.sample(gates(6), { numRuns: 10_000, seed: 6 });
  expect(Math.abs(probabilities(circuit(6, ...list), [], "f32").reduce((a, b) => a + b, 0) - 1)).toBeLessThan(1e-4);
});

test("gradients of angles that share a parameter, are scaled or shifted, add up", () => {
  const shared: Circuit = {
    qubits: 4,
    parameters: 3,
    gates: [
      ...[0, 1, 2, 3].map((q) => gate("h", [q])),
      gate("cp", [0, 2], { parameter: 0, factor: 2, offset: 0.3 }),
      gate("u", [1], { parameter: 1 }, { parameter: 0, factor: -0.5 }, 0.4),
      gate("cz", [1, 3]),
      gate("rx", [2], { parameter: 2 }),
      gate("ccx", [2, 1, 0]),
      gate("ry", [0], { parameter: 1, factor: 3 }),
      gate("cp", [3, 0], { parameter: 2 }),
      ...[0, 1, 2, 3].map((q) => gate("ry", [q], { parameter: 1, offset: q })),
    ],
  };
  const table = numbers(16);
  const found = valueAndGradient(shared, [0.3, 1.2, -0.7], mean(table));
  close(found.gradient, reference.valueAndGradient(shared, [0.3, 1.2, -0.7], mean(table)).gradient, 1e-12);
  close(
    found.gradient,
    [0, 1, 2].map((i) => {
      const at = (d: number): number =>
        mean(table)(
          probabilities(
            shared,
            [0.3, 1.2, -0.7].map((a, j) => (j === i ? a + d : a)),
          ),
        ).value;
      return (at(1e-5) - at(-1e-5)) / 2e-5;
    }),
    1e-8,
  );
});

test("constant costs have a constant value and no gradient; no layers leave 00…0", () => {
  const { value, gradient } = valueAndGradient(brick(5, 3), numbers(30), mean(new Float64Array(32).fill(0.7)));
  expect(Math.abs(value - 0.7)).toBeLessThan(1e-14);
  close(gradient, new Float64Array(30), 1e-14);
  close(probabilities(brick(3, 0), []), [1, 0, 0, 0, 0, 0, 0, 0], 0);
});

test("the same circuit gives the same bits", () => {
  const run = () => valueAndGradient(brick(9, 4), numbers(72), mean(numbers(512)));
  const [one, two] = [run(), run()];
  expect(one.gradient).toEqual(two.gradient);
});

test("circuits that cannot be are refused with what is wrong", () => {
  expect(() => probabilities(circuit(2, gate("cx", [0, 2])), [])).toThrow("gate 1 (cx) acts on qubits 0, 2 of 0 to 1");
  expect(() => probabilities(circuit(2, gate("cx", [1, 1])), [])).toThrow("one qubit twice");
  expect(() => probabilities(circuit(2, gate("ry", [0], Number.NaN)), [])).toThrow("gate 1 (ry) has the angle");
  expect(() => probabilities(circuit(40), [])).toThrow("16,384 GiB");
  expect(() => probabilities(product(2), [1])).toThrow("2 parameters, not 1");
  expect(() => probabilities(product(2), [1, Number.NaN])).toThrow("parameter 1 of the circuit is NaN");
});

test("costs that are no numbers, or of another length, are refused", () => {
  expect(() => valueAndGradient(product(2), [1, 2], mean([0, 1, Number.NaN, 1]))).toThrow("the objective is NaN");
  expect(() => valueAndGradient(product(2), [1, 2], (p) => ({ value: p[0], slopes: p.slice(1) }))).toThrow("3 slopes for 4 probabilities");
});

test("an objective that simulates by itself is refused, not answered wrongly", () => {
  const meddling: Objective = (p) => {
    probabilities(product(3), [1, 2, 3]);
    return { value: 0, slopes: p };
  };
  expect(() => valueAndGradient(product(3), [1, 2, 3], meddling)).toThrow("while its own was being differentiated");
});
