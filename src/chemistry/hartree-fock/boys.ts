/** The integral behind Coulomb's law between Gaussians. */

/** Highest order: (pp|pp) needs 4. */
export const boysOrder = 4;

const spacing = 0.1;
/** From here on erfc(√x) is below the rounding of F₀. */
const far = 36;
/** (spacing / 2)^8 / 8! is 1e-15. */
const terms = 8;

/** F_m at multiples of the spacing, m < boysOrder + terms; made when first needed. */
let table: Float64Array | undefined;
const columns = boysOrder + terms;

/**
 *   F_m(x) = e^-x Σ_k (2x)^k / ((2m+1)(2m+3) … (2m+2k+1)),   all terms positive
 */
function series(m: number, x: number): number {
  let term = 1 / (2 * m + 1);
  let sum = term;
  for (let k = 1; term > 1e-17 * sum; k++) {
    term *= (2 * x) / (2 * (m + k) + 1);
    sum += term;
  }
  return Math.exp(-x) * sum;
}

function makeTable(): Float64Array {
  const rows = Math.round(far / spacing) + 1;
  const made = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    const x = i * spacing;
    made[i * columns + columns - 1] = series(columns - 1, x);
    for (let m = columns - 2; m >= 0; m--) made[i * columns + m] = (2 * x * made[i * columns + m + 1] + Math.exp(-x)) / (2 * m + 1);
  }
  return made;
}

/**
 * Boys' function, F_m(x) = ∫₀¹ t^2m e^(-x t²) dt, for m = 0 … order, to 14 digits.
 *
 * Near: F_order by Taylor's series at the nearest multiple of 0.1 (dF_m/dx = -F_m+1), the others by the stable recursion downwards
 *   F_m = (2x F_m+1 + e^-x) / (2m + 1);
 * far: F₀ = ½ √(π/x), and the same recursion upwards, stable there.
 *
 * @param out  gets order + 1 values
 * @source  Helgaker, Jørgensen, Olsen, Molecular Electronic-Structure Theory, 9.8
 */
export function boys(order: number, x: number, out: Float64Array): void {
  if (x >= far) {
    out[0] = 0.5 * Math.sqrt(Math.PI / x);
    const decay = Math.exp(-x);
    for (let m = 0; m < order; m++) out[m + 1] = ((2 * m + 1) * out[m] - decay) / (2 * x);
    return;
  }
  table ??= makeTable();
  const row = Math.round(x / spacing);
  const step = row * spacing - x;
  let value = 0;
  for (let k = terms - 1; k >= 0; k--) value = table[row * columns + order + k] + (value * step) / (k + 1);
  out[order] = value;
  if (order === 0) return;
  const decay = Math.exp(-x);
  for (let m = order - 1; m >= 0; m--) out[m] = (2 * x * out[m + 1] + decay) / (2 * m + 1);
}
