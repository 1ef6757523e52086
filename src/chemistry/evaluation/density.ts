/** Densities of electrons from the places where walkers were: on planes for pictures, in space as CUBE files. */
import { nucleiOf, type System } from "../systems/system.ts";

/** Points of a regular grid along one axis. */
export interface GridAxis {
  readonly from: number;
  readonly step: number;
  readonly count: number;
}

/** `count` points from `low` to `high`. */
export const axisOver = (low: number, high: number, count: number): GridAxis => ({ from: low, step: (high - low) / (count - 1), count });

/**
 * Electrons per volume (or area) at grid points: each place is shared among its neighbours by linear weights, so that the sum times the cell is
 * the number of electrons inside.
 *
 * @param places     [points, dimension]
 * @param electrons  N, to which all places together add up
 * @param pick       coordinates that a place has on the axes
 * @returns  [axes[0].count, axes[1].count, …], the last axis fastest
 */
export function depositedDensity(
  places: Float32Array,
  dimension: number,
  electrons: number,
  axes: readonly GridAxis[],
  pick: (at: number) => readonly number[],
): Float64Array {
  const strides = axes.map((_, a) => axes.slice(a + 1).reduce((n, { count }) => n * count, 1));
  const grid = new Float64Array(axes.reduce((n, { count }) => n * count, 1));
  const points = places.length / dimension;
  const cell = axes.reduce((volume, { step }) => volume * step, 1);
  for (let point = 0; point < points; point++) {
    const at = pick(point * dimension).map((value, a) => (value - axes[a].from) / axes[a].step);
    const low = at.map(Math.floor);
    if (low.some((i, a) => i < 0 || i + 1 >= axes[a].count)) continue;
    for (let corner = 0; corner < 1 << axes.length; corner++) {
      let [weight, index] = [1, 0];
      axes.forEach((_, a) => {
        const upper = (corner >> a) & 1;
        weight *= upper ? at[a] - low[a] : 1 - (at[a] - low[a]);
        index += (low[a] + upper) * strides[a];
      });
      grid[index] += weight;
    }
  }
  return grid.map((count) => (count * electrons) / (points * cell));
}

/** What lies around nuclei by so much is on the grid of a CUBE file, in bohr. */
const margin = 5;
const mostPoints = 80;
const finest = 0.2;

/**
 * The electron density as a Gaussian CUBE file: two lines of comment, atoms, grid, values in electrons per bohr³, the last coordinate fastest.
 *
 * @source  the format of Gaussian's cubegen utility; all lengths in bohr
 */
export function densityCube(system: System, places: Float32Array): string {
  const nuclei = nucleiOf(system);
  const centres = nuclei.length > 0 ? nuclei.map(({ position }) => position) : [[0, 0, 0] as const];
  const axes = [0, 1, 2].map((c) => {
    const [low, high] = [Math.min(...centres.map((r) => r[c])) - margin, Math.max(...centres.map((r) => r[c])) + margin];
    const count = Math.min(mostPoints, Math.ceil((high - low) / finest) + 1);
    return axisOver(low, high, count);
  });
  const electrons = system.up + system.down;
  const values = depositedDensity(places, 3, electrons, axes, (at) => [places[at], places[at + 1], places[at + 2]]);
  const real = (x: number): string => x.toFixed(6).padStart(12);
  const whole = (n: number): string => String(n).padStart(5);
  const lines = [
    `electron density of ${system.title.replace(/\s+/g, " ")}, electrons per cubic bohr`,
    `from ${places.length / 3} places of electrons in a Monte Carlo run; counts are shared among neighbouring points`,
    whole(nuclei.length) + axes.map(({ from }) => real(from)).join(""),
    ...axes.map(({ count, step }, c) => whole(count) + [0, 1, 2].map((k) => real(k === c ? step : 0)).join("")),
    ...nuclei.map(({ charge, position }) => whole(Math.round(charge)) + real(charge) + position.map(real).join("")),
  ];
  const row = axes[2].count;
  for (let start = 0; start < values.length; start += row)
    for (let k = 0; k < row; k += 6)
      lines.push(
        Array.from(values.subarray(start + k, start + Math.min(row, k + 6)), (v) =>
          v
            .toExponential(5)
            .toUpperCase()
            .replace(/E([+-])(\d)$/, "E$10$2")
            .padStart(13),
        ).join(""),
      );
  return `${lines.join("\n")}\n`;
}
