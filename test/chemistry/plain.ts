/** Basis functions by their definition, one point at a time. */
import type { Shell } from "../../src/chemistry/hartree-fock/basis.ts";

/** χ_i(x, y, z). */
export function valueOf(shells: readonly Shell[], i: number): (x: number, y: number, z: number) => number {
  const shell = shells.find(({ first, functions }) => i >= first && i < first + functions.length)!;
  const { powers, coefficients } = shell.functions[i - shell.first];
  return (...r) => {
    const [x, y, z] = r.map((value, d) => value - shell.centre[d]);
    const square = x * x + y * y + z * z;
    const radial = coefficients.reduce((sum, c, k) => sum + c * Math.exp(-shell.exponents[k] * square), 0);
    return x ** powers[0] * y ** powers[1] * z ** powers[2] * radial;
  };
}
