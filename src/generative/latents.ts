/** Places in the space of z that pictures show. */
import { allocate, type NdArray, toNumbers } from "../array/index.ts";

/** Between rows 0 and 1, 2 and 3, … of z [n, d]: straight lines of `steps` rows, at most `lines` of them. */
export function interpolated(z: NdArray, steps: number, lines = 8): NdArray<"f32"> {
  const d = z.shape[1];
  const count = Math.min(lines, z.shape[0] >> 1);
  const values = toNumbers(z);
  const out = allocate("f32", [count * steps, d]);
  for (let line = 0; line < count; line++)
    for (let s = 0; s < steps; s++)
      for (let j = 0; j < d; j++) {
        const [from, to] = [values[2 * line * d + j], values[(2 * line + 1) * d + j]];
        out.data[(line * steps + s) * d + j] = from + ((to - from) * s) / (steps - 1);
      }
  return out;
}

/** The same on circles about the origin, where draws of N(0, I) lie: a straight line between two of them passes where there are none. */
export function circled(z: NdArray, steps: number, lines = 8): NdArray<"f32"> {
  const d = z.shape[1];
  const count = Math.min(lines, z.shape[0] >> 1);
  const values = toNumbers(z);
  const row = (i: number): number[] => values.slice(i * d, (i + 1) * d);
  const out = allocate("f32", [count * steps, d]);
  for (let line = 0; line < count; line++) {
    const [a, b] = [row(2 * line), row(2 * line + 1)];
    const [sizeA, sizeB] = [a, b].map((v) => Math.hypot(...v));
    const cosine = a.reduce((s, v, j) => s + v * b[j], 0) / (sizeA * sizeB);
    const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
    for (let s = 0; s < steps; s++) {
      const t = s / (steps - 1);
      const size = sizeA + (sizeB - sizeA) * t;
      const [wa, wb] =
        Math.sin(angle) > 1e-6 ? [Math.sin((1 - t) * angle), Math.sin(t * angle)].map((w) => w / Math.sin(angle)) : [1 - t, t];
      for (let j = 0; j < d; j++) out.data[(line * steps + s) * d + j] = size * ((wa * a[j]) / sizeA + (wb * b[j]) / sizeB);
    }
  }
  return out;
}

/** side² places in the plane at the middles of cells of equal probability under N(0, I): z₁ grows along a row, z₂ falls from row to row. */
export function quantileGrid(side: number): NdArray<"f32"> {
  const at = Array.from({ length: side }, (_, i) => normalQuantile((i + 0.5) / side));
  const out = allocate("f32", [side * side, 2]);
  for (let i = 0; i < side; i++) for (let j = 0; j < side; j++) out.data.set([at[j], at[side - 1 - i]], 2 * (i * side + j));
  return out;
}

/** The quantile of N(0, 1), by bisection of an integral that Simpson's rule gives to 1e-9: some tens of calls need no more. */
function normalQuantile(p: number): number {
  const probability = (x: number): number => {
    const n = 200;
    const f = (i: number): number => Math.exp(-(((x * i) / n) ** 2) / 2) * (i === 0 || i === n ? 1 : i % 2 ? 4 : 2);
    return 0.5 + ((x / n / 3) * Array.from({ length: n + 1 }, (_, i) => f(i)).reduce((s, v) => s + v, 0)) / Math.sqrt(2 * Math.PI);
  };
  let [low, high] = [-8, 8];
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (probability(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
