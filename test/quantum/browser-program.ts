/** What test/quantum/browser.test.ts loads into a page: a circuit that learns. */
import { brick, meanCost, shareStates, valueAndGradient } from "../../src/quantum/index.ts";

/** Whether there are two threads, and losses by them. */
export const descendTogether = async (steps: number, n: number): Promise<{ threads: boolean; losses: number[] }> => ({
  threads: await shareStates(),
  losses: descend(steps, n),
});

/** Losses after each of some steps of gradient descent on a table of 2^n costs, from fixed angles. */
export function descend(steps: number, n = 14): number[] {
  const circuit = brick(n, 4);
  // a rugged table that needs no random numbers
  const costs = Float64Array.from({ length: 1 << n }, (_, k) => Math.sin(k * 0.37) * Math.cos(k * 0.011) + 0.1 * ((k * 2654435761) % 97));
  const objective = meanCost(costs);
  let angles = Float64Array.from({ length: circuit.parameters }, (_, i) => ((i * 7919) % 628) / 100);
  return Array.from({ length: steps }, () => {
    const { value, gradient } = valueAndGradient(circuit, angles, objective);
    angles = angles.map((a, i) => a - 0.05 * gradient[i]);
    return value;
  });
}
