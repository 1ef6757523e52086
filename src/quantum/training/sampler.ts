/** Strings drawn from what a circuit yields, with log p, and gradients of Σ w log p over them: what costs are needed for, and no more. */
import type { Random } from "../../array/index.ts";
import { type Counts, sampleShots } from "../sample.ts";
import type { Simulation } from "./simulation.ts";

export interface Draws extends Counts {
  /** log p of each state. */
  readonly logs: Float64Array;
}

/** What is made of drawn strings: an estimate, and the weight w of each state in its gradient Σ w ∂ log p. */
export type Estimate = (draws: Draws) => { readonly value: number; readonly weights: Float64Array };

export interface Sampler {
  readonly parameters: number;
  readonly draw: (angles: Float64Array, shots: number, random: Random) => Draws;
  readonly withGradient: (
    angles: Float64Array,
    shots: number,
    random: Random,
    estimate: Estimate,
  ) => { readonly value: number; readonly gradient: Float64Array };
}

/** Of a simulated state: slopes w / p on the drawn strings, 0 elsewhere, for one adjoint sweep. */
export function samplerOf({ circuit, probabilities, withGradient }: Simulation): Sampler {
  const drawn = (p: Float64Array, shots: number, random: Random): Draws => {
    const counts = sampleShots(p, shots, random);
    return { ...counts, logs: Float64Array.from(counts.states, (k) => Math.log(p[k])) };
  };
  return {
    parameters: circuit.parameters,
    draw: (angles, shots, random) => drawn(probabilities(angles), shots, random),
    withGradient: (angles, shots, random, estimate) =>
      withGradient(angles, (p) => {
        const draws = drawn(p, shots, random);
        const { value, weights } = estimate(draws);
        const slopes = new Float64Array(p.length);
        draws.states.forEach((k, i) => (slopes[k] = weights[i] / p[k]));
        return { value, slopes };
      }),
  };
}

/** Shots whose random numbers are drawn at once. */
const together = 4096;

/**
 * Of a product state, without a state: qubit j is 1 with probability sin²(θ_j / 2), and
 *
 *   ∂ log p / ∂θ_j = cot(θ_j / 2) where it is 1, -tan(θ_j / 2) where it is 0.
 */
export function productSampler(n: number): Sampler {
  const draw = (angles: Float64Array, shots: number, random: Random): Draws => {
    const ones = angles.map((t) => Math.sin(t / 2) ** 2);
    const found = new Map<number, number>();
    for (let done = 0; done < shots; done += together) {
      const { data: u } = random.uniform([Math.min(together, shots - done), n], "f64");
      for (let at = 0; at < u.length; at += n) {
        let k = 0;
        for (let j = 0; j < n; j++) if (u[at + j] < ones[j]) k += 2 ** j;
        found.set(k, (found.get(k) ?? 0) + 1);
      }
    }
    const [on, off] = [ones.map(Math.log), angles.map((t) => Math.log(Math.cos(t / 2) ** 2))];
    const sorted = [...found].sort(([a], [b]) => a - b);
    return {
      states: sorted.map(([k]) => k),
      counts: sorted.map(([, count]) => count),
      shots,
      logs: Float64Array.from(sorted, ([k]) => on.reduce((sum, log, j) => sum + ((k >> j) & 1 ? log : off[j]), 0)),
    };
  };
  return {
    parameters: n,
    draw,
    withGradient(angles, shots, random, estimate) {
      const draws = draw(angles, shots, random);
      const { value, weights } = estimate(draws);
      const tangents = angles.map((t) => Math.tan(t / 2));
      const gradient = tangents.map((tangent, j) =>
        draws.states.reduce((sum, k, i) => sum + weights[i] * ((k >> j) & 1 ? 1 / tangent : -tangent), 0),
      );
      return { value, gradient };
    },
  };
}
