/** Walkers at the end of a run, what drives them, and where the wave function changes its sign. */
import { type NdArray, ndarray } from "../../array/index.ts";
import { jit, type Tensor } from "../../tensor/index.ts";
import { type Ansatz, type Parameters, waveOf } from "../ansatz/ansatz.ts";
import { plainNetwork } from "../ansatz/network.ts";
import type { TransportCost } from "../flows/costs.ts";
import { meanOfValues } from "../flows/robust.ts";
import { energyProgram, type OwnField } from "../learning/programs.ts";
import { nucleiOf, type System } from "../systems/system.ts";
import { walkersLast } from "../walkers/walk.ts";

/** A wave function and walkers of it. */
export interface WaveAt {
  readonly system: System;
  readonly ansatz: Ansatz;
  readonly parameters: Parameters<NdArray>;
  /** [walkers, N · dimension]. */
  readonly x: NdArray;
  readonly field?: OwnField;
}

/** An electron of a walker. */
export interface Driven {
  readonly place: readonly number[];
  /** -u = -∇c*(∇E_loc) by its coordinates. */
  readonly velocity: readonly number[];
  /** E_loc of its walker less the mean, in hartree. */
  readonly excess: number;
}

/** The electrons of the first walkers, with what a Wasserstein flow and a Fisher-Rao flow do to them. */
export async function snapshot({ system, ansatz, parameters, x, field }: WaveAt, walkers: number, cost: TransportCost): Promise<Driven[]> {
  const count = Math.min(walkers, x.shape[0]);
  const { dimension } = system;
  const n = x.shape[1] / dimension;
  const some = ndarray((x.data as Float32Array).slice(0, count * x.shape[1]), [count, x.shape[1]], "f32");
  const { energy, slope } = await energyProgram(system, ansatz, true, field)(parameters, some);
  const u = await jit((s: Tensor) => cost.map(s))(slope);
  const mean = meanOfValues(energy.data as Float32Array);
  return Array.from({ length: count * n }, (_, k) => {
    const [walker, i] = [Math.floor(k / n), k % n];
    const coordinates = Array.from({ length: dimension }, (_, c) => c);
    return {
      place: coordinates.map((c) => Number(some.data[k * dimension + c])),
      velocity: coordinates.map((c) => -Number(u.data[(c * n + i) * count + walker])),
      excess: Number(energy.data[walker]) - mean,
    };
  });
}

/** ψ while one electron moves over a plane and the others stay. */
export interface Slice {
  /** The two coordinates of the plane, and their range in bohr. */
  readonly plane: readonly [number, number];
  readonly range: readonly [number, number];
  readonly size: number;
  /** sign · |ψ| / max |ψ|: [size, size], the first coordinate fastest. */
  readonly values: Float64Array;
  /** Where the other electrons are. */
  readonly others: readonly { readonly place: readonly number[]; readonly up: boolean }[];
}

const size = 70;

/** The wave function over a plane through the middle of the nuclei, or the origin; the sign of ψ is that which makes its largest value positive. */
export async function nodalSlice(
  { system, ansatz, parameters, x }: WaveAt,
  plane: readonly [number, number],
  range: readonly [number, number],
): Promise<Slice> {
  const { dimension, up } = system;
  const width = x.shape[1];
  const own = (x.data as Float32Array).subarray(0, width);
  const grid = new Float32Array(size * size * width);
  const nuclei = nucleiOf(system);
  const middle = [0, 1, 2].map((c) => nuclei.reduce((sum, { position }) => sum + position[c] / nuclei.length, 0));
  const at = (k: number): number => range[0] + ((range[1] - range[0]) * k) / (size - 1);
  for (let k = 0; k < size * size; k++) {
    grid.set(own, k * width);
    for (let c = 0; c < dimension; c++) grid[k * width + c] = middle[c];
    grid[k * width + plane[0]] = at(k % size);
    grid[k * width + plane[1]] = at(Math.floor(k / size));
  }
  const wave = jit((p: Parameters<Tensor>, places: Tensor) => waveOf(ansatz, walkersLast(system, places), plainNetwork(p)));
  const { logAbs, sign } = await wave(parameters, ndarray(grid, [size * size, width], "f32"));
  const highest = Array.from(logAbs.data as Float32Array).reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const positive = Number(sign.data[(logAbs.data as Float32Array).indexOf(highest)]);
  const values = Float64Array.from(logAbs.data as Float32Array, (l, k) => Number(sign.data[k]) * positive * Math.exp(l - highest));
  const others = Array.from({ length: width / dimension - 1 }, (_, k) => ({
    place: Array.from(own.subarray((k + 1) * dimension, (k + 2) * dimension)),
    up: k + 1 < up,
  }));
  return { plane, range, size, values, others };
}
