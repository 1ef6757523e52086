/** Integrals over all space as weighted walkers, precise to rounding: what Monte Carlo estimates. */
import { type NdArray, ndarray } from "../../src/array/index.ts";

interface Rule {
  readonly nodes: readonly number[];
  readonly weights: readonly number[];
}

const steps = (from: number, to: number, count: number): number[] =>
  Array.from({ length: count }, (_, k) => from + ((to - from) * k) / (count - 1));

/** ∫_0^∞ f(r) dr of functions that decay as e^{-r}: r = e^{t - e^{-t}}, equal steps in t. */
export function halfLine(count: number, from = -3.2, to = 4.2): Rule {
  const h = (to - from) / (count - 1);
  const t = steps(from, to, count);
  const nodes = t.map((v) => Math.exp(v - Math.exp(-v)));
  return { nodes, weights: nodes.map((r, k) => h * r * (1 + Math.exp(-t[k]))) };
}

/** ∫_0^1 f(p) dp: p = (1 + tanh(π/2 sinh t)) / 2, equal steps in t; ends may be singular. */
export function unitInterval(count: number, most = 2.6): Rule {
  const h = (2 * most) / (count - 1);
  const t = steps(-most, most, count);
  const s = t.map((v) => (Math.PI / 2) * Math.sinh(v));
  return {
    nodes: s.map((v) => 1 / (1 + Math.exp(-2 * v))),
    weights: s.map((v, k) => (h * (Math.PI / 4) * Math.cosh(t[k])) / Math.cosh(v) ** 2),
  };
}

/** Walkers [dimension, N, walkers] and the volume that each stands for. */
export interface Cloud {
  readonly x: NdArray<"f64">;
  readonly volumes: Float64Array;
}

/**
 * Two electrons around one nucleus in Hylleraas's coordinates s = r1 + r2, t = |r1 - r2|, u = r12, 0 <= t <= u <= s: volumes are proportional
 * to (s² - t²) u. Electron 1 stands on the third axis, electron 2 in the plane of the first and third.
 */
export function heliumCloud(alongS: number, alongOthers: number, scale: number): Cloud {
  const [outer, unit] = [halfLine(alongS, -2.6, 3.6), unitInterval(alongOthers)];
  const places: number[][] = [];
  const volumes: number[] = [];
  outer.nodes.forEach((s0, i) =>
    unit.nodes.forEach((p, j) =>
      unit.nodes.forEach((q, k) => {
        const s = s0 * scale;
        const [u, t] = [s * p, s * p * q];
        const [r1, r2] = [(s + t) / 2, (s - t) / 2];
        const height = Math.sqrt(Math.max(0, (s * s - u * u) * (u * u - t * t))) / (2 * r1);
        const z = (r1 * r1 + r2 * r2 - u * u) / (2 * r1);
        places.push([0, 0, r1, height, 0, z]);
        volumes.push(outer.weights[i] * unit.weights[j] * unit.weights[k] * (s * s - t * t) * u * s * u);
      }),
    ),
  );
  const walkers = places.length;
  const data = Float64Array.from({ length: 6 * walkers }, (_, at) => {
    const [c, e, b] = [Math.floor(at / (2 * walkers)), Math.floor(at / walkers) % 2, at % walkers];
    return places[b][3 * e + c];
  });
  return { x: ndarray(data, [3, 2, walkers], "f64"), volumes: Float64Array.from(volumes) };
}

/** Every point of a grid of equal steps along all coordinates, electron by electron. */
export function gridCloud(dimension: number, n: number, edge: number, count: number): Cloud {
  const axis = steps(-edge, edge, count);
  const d = dimension * n;
  const walkers = count ** d;
  const data = Float64Array.from({ length: d * walkers }, (_, at) => {
    const [c, e, b] = [Math.floor(at / (n * walkers)), Math.floor(at / walkers) % n, at % walkers];
    return axis[Math.floor(b / count ** (e * dimension + c)) % count];
  });
  return { x: ndarray(data, [dimension, n, walkers], "f64"), volumes: new Float64Array(walkers).fill(1) };
}

/** Shares of ψ² dx, of sum 1, by log |ψ|. */
export function shares({ volumes }: Cloud, logAbs: readonly number[]): number[] {
  const most = Math.max(...logAbs);
  const raw = logAbs.map((l, b) => volumes[b] * Math.exp(2 * (l - most)));
  const total = raw.reduce((s, v) => s + v, 0);
  return raw.map((v) => v / total);
}

export const expected = (share: readonly number[], f: (b: number) => number): number => share.reduce((s, w, b) => s + w * f(b), 0);

/** Mean and standard error of independent values. */
export function meanError(values: readonly number[]): { mean: number; error: number } {
  const mean = values.reduce((s, v) => s + v, 0) / values.length;
  const square = values.reduce((s, v) => s + (v - mean) ** 2, 0);
  return { mean, error: Math.sqrt(square / (values.length * (values.length - 1))) };
}
