/** What a reader should be warned of. Each limit has its reason. */
import type { Estimate } from "../../sampling/index.ts";
import type { Reference } from "../systems/system.ts";
import type { Virial } from "./virial.ts";

interface Measured {
  readonly energy: Estimate;
  readonly variance: number;
  readonly acceptance: number;
  readonly lost: number;
  readonly virial: Virial | undefined;
}

/** An expectation of H is never below the ground state; five standard errors below happen once in three million. */
const mostBelow = 5;
/** Outside of these, chains hardly move: steps are too large, or so small that walkers stay where they are. */
const [leastAccepted, mostAccepted] = [0.1, 0.9];
/** Share by which the virial may be off: beyond, the wave function is not stationary under scaling, or the evaluation is too short. */
const virialSlack = 0.01;

export function evaluationCautions({ energy, acceptance, lost, virial }: Measured, reference: Reference | undefined): string[] {
  const below = reference ? (reference.energy - (reference.error ?? 0) - energy.mean) / energy.error : 0;
  const target = virial?.note.includes(", 2 ") ? 2 : 1;
  const off = virial ? Math.abs(virial.value / target - 1) : 0;
  return [
    ...(below > mostBelow
      ? [
          `the energy is ${below.toFixed(0)} standard errors below the known one, which cannot be: the walkers do not sample the wave function (raise --moves-per-step, or give another --seed)`,
        ]
      : []),
    ...(acceptance < leastAccepted || acceptance > mostAccepted
      ? [`${(100 * acceptance).toFixed(0)} % of proposals were accepted: the chain hardly moves, and the error is understated`]
      : []),
    ...(virial && off > virialSlack && off > (5 * virial.error) / target
      ? [`the virial is ${virial.value.toFixed(3)} instead of ${target}: the wave function is not yet an eigenstate (train longer)`]
      : []),
    ...(lost > 0 ? [`${lost} local energies were no numbers and are left out`] : []),
  ];
}

/** Rows of 20 steps each: so many of them are 60 steps. */
const sustained = 3;

/** Rises of the energy up to this, in hartree, are no matter: they are within what a shorter step would change. */
const rise = 5e-3;

/**
 * By how much the energy of the last quarter of a training is above its lowest quarter, in hartree; 0 where that is within `rise` or five standard errors of
 * the last quarter's mean.
 */
function risen(energies: readonly number[]): number {
  const size = energies.length >> 2;
  if (size < 3) return 0;
  const mean = (values: readonly number[]): number => values.reduce((sum, e) => sum + e, 0) / values.length;
  const quarters = [0, 1, 2, 3].map((k) => energies.slice(energies.length - (4 - k) * size, energies.length - (3 - k) * size));
  const means = quarters.map(mean);
  const error = Math.sqrt(mean(quarters[3].map((e) => (e - means[3]) ** 2)) / (size - 1));
  const found = means[3] - Math.min(...means);
  return found > Math.max(rise, 5 * error) ? found : 0;
}

/** Of the training: rows of means over 20 steps. */
export function learningCautions(history: readonly Readonly<Record<string, number>>[]): string[] {
  const rows = history.filter((row) => row.energy !== undefined);
  const skipped = rows.reduce((sum, row) => sum + 20 * (row.skipped ?? 0), 0);
  const lost = rows.reduce((sum, row) => sum + 20 * (row.lost ?? 0), 0);
  const against = rows.filter((row) => row.cosine < 0).length;
  const throttled = rows.slice(-Math.max(sustained, rows.length >> 1)).filter((row) => row.scale < 0.1).length;
  const [middle, end] = [rows[Math.floor(0.6 * rows.length)], rows.at(-1)];
  const rising = rows.length >= 10 && middle && end && end.variance > 3 * middle.variance;
  const climbed = risen(rows.map((row) => row.energy));
  return [
    ...(climbed > 0
      ? [
          `the energy rose by ${(1000 * climbed).toFixed(0)} mHa while the wave function learned: reweight more (--method wfr or fr), or lower --rate`,
        ]
      : []),
    ...(skipped >= 1 ? [`${Math.round(skipped)} steps had no update, for something was no number: lower --rate`] : []),
    ...(lost >= 1
      ? [`${Math.round(lost)} times a walker had no energy or was far out, and was left out or replaced by a copy of another`]
      : []),
    ...(against >= sustained
      ? [`for ${20 * against} steps the flow went where the energy rises to first order: give --reweighting-weight more, or --method fr`]
      : []),
    ...(throttled >= sustained && throttled > rows.length / 4
      ? ["steps were cut to less than a tenth by the norm constraint for most of the run: lower --rate, or raise --walkers"]
      : []),
    ...(rising ? ["the variance rose towards the end: lower --rate, or raise --walkers"] : []),
  ];
}
