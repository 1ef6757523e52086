/** What a long evaluation says: energies and observables with errors that know of correlations. */
import { blockedErrors, correlatedEstimate, type Estimate } from "../../sampling/index.ts";
import { electronsOf, nucleiOf, type System } from "../systems/system.ts";
import { bins, reachesOf, type SeriesName, seriesNames, type Tally } from "./tally.ts";

/** Counts of values in equal bins from 0 to `to`, and beyond. */
export interface Histogram {
  readonly to: number;
  readonly counts: Float64Array;
  readonly outside: number;
}

export interface Evaluation {
  /** ⟨E_loc⟩, in hartree: the error is that of means over walkers as one correlated series. */
  readonly energy: Estimate;
  /** Variance of E_loc over walkers, in hartree². */
  readonly variance: number;
  readonly kinetic: Estimate;
  readonly external: Estimate;
  readonly repulsion: Estimate;
  readonly acceptance: number;
  /** Energies that were no number, left out. */
  readonly lost: number;
  /** Mean energy of the walkers at each step. */
  readonly trace: Float64Array;
  /** Standard errors by block length, see `blockedErrors`. */
  readonly blocks: ReturnType<typeof blockedErrors>;
  /** Local energies of single walkers. */
  readonly sample: Float64Array;
  /** Means over electrons or pairs, in bohr: ⟨r⟩ and ⟨r²⟩ from the nearest nucleus or the origin, ⟨1/r⟩, ⟨r12⟩, ⟨1/r12⟩. */
  readonly means: Readonly<Record<string, Estimate>>;
  /** Σ_I Z_I R_I - ⟨Σ_i x_i⟩ in e a0, for molecules. */
  readonly dipole?: readonly Estimate[];
  readonly radial: Histogram;
  readonly pairs?: Histogram;
  /** Places of electrons: [points, dimension]. */
  readonly places: Float32Array;
}

const wide = ({ data }: Tally["series"]): Float64Array => data as Float64Array;

/** A filled tally. */
export function evaluationOf(tally: Tally, system: System): Evaluation {
  const done = wide(tally.done)[0];
  const column = (name: SeriesName): Float64Array => {
    const k = seriesNames.indexOf(name);
    return Float64Array.from({ length: done }, (_, t) => wide(tally.series)[t * seriesNames.length + k]);
  };
  const of = (name: SeriesName): Estimate => correlatedEstimate([column(name)]);
  const energy = of("energy");
  const many = electronsOf(system) > 1;
  const measured: readonly SeriesName[] = many ? ["r", "r²", "1/r", "r12", "1/r12"] : ["r", "r²", "1/r"];
  const [energies, points] = wide(tally.filled);
  const reach = reachesOf(system);
  const histogram = (counts: Float64Array, to: number): Histogram => ({ to, counts: counts.slice(0, bins), outside: counts[bins] });
  const nuclei = nucleiOf(system);
  const dipole = (["x", "y", "z"] as const).map((name, c) => {
    const { mean, error } = of(name);
    return { mean: nuclei.reduce((sum, { charge, position }) => sum + charge * position[c], 0) - mean, error };
  });
  return {
    ...{ energy, kinetic: of("kinetic"), external: of("external"), repulsion: of("repulsion") },
    variance: of("square").mean - energy.mean ** 2,
    ...{ acceptance: of("acceptance").mean, lost: column("lost").reduce((a, b) => a + b, 0) },
    ...{ trace: column("energy"), blocks: blockedErrors(column("energy")), sample: wide(tally.sample).slice(0, energies) },
    means: Object.fromEntries(measured.map((name) => [name, of(name)])),
    ...(nuclei.length > 0 && { dipole }),
    radial: histogram(wide(tally.radial), reach.radial),
    ...(many && { pairs: histogram(wide(tally.pairs), reach.pairs) }),
    places: (tally.places.data as Float32Array).slice(0, points * system.dimension),
  };
}
