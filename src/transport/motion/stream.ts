/** Stream lines of the learned velocity in the first two features, smoothed over the observed particles. */
import type { Snapshots } from "../../data/snapshots.ts";
import type { Fields } from "./fields.ts";
import { mainRange } from "./main-range.ts";

const size = 40;

/** The velocity in the first two features on a grid of `size` by `size`. */
interface Grid {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
  /** Velocity in grid cells a unit of time, and the density of particles relative to its mean, at [row * size + column]. */
  readonly u: Float64Array;
  readonly v: Float64Array;
  readonly density: Float64Array;
}

/** Means of the velocities of nearby particles, weighted by a Gaussian of one grid cell and a half. */
function smoothed(data: Pick<Snapshots, "snapshots" | "features">, fields: readonly Fields[]): Grid {
  const d = data.features.length;
  const clouds = data.snapshots.map((s, k) => [s, fields[k].velocity] as const);
  const range = (j: number): [number, number] => {
    const values = clouds.flatMap(([s]) => Array.from({ length: s.shape[0] }, (_, i) => s.data[i * d + j])).sort((a, b) => a - b);
    const main = mainRange(values);
    const low = Math.max(main[0], values[Math.floor(values.length * 0.005)]);
    const high = Math.min(main[1], values[Math.ceil((values.length - 1) * 0.995)]);
    return [low - 0.03 * (high - low), high + 0.03 * (high - low)];
  };
  const [x, y] = [range(0), range(1)];
  const [u, v, density] = [0, 1, 2].map(() => new Float64Array(size * size));
  const reach = 4;
  for (const [s, w] of clouds)
    for (let i = 0; i < s.shape[0]; i++) {
      const [gx, gy] = [((s.data[i * d] - x[0]) / (x[1] - x[0])) * (size - 1), ((s.data[i * d + 1] - y[0]) / (y[1] - y[0])) * (size - 1)];
      for (let r = Math.max(0, Math.ceil(gy - reach)); r <= Math.min(size - 1, gy + reach); r++)
        for (let c = Math.max(0, Math.ceil(gx - reach)); c <= Math.min(size - 1, gx + reach); c++) {
          const weight = Math.exp(-((c - gx) ** 2 + (r - gy) ** 2) / 4.5);
          u[r * size + c] += (weight * w.data[i * d] * (size - 1)) / (x[1] - x[0]);
          v[r * size + c] += (weight * w.data[i * d + 1] * (size - 1)) / (y[1] - y[0]);
          density[r * size + c] += weight;
        }
    }
  for (let g = 0; g < size * size; g++) if (density[g] > 0) [u[g], v[g]] = [u[g] / density[g], v[g] / density[g]];
  const mean = density.reduce((a, b) => a + b, 0) / density.length;
  return { x, y, u, v, density: density.map((w) => w / mean) };
}

/** Column and row on the grid. */
type Point = readonly [number, number];

function sample({ u, v, density }: Grid, [px, py]: Point): { u: number; v: number; density: number } | undefined {
  const [c, r] = [Math.floor(px), Math.floor(py)];
  if (!(c >= 0 && r >= 0 && c < size - 1 && r < size - 1)) return undefined;
  const [fx, fy] = [px - c, py - r];
  const mix = (a: Float64Array): number => {
    const g = r * size + c;
    return (a[g] * (1 - fx) + a[g + 1] * fx) * (1 - fy) + (a[g + size] * (1 - fx) + a[g + size + 1] * fx) * fy;
  };
  return { u: mix(u), v: mix(v), density: mix(density) };
}

/** A line through a seed, both ways, until it leaves the particles or comes close to another line. */
function lineThrough(grid: Grid, seed: Point, taken: Uint8Array): Point[] {
  const walk = (sign: number): Point[] => {
    const line: Point[] = [];
    let at: Point = seed;
    for (let k = 0; k < 120; k++) {
      const here = sample(grid, at);
      const speed = here ? Math.hypot(here.u, here.v) : 0;
      if (!here || here.density < 0.12 || speed < 1e-9) break;
      at = [at[0] + (sign * 0.25 * here.u) / speed, at[1] + (sign * 0.25 * here.v) / speed];
      if (k > 4 && taken[cell(at)]) break;
      line.push(at);
    }
    return line;
  };
  return [...walk(-1).reverse(), seed, ...walk(1)];
}

/** Cells of 1.6 grid units, of which each belongs to one line. */
const coarse = Math.ceil(size / 1.6);
const cell = ([px, py]: Point): number =>
  Math.min(coarse - 1, Math.max(0, Math.floor(py / 1.6))) * coarse + Math.min(coarse - 1, Math.max(0, Math.floor(px / 1.6)));

/** Lines in the user's features, and the rectangle that they lie in. */
export interface Stream {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
  readonly lines: readonly (readonly { readonly x: number; readonly y: number }[])[];
}

/**
 * Lines that follow the velocity, evenly spread where there are particles: from the densest places on, each until it comes close to
 * another.
 */
export function streamLines(data: Pick<Snapshots, "snapshots" | "features">, fields: readonly Fields[]): Stream {
  const grid = smoothed(data, fields);
  const taken = new Uint8Array(coarse * coarse);
  const back = ([px, py]: Point) => ({
    x: grid.x[0] + (px / (size - 1)) * (grid.x[1] - grid.x[0]),
    y: grid.y[0] + (py / (size - 1)) * (grid.y[1] - grid.y[0]),
  });
  const seeds = Array.from(grid.density.keys()).sort((a, b) => grid.density[b] - grid.density[a]);
  const lines: Point[][] = [];
  for (const g of seeds) {
    const seed: Point = [(g % size) + 0.01, Math.floor(g / size) + 0.01];
    if (grid.density[g] < 0.15 || taken[cell(seed)]) continue;
    const line = lineThrough(grid, seed, taken);
    for (const p of line) taken[cell(p)] = 1;
    if (line.length > 9) lines.push(line);
  }
  return { x: grid.x, y: grid.y, lines: lines.map((line) => line.map(back)) };
}
