/** Direct inversion in the iterative subspace. */
import { combine, inner, type Matrix, solveLinear, zeros } from "./matrix.ts";

/** Fock matrices of an iteration, and how far each is from commuting with its density. */
export interface Iterate {
  readonly focks: readonly Matrix[];
  readonly errors: readonly Matrix[];
}

/** Iterates kept. */
export const memory = 8;

/**
 * Σ c_i F_i with Σ c_i = 1 that makes |Σ c_i e_i|² least:
 *   (B 1; 1ᵀ 0)(c; λ) = (0; 1),  B_ij = <e_i, e_j>
 * The oldest iterates are left out while the equations are singular.
 *
 * @source  Pulay, J. Comput. Chem. 3 (1982) 556
 */
export function extrapolate(history: readonly Iterate[]): readonly Matrix[] {
  for (let skip = 0; skip < history.length - 1; skip++) {
    const some = history.slice(skip);
    const n = some.length;
    const b = zeros(n + 1, n + 1);
    const product = (x: Iterate, y: Iterate) => x.errors.reduce((sum, e, k) => sum + inner(e, y.errors[k]), 0);
    // errors shrink by many orders: scaled, so that the last pivots mean something
    const scale = product(some[n - 1], some[n - 1]) || 1;
    some.forEach((x, i) => {
      some.forEach((y, j) => void (b.data[i * (n + 1) + j] = product(x, y) / scale));
      b.data[i * (n + 1) + n] = 1;
      b.data[n * (n + 1) + i] = 1;
    });
    const c = solveLinear(b, [...some.map(() => 0), 1]);
    if (c?.every(Number.isFinite))
      return some[0].focks.map((first, k) =>
        some.reduce((sum, { focks }, i) => combine(1, sum, c[i], focks[k]), zeros(first.rows, first.columns)),
      );
  }
  return history[history.length - 1].focks;
}
