import { expect, test } from "vitest";
import { randomStream } from "../../src/array/random.ts";
import { brick } from "../../src/quantum/ansatz.ts";
import type { Circuit, Gate } from "../../src/quantum/circuit.ts";
import { orderedCounts, parseCounts, shotMean } from "../../src/quantum/counts.ts";
import { noisyProbabilities } from "../../src/quantum/density.ts";
import { depolarizing, errorsOf, readOut, trajectories } from "../../src/quantum/noise.ts";
import { entropy, sampleShots, shotsFor99, wilson } from "../../src/quantum/sample.ts";
import { probabilities } from "../../src/quantum/simulate.ts";

const gate = (name: Gate["name"], qubits: readonly number[], ...angles: readonly number[]): Gate => ({ name, qubits, angles });
const circuit = (qubits: number, ...gates: readonly Gate[]): Circuit => ({ qubits, parameters: 0, gates });
const z = (p: ArrayLike<number>, mask: number): number => Array.from(p).reduce((sum, q, k) => sum + (popcount(k & mask) % 2 ? -q : q), 0);
const popcount = (k: number): number => k.toString(2).replaceAll("0", "").length;
const angles = (n: number): Float64Array => Float64Array.from({ length: n }, (_, k) => ((k + 1) * 2.399963) % 6.28);

test("depolarizing shrinks <Z> by 1 - 4q/3 on one qubit and by 1 - 16q/15 on two", () => {
  const one = noisyProbabilities(circuit(1, gate("ry", [0], 0.7)), [], { one: 0.03, two: 0 });
  expect(Math.abs(z(one, 1) - 0.73424849979)).toBeLessThan(1e-10);
  // two gates of different noise: q1 = 0.01, q2 = 0.03
  const p = noisyProbabilities(circuit(2, gate("ry", [0], 0.7), gate("cx", [0, 1])), [], { one: 0.01, two: 0.03 });
  expect(Math.abs(z(p, 1) - 0.73049567413)).toBeLessThan(1e-10);
  expect(Math.abs(z(p, 3) - 0.968)).toBeLessThan(1e-12);
});

test("without noise a density matrix has the probabilities of the state", () => {
  const list = [gate("h", [0]), gate("u", [1], 0.3, 1.2, 0.4), gate("cp", [0, 2], 0.8), gate("rx", [2], 1.1), gate("ccx", [0, 2, 1])];
  const more = [
    gate("swap", [1, 2]),
    gate("cz", [0, 1]),
    gate("y", [0]),
    gate("ry", [1], 0.5),
    gate("cx", [2, 0]),
    gate("sdg", [2]),
    gate("h", [2]),
  ];
  const all = circuit(3, ...list, ...more);
  const noisy = noisyProbabilities(all, [], { one: 0, two: 0 });
  probabilities(all, []).forEach((q, k) => expect(Math.abs(q - noisy[k])).toBeLessThan(1e-13));
  const bricks = noisyProbabilities(brick(4, 3), angles(24), { one: 0, two: 0 });
  probabilities(brick(4, 3), angles(24)).forEach((q, k) => expect(Math.abs(q - bricks[k])).toBeLessThan(1e-13));
});

test("noise of the paper keeps the sum of probabilities, and much of it leaves nothing but chance", () => {
  const p = noisyProbabilities(brick(5, 4), angles(40), depolarizing(2));
  expect(Math.abs(p.reduce((a, b) => a + b, 0) - 1)).toBeLessThan(1e-12);
  noisyProbabilities(brick(3, 2), angles(12), { one: 0.75, two: 15 / 16 }).forEach((q) => expect(Math.abs(q - 1 / 8)).toBeLessThan(1e-12));
});

test("trajectories agree with the density matrix within four standard errors", () => {
  const noise = { one: 0.02, two: 0.05 };
  const exact = noisyProbabilities(brick(3, 3), angles(18), noise);
  const values = [0.9, 0.1, 0.4, 0.7, 0.2, 0.8, 0.3, 0.6];
  const {
    probabilities: p,
    errors,
    value,
  } = trajectories(brick(3, 3), angles(18), noise, { count: 20_000, random: randomStream(3), values });
  p.forEach((q, k) => expect(Math.abs(q - exact[k])).toBeLessThan(4.5 * errors[k]));
  expect(Math.abs(value!.mean - exact.reduce((sum, q, k) => sum + q * values[k], 0))).toBeLessThan(4 * value!.error);
  expect(value!.error).toBeGreaterThan(0);
});

test("100,000 trajectories of two gates have the known <Z0> and <Z0 Z1>", () => {
  const noise = { one: 0.01, two: 0.03 };
  for (const [mask, expected] of [
    [1, 0.73049567413],
    [3, 0.968],
  ]) {
    const values = [0, 1, 2, 3].map((k) => (popcount(k & mask) % 2 ? -1 : 1));
    const { value } = trajectories(circuit(2, gate("ry", [0], 0.7), gate("cx", [0, 1])), [], noise, {
      count: 100_000,
      random: randomStream(7),
      values,
    });
    expect(Math.abs(value!.mean - expected)).toBeLessThan(4 * value!.error);
  }
});

test("errors of a circuit: their mean number, and the chance of none", () => {
  const { mean, none } = errorsOf(brick(4, 2), { one: 0.01, two: 0.1 });
  // 16 rotations and 1 + 2 couplings
  expect(mean).toBeCloseTo(0.46, 12);
  expect(none).toBeCloseTo(0.99 ** 16 * 0.9 ** 3, 12);
  expect(() => noisyProbabilities(brick(4, 2), angles(16), depolarizing(400))).toThrow("not between 0 and 1");
  expect(() => noisyProbabilities(brick(14, 1), angles(28), depolarizing(1))).toThrow("needs 4 GiB");
});

test("reading bits wrong with probability r shrinks <Z> by 1 - 2r a bit", () => {
  const p = probabilities(brick(4, 3), angles(24));
  const read = readOut(p, 0.1);
  for (const mask of [1, 2, 5, 15]) expect(z(read, mask)).toBeCloseTo(z(p, mask) * 0.8 ** popcount(mask), 12);
  expect(() => readOut(p, 1.5)).toThrow("read wrong");
});

test("shots follow the probabilities: chi-square of 100,000 at n = 6", () => {
  const p = probabilities(brick(6, 3), angles(36));
  const { states, counts } = sampleShots(p, 100_000, randomStream(11));
  const seen = new Float64Array(64);
  states.forEach((k, i) => (seen[k] += counts[i]));
  // states with fewer than ten expected are one class
  const classes = [...p.keys()].filter((k) => p[k] * 1e5 >= 10);
  const rest = { seen: 1e5 - classes.reduce((s, k) => s + seen[k], 0), expected: 1e5 * (1 - classes.reduce((s, k) => s + p[k], 0)) };
  const chi = classes.reduce(
    (sum, k) => sum + (seen[k] - 1e5 * p[k]) ** 2 / (1e5 * p[k]),
    rest.expected > 1 ? (rest.seen - rest.expected) ** 2 / rest.expected : 0,
  );
  // the quantile 1 - 1e-4 of chi-square with ν degrees, by Wilson and Hilferty
  const degrees = classes.length;
  expect(chi).toBeLessThan(degrees * (1 - 2 / (9 * degrees) + 3.719 * Math.sqrt(2 / (9 * degrees))) ** 3);
});

test("means of 100 shots are unbiased", () => {
  const p = probabilities(brick(6, 3), angles(36));
  const costs = Float64Array.from({ length: 64 }, (_, k) => ((k * 37) % 64) / 64);
  const exact = p.reduce((sum, q, k) => sum + q * costs[k], 0);
  const variance = p.reduce((sum, q, k) => sum + q * (costs[k] - exact) ** 2, 0);
  const means = Array.from({ length: 1000 }, (_, i) => shotMean(sampleShots(p, 100, randomStream(i)), costs).mean);
  expect(Math.abs(means.reduce((a, b) => a + b, 0) / 1000 - exact)).toBeLessThan(4 * Math.sqrt(variance / 100_000));
});

test("states of probability 0 are never drawn", () => {
  const { states, counts, shots } = sampleShots([0, 0.5, 0, 0.5, 0], 1000, randomStream(1));
  expect(states).toEqual([1, 3]);
  expect(counts[0] + counts[1]).toBe(shots);
});

test("entropy, Wilson's interval and shots for 99 % have their known values", () => {
  const p = [0.2525512262, 0.1485905347, 0.0334764815, 0.0443341595, 0.0336645857, 0.021185394, 0.2664686893, 0.1997289291];
  expect(entropy(Float64Array.from(p))).toBeCloseTo(1.75265649066, 8);
  expect(shotsFor99(0.14859053475)).toBeCloseTo(28.628, 3);
  // 5 of 50: 0.04349, 0.21361 (Wilson 1927)
  expect(wilson(5, 50)[0]).toBeCloseTo(0.04349, 4);
  expect(wilson(5, 50)[1]).toBeCloseTo(0.21361, 4);
});

test("counts are read in the order that was chosen, and wrong ones are refused", () => {
  const read = parseCounts('{"110": 3, "000": 1, "1 10": 2}', "c.json");
  expect(orderedCounts(read, "last-first")).toEqual({ states: [0, 6], counts: [1, 5], shots: 6 });
  expect(orderedCounts(read, "first-first")).toEqual({ states: [0, 3], counts: [1, 5], shots: 6 });
  expect(read.notes[0]).toContain("several registers");
  expect(parseCounts('{"0x3": 4}', "c.json", 4).strings).toEqual(["0011"]);
  expect(() => parseCounts('{"0x3": 4}', "c.json")).toThrow("hexadecimal");
  expect(() => parseCounts('{"01": 4, "011": 1}', "c.json")).toThrow("2 and 3 bits");
  expect(() => parseCounts('{"01": 4}', "c.json", 3)).toThrow("strings of 2 bits, not 3");
  expect(() => parseCounts('{"01": -4}', "c.json")).toThrow("not a count");
  expect(() => parseCounts('{"0a": 4}', "c.json")).toThrow("no string of bits");
  expect(() => parseCounts("{", "c.json")).toThrow("not JSON");
  expect(() => parseCounts("{}", "c.json")).toThrow("no shots");
});
