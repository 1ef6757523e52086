/**
 * Natural gradient: x ← x - η (F + ε)^{-1} ∇f with the metric of the states that angles give (Fubini-Study),
 *
 *   F_ij = Re(<∂_iψ|∂_jψ> - <∂_iψ|ψ><ψ|∂_jψ>),
 *
 * of which the distance between neighbouring states is ds² = Σ F_ij dθ_i dθ_j.
 *
 * @source  Stokes et al., Quantum 4, 269 (2020)
 */
import { choleskyFactor, choleskySolve } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import type { Circuit } from "../circuit.ts";
import { stateVector } from "../simulate.ts";
import { type Differentiable, dot, type Minimiser, norm, plus } from "./minimise.ts";

/** Most qubits for which P states of a circuit are kept, and their P² products taken, in every step. */
export const mostMetricQubits = 12;

/**
 * F, [P, P] row by row, for circuits of which every parameter is the angle of one RY or RZ: e^{-i(θ + π)G/2} = -i G e^{-iθG/2}, so that
 * ∂_iψ = ψ(θ + π e_i) / 2, exactly.
 *
 * @throws UserError  above 12 qubits, and for parameters that stand elsewhere
 */
export function fubiniStudy(circuit: Circuit, angles: Float64Array): Float64Array {
  checkMetric(circuit);
  const { parameters: count } = circuit;
  const at = stateVector(circuit, angles);
  const states = Array.from({ length: count }, (_, i) => {
    const moved = angles.slice();
    moved[i] += Math.PI;
    return stateVector(circuit, moved);
  });
  // <ψ_i|ψ>, and of pairs the real part alone
  const overlaps = states.map(({ re, im }) => ({ re: dot(re, at.re) + dot(im, at.im), im: dot(re, at.im) - dot(im, at.re) }));
  const metric = new Float64Array(count * count);
  for (let i = 0; i < count; i++)
    for (let j = 0; j <= i; j++) {
      const own = dot(states[i].re, states[j].re) + dot(states[i].im, states[j].im);
      const along = overlaps[i].re * overlaps[j].re + overlaps[i].im * overlaps[j].im;
      metric[i * count + j] = metric[j * count + i] = (own - along) / 4;
    }
  return metric;
}

/** @throws UserError  for circuits whose metric is not to be had */
export function checkMetric({ qubits, parameters, gates }: Circuit): void {
  if (qubits > mostMetricQubits)
    throw new UserError(
      `the metric of ${qubits} qubits needs ${parameters.toLocaleString("en")} states in every step`,
      `the natural gradient is for product states, and for at most ${mostMetricQubits} qubits: take lbfgs or adam`,
    );
  const used = new Set<number>();
  for (const { name, angles } of gates)
    for (const angle of angles) {
      if (typeof angle === "number") continue;
      if ((name !== "ry" && name !== "rz") || used.has(angle.parameter) || (angle.factor ?? 1) !== 1)
        throw new UserError(
          `parameter ${angle.parameter} is not the angle of one RY or RZ`,
          "the natural gradient is not there for such circuits, QAOA's among them: take lbfgs or adam",
        );
      used.add(angle.parameter);
    }
}

/** Of the metric's eigenvalues, which lie between 0 and a few times 1/4: below it a direction counts as one that changes no state. */
const damping = 1e-2;

export function* naturalGradient(f: Differentiable, circuit: Circuit, start: Float64Array, { rate = 0.2 } = {}): Minimiser {
  let x = start;
  for (let calls = 1; ; calls++) {
    const { value, gradient } = f(x);
    yield { x, value, gradientNorm: norm(gradient), calls };
    // positive semidefinite, so that with the damping it has a factor
    const factor = choleskyFactor(fubiniStudy(circuit, x), x.length, damping);
    if (!factor) return;
    x = plus(x, -rate, choleskySolve(factor, gradient));
  }
}

/** Of a product state, whose metric is diag(1/4): a step is 4 η ∇f, plain descent with another rate. */
export function* productNaturalGradient(f: Differentiable, start: Float64Array, { rate = 0.2 } = {}): Minimiser {
  let x = start;
  for (let calls = 1; ; calls++) {
    const { value, gradient } = f(x);
    yield { x, value, gradientNorm: norm(gradient), calls };
    x = plus(x, -4 * rate, gradient);
  }
}
