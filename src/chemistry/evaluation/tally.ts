/** What the long evaluation writes down at each of its steps: arrays that fill up, so that a run can stop and go on anywhere. */
import { type NdArray, ndarray } from "../../array/index.ts";
import { meanOfValues } from "../flows/robust.ts";
import { electronsOf, nucleiOf, type System } from "../systems/system.ts";

/** Columns of the series: means over walkers of a step. */
export const seriesNames = [
  "energy",
  "square",
  "kinetic",
  "external",
  "repulsion",
  "acceptance",
  "lost",
  "r",
  "r²",
  "1/r",
  "r12",
  "1/r12",
  "x",
  "y",
  "z",
] as const;
export type SeriesName = (typeof seriesNames)[number];

/** Tables of a run's evaluation; steps write into them. */
export interface Tally {
  /** Steps done: []. */
  readonly done: NdArray;
  /** [steps, series]. */
  readonly series: NdArray;
  /** Distances of electrons from the nearest nucleus or the origin, in equal bins; the last counts what lies beyond: [bins + 1]. */
  readonly radial: NdArray;
  /** Distances of pairs: [bins + 1]. */
  readonly pairs: NdArray;
  /** Local energies of single walkers of the first steps: [kept]. */
  readonly sample: NdArray;
  /** Places of electrons of evenly spread steps, electron by electron: [points, dimension]. */
  readonly places: NdArray;
  /** How much of the last two is filled: [2]. */
  readonly filled: NdArray;
}

export const bins = 120;
const [keptEnergies, keptPlaces] = [20_000, 200_000];

const zerosOf = (...shape: number[]): NdArray => ndarray(new Float64Array(shape.reduce((a, b) => a * b, 1)), shape, "f64");

const singles = (rows: number, columns: number): NdArray => ndarray(new Float32Array(rows * columns), [rows, columns], "f32");

export const emptyTally = (system: System, steps: number): Tally => ({
  ...{ done: zerosOf(), series: zerosOf(steps, seriesNames.length), radial: zerosOf(bins + 1), pairs: zerosOf(bins + 1) },
  ...{ sample: zerosOf(keptEnergies), places: singles(keptPlaces, system.dimension), filled: zerosOf(2) },
});

/** How far histograms reach, in bohr: where densities of atoms and traps have vanished; pairs may be as far apart as the nuclei besides. */
export function reachesOf(system: System): { readonly radial: number; readonly pairs: number } {
  const centres = nucleiOf(system).map(({ position }) => position);
  const extent = Math.max(0, ...centres.flatMap((a) => centres.map((b) => Math.hypot(...a.map((v, c) => v - b[c])))));
  const radial = system.field.kind === "trap" ? 6 / Math.sqrt(system.field.omega) : 8;
  return { radial, pairs: extent + 1.5 * radial };
}

/** Energies of a step as the compiled program gives them, each [walkers]. */
export interface StepEnergies {
  readonly energy: NdArray;
  readonly kinetic: NdArray;
  readonly external: NdArray;
  readonly repulsion: NdArray;
}

const wide = (a: NdArray): Float64Array => a.data as Float64Array;
const finite = ({ data }: NdArray): Float32Array => (data as Float32Array).filter(Number.isFinite);

/** Writes a step down. */
export function note(tally: Tally, system: System, x: NdArray, energies: StepEnergies, acceptance: number): void {
  const step = wide(tally.done)[0]++;
  const own = finite(energies.energy);
  const values: Partial<Record<SeriesName, number>> = {
    ...{ energy: meanOfValues(own), square: meanOfValues(Float64Array.from(own, (e) => e * e)), acceptance },
    ...{ lost: energies.energy.data.length - own.length, kinetic: meanOfValues(finite(energies.kinetic)) },
    ...{ external: meanOfValues(finite(energies.external)), repulsion: meanOfValues(finite(energies.repulsion)) },
    ...distances(tally, system, x),
  };
  seriesNames.forEach((name, k) => {
    wide(tally.series)[step * seriesNames.length + k] = values[name] ?? 0;
  });
  const filled = wide(tally.filled);
  const room = keptEnergies - filled[0];
  wide(tally.sample).set(own.subarray(0, room), filled[0]);
  filled[0] += Math.min(room, own.length);
  keepPlaces(tally, system, x, step);
}

/** Keeps the walkers of every so many steps that room is left to the end. */
function keepPlaces({ places, filled, series }: Tally, { dimension }: System, x: NdArray, step: number): void {
  const points = x.data.length / dimension;
  const every = Math.max(1, Math.ceil((series.shape[0] * points) / keptPlaces));
  const at = wide(filled)[1];
  const count = Math.min(points, keptPlaces - at);
  if (step % every !== 0 || count <= 0) return;
  (places.data as Float32Array).set((x.data as Float32Array).subarray(0, count * dimension), at * dimension);
  wide(filled)[1] += count;
}

function put(counts: Float64Array, reach: number, value: number): void {
  counts[Math.min(bins, Math.floor((bins * value) / reach))]++;
}

/** Means of distances, the mean of Σ_i x_i, and the histograms. */
function distances(tally: Tally, system: System, { data, shape: [walkers] }: NdArray): Partial<Record<SeriesName, number>> {
  const { dimension } = system;
  const n = electronsOf(system);
  const nuclei = nucleiOf(system);
  const centres = nuclei.length > 0 ? nuclei.map(({ position }) => position) : [[0, 0, 0]];
  const reach = reachesOf(system);
  const x = data as Float32Array;
  const apart = (a: number, b: (c: number) => number): number => {
    let sum = 0;
    for (let c = 0; c < dimension; c++) sum += (x[a + c] - b(c)) ** 2;
    return Math.sqrt(sum);
  };
  const sums = { r: 0, square: 0, inverse: 0, r12: 0, inverse12: 0 };
  const centre = [0, 0, 0];
  for (let at = 0; at < x.length; at += dimension) {
    const i = (at / dimension) % n;
    for (let c = 0; c < dimension; c++) centre[c] += x[at + c] / walkers;
    const r = Math.min(...centres.map((place) => apart(at, (c) => place[c])));
    sums.r += r;
    sums.square += r * r;
    sums.inverse += 1 / r;
    put(wide(tally.radial), reach.radial, r);
    for (let j = 1; j <= i; j++) {
      const r12 = apart(at, (c) => x[at - j * dimension + c]);
      sums.r12 += r12;
      sums.inverse12 += 1 / r12;
      put(wide(tally.pairs), reach.pairs, r12);
    }
  }
  const electrons = walkers * n;
  const pairs = Math.max(1, (electrons * (n - 1)) / 2);
  return {
    ...{ r: sums.r / electrons, "r²": sums.square / electrons, "1/r": sums.inverse / electrons },
    ...{ r12: sums.r12 / pairs, "1/r12": sums.inverse12 / pairs },
    ...{ x: centre[0], y: centre[1], z: centre[2] },
  };
}
