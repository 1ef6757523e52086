/** What is measured of electrons by where walkers are: distances, dipole, densities. In bohr. */
import type { NdArray } from "../../array/index.ts";
import { correlatedEstimate, type Estimate } from "../../sampling/index.ts";
import { electronsOf, nucleiOf, type System } from "../systems/system.ts";

/** Counts of values in equal bins from `from` to `to`. */
export interface Histogram {
  readonly from: number;
  readonly to: number;
  readonly counts: Float64Array;
  /** Values outside. */
  readonly outside: number;
}

export interface Observed {
  /** Means over electrons (or pairs) and walkers, with errors: ⟨r⟩ and ⟨r²⟩ from the nearest nucleus or the origin, ⟨1/r⟩, ⟨r12⟩, ⟨1/r12⟩, … */
  readonly means: Readonly<Record<string, Estimate>>;
  /** Σ_I Z_I R_I - ⟨Σ_i x_i⟩ in e a0, for molecules. */
  readonly dipole?: readonly Estimate[];
  /** Distances of electrons from the nearest nucleus, or from the origin. */
  readonly radial: Histogram;
  /** Distances of pairs. */
  readonly pairs?: Histogram;
  /** Positions of electrons of some steps, electron by electron: [points, dimension]. */
  readonly places: { readonly values: Float32Array; readonly dimension: number };
  /** How many points were seen, of which `places` keeps some. */
  readonly points: number;
}

/** Points that are kept for pictures of densities. */
const keptPoints = 400_000;
const bins = 120;

interface Filling {
  readonly from: number;
  readonly to: number;
  readonly counts: Float64Array;
  outside: number;
}

const filling = (to: number): Filling => ({ from: 0, to, counts: new Float64Array(bins), outside: 0 });

function put(histogram: Filling, value: number): void {
  const bin = Math.floor((bins * value) / histogram.to);
  if (bin < bins) histogram.counts[bin]++;
  else histogram.outside++;
}

/** Collects observables over steps. */
export function observer(system: System): { readonly see: (x: NdArray) => void; readonly result: () => Observed } {
  const { dimension } = system;
  const n = electronsOf(system);
  const nuclei = nucleiOf(system);
  const centres = nuclei.length > 0 ? nuclei.map(({ position }) => position) : [[0, 0, 0]];
  const extent = Math.max(0, ...centres.flatMap((a) => centres.map((b) => Math.hypot(...a.map((v, c) => v - b[c])))));
  const reach = system.field.kind === "trap" ? 6 / Math.sqrt(system.field.omega) : 8;
  const radial = filling(reach);
  const pairs = n > 1 ? filling(extent + 1.5 * reach) : undefined;
  const series: Record<string, number[]> = {};
  const moments: number[][] = [[], [], []];
  const places = new Float32Array(keptPoints * dimension);
  let [kept, points] = [0, 0];
  const add = (name: string, value: number): void => void (series[name] ??= []).push(value);
  const see = ({ data, shape: [walkers] }: NdArray): void => {
    const x = data as Float32Array;
    const total = { r: 0, r2: 0, inverse: 0, r12: 0, inverse12: 0 };
    const centre = new Float64Array(3);
    for (let b = 0; b < walkers; b++) {
      const own = b * n * dimension;
      for (let i = 0; i < n; i++) {
        const at = own + i * dimension;
        for (let c = 0; c < dimension; c++) centre[c] += x[at + c] / walkers;
        const r = Math.min(...centres.map((R) => distance(x, at, R, dimension)));
        total.r += r;
        total.r2 += r * r;
        total.inverse += 1 / r;
        put(radial, r);
        for (let j = 0; j < i; j++) {
          const r12 = between(x, at, own + j * dimension, dimension);
          total.r12 += r12;
          total.inverse12 += 1 / r12;
          if (pairs) put(pairs, r12);
        }
      }
      // the last points take the place of none: what is kept is an even share of the run as long as there is room
      if (kept + n <= keptPoints) {
        places.set(x.subarray(own, own + n * dimension), kept * dimension);
        kept += n;
      }
      points += n;
    }
    add("r", total.r / (walkers * n));
    add("r²", total.r2 / (walkers * n));
    add("1/r", total.inverse / (walkers * n));
    if (n > 1) {
      const count = (walkers * n * (n - 1)) / 2;
      add("r12", total.r12 / count);
      add("1/r12", total.inverse12 / count);
    }
    centre.forEach((v, c) => {
      moments[c].push(v);
    });
  };
  const result = (): Observed => ({
    means: Object.fromEntries(Object.entries(series).map(([name, values]) => [name, correlatedEstimate([values])])),
    ...(nuclei.length > 0 && {
      dipole: moments.map((values, c) =>
        dipoleOf(
          nuclei.reduce((s, a) => s + a.charge * a.position[c], 0),
          values,
        ),
      ),
    }),
    radial,
    ...(pairs && { pairs }),
    places: { values: places.slice(0, kept * dimension), dimension },
    points,
  });
  return { see, result };
}

function dipoleOf(nuclear: number, electrons: readonly number[]): Estimate {
  const { mean, error } = correlatedEstimate([electrons]);
  return { mean: nuclear - mean, error };
}

function distance(x: Float32Array, at: number, centre: readonly number[], dimension: number): number {
  let sum = 0;
  for (let c = 0; c < dimension; c++) sum += (x[at + c] - centre[c]) ** 2;
  return Math.sqrt(sum);
}

function between(x: Float32Array, a: number, b: number, dimension: number): number {
  let sum = 0;
  for (let c = 0; c < dimension; c++) sum += (x[a + c] - x[b + c]) ** 2;
  return Math.sqrt(sum);
}
