/** Orbitals of the harmonic oscillator. */
import { concat, type Tensor } from "../../tensor/index.ts";

/** Quantum numbers of the lowest `count` states of d dimensions, shell by shell, in a shell those with most in the first coordinate first. */
export function lowestStates(dimension: 1 | 2 | 3, count: number): number[][] {
  const states: number[][] = [];
  for (let shell = 0; states.length < count; shell++) states.push(...compositions(dimension, shell));
  return states.slice(0, count);
}

/** Ways to write n as an ordered sum of d numbers. */
const compositions = (d: number, n: number): number[][] =>
  d === 1 ? [[n]] : Array.from({ length: n + 1 }, (_, k) => compositions(d - 1, k).map((rest) => [n - k, ...rest])).flat();

/**
 * φ_n(x) = Π_c h_{n_c}(√ω x_c) of the lowest states, h_n the normalised Hermite functions: h_0 = π^(-1/4) e^(-ξ²/2),
 * h_{n+1} = √(2/(n+1)) ξ h_n - √(n/(n+1)) h_{n-1}.
 *
 * @returns  x [d, electrons, walkers] -> [count, electrons, walkers]
 */
export function oscillatorOrbitals(dimension: 1 | 2 | 3, omega: number, count: number): (x: Tensor) => Tensor {
  const states = lowestStates(dimension, count);
  const most = Math.max(0, ...states.flat());
  return (x) => {
    const xi = x.mul(Math.sqrt(omega));
    const gaussian = xi
      .square()
      .sum(0)
      .mul(-0.5)
      .exp()
      .mul(Math.PI ** (-dimension / 4));
    // polynomials h_n e^(ξ²/2) π^(1/4), all coordinates at once
    const polynomials = [xi.mul(0).add(1)];
    for (let n = 0; n < most; n++) {
      const raised = xi.mul(polynomials[n]).mul(Math.sqrt(2 / (n + 1)));
      polynomials.push(n === 0 ? raised : raised.sub(polynomials[n - 1].mul(Math.sqrt(n / (n + 1)))));
    }
    const factor = (n: number, c: number): Tensor => polynomials[n].slice([c, c + 1]).squeeze(0);
    const orbitals = states.map((state) =>
      state.reduce((product, n, c) => (n === 0 ? product : product.mul(factor(n, c))), gaussian).expandDims(0),
    );
    return orbitals.length === 1 ? orbitals[0] : concat(orbitals, 0);
  };
}
