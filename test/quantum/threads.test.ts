/** Two threads give the bits of one. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { brick, linearChain, qaoa } from "../../src/quantum/ansatz.ts";
import type { Circuit, Objective } from "../../src/quantum/circuit.ts";
import { noisyProbabilities, noisyValueAndGradient } from "../../src/quantum/density.ts";
import { depolarizing } from "../../src/quantum/noise.ts";
import { stateVector, valueAndGradient } from "../../src/quantum/simulate.ts";
import { shareStates, unshareStates } from "../../src/quantum/threads.ts";

beforeAll(async () => {
  expect(await shareStates()).toBe(true);
});
afterAll(unshareStates);

const angles = (count: number): Float64Array => Float64Array.from({ length: count }, (_, k) => ((k + 1) * 2.399963) % 6.28);
const table = (n: number): Float64Array => Float64Array.from({ length: 2 ** n }, (_, k) => Math.sin(k));
const mean =
  (costs: Float64Array): Objective =>
  (p) => ({ value: p.reduce((sum, q, k) => sum + q * costs[k], 0), slopes: costs });

/** By two threads, then by one. */
async function both<T>(work: () => T): Promise<readonly [T, T]> {
  await shareStates();
  const together = work();
  unshareStates();
  return [together, work()];
}

test("values, gradients and probabilities are the same bit by bit", async () => {
  const mixed: Circuit = {
    ...brick(16, 2),
    gates: [
      ...brick(16, 2).gates,
      ...[
        { name: "cz" as const, qubits: [3, 15], angles: [] },
        { name: "ccx" as const, qubits: [0, 7, 15], angles: [] },
        { name: "h" as const, qubits: [15], angles: [] },
      ],
    ],
  };
  for (const circuit of [brick(16, 4), brick(17, 3), linearChain(16, 2), qaoa(16, 1, table(16)), mixed]) {
    const objective = mean(table(circuit.qubits));
    const [two, one] = await both(() => valueAndGradient(circuit, angles(circuit.parameters), objective));
    expect(two.value).toBe(one.value);
    expect(two.gradient).toEqual(one.gradient);
    expect(two.probabilities).toEqual(one.probabilities);
  }
});

test("amplitudes and density matrices are the same bit by bit", async () => {
  const [two, one] = await both(() => stateVector(brick(16, 3), angles(96)));
  expect(two).toEqual(one);
  const noise = depolarizing(2);
  const [noisy, alone] = await both(() => noisyProbabilities(brick(8, 2), angles(32), noise));
  expect(noisy).toEqual(alone);
  const [gradient, own] = await both(() => noisyValueAndGradient(brick(8, 2), angles(32), noise, mean(table(8))));
  expect(gradient).toEqual(own);
});
