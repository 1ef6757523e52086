/**
 * (1+1)-CMA-ES: one offspring x + σ A z a step, taken if it is no worse; σ follows the rate of success, A Aᵀ the covariance of steps that
 * succeed, by updates of the factor itself. Needs values alone, one a step.
 *
 *   z ~ N(0, I),  p̄ ← (1 - c_p) p̄ + c_p [success],  σ ← σ exp((p̄ - p*) / (d (1 - p*)))
 *   on success, while p̄ < 0.44:  A ← √(1 - c) A + √(1 - c) / |z|² (√(1 + c |z|² / (1 - c)) - 1) (A z) zᵀ
 *
 * @source  Igel, Suttorp & Hansen, GECCO 2006: "A computational efficient covariance matrix update and a (1+1)-CMA"
 */
import type { Random } from "../../array/index.ts";
import { dot, type Minimiser, plus } from "./minimise.ts";

const target = 2 / 11;

export function* evolution(f: (x: Float64Array) => number, start: Float64Array, rng: Random, { width = 0.5 } = {}): Minimiser {
  const n = start.length;
  const [c, d] = [2 / (n * n + 6), 1 + n / 2];
  const rows = Array.from({ length: n }, (_, i) => Float64Array.from({ length: n }, (_, j) => (i === j ? 1 : 0)));
  let [x, value, sigma, rate] = [start, f(start), width, target];
  for (let calls = 1; sigma > 1e-9; calls++) {
    yield { x, value, calls };
    const z = rng.normal([n], "f64").data;
    const step = Float64Array.from(rows, (row) => dot(row, z));
    const next = plus(x, sigma, step);
    const found = f(next);
    const won = found <= value;
    rate = (11 / 12) * rate + (won ? 1 / 12 : 0);
    sigma *= Math.exp((rate - target) / (d * (1 - target)));
    if (!won) continue;
    [x, value] = [next, found];
    if (rate >= 0.44) continue;
    const square = dot(z, z);
    const keep = Math.sqrt(1 - c);
    const turn = (keep / square) * (Math.sqrt(1 + (c * square) / (1 - c)) - 1);
    rows.forEach((row, i) => row.forEach((a, j) => (row[j] = keep * a + turn * step[i] * z[j])));
  }
}
