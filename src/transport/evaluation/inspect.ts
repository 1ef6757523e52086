/** What snapshots are like before anything is learned: sizes, shifts, how far apart they are, what could go wrong. */
import { type NdArray, type Random, randomStream } from "../../array/index.ts";
import type { Population } from "../../data/population.ts";
import { samplingFloor, wasserstein } from "../../distances/index.ts";
import { stacked, weightedMean } from "../paths/cloud.ts";
import { scalingFor, unitsOf, whiten } from "../paths/units.ts";
import { subsample, withoutEmpty } from "./thinning.ts";

/** Particles of a snapshot that enter the distances, and random splits of two snapshots together that they are compared with. */
const most = 400;
const splits = 39;

/** W1 of two snapshots, its mean over random splits of both together, and the share of those (and this one) that are as far apart. */
interface Comparison {
  readonly w1: number;
  readonly chance: number;
  readonly p: number;
}

/** A snapshot, and how far it is from the centre of all and from the next one. */
export interface Look {
  readonly time: number;
  readonly particles: number;
  readonly next?: Comparison;
  readonly shift: number;
}

/** What snapshots are like. */
export interface SnapshotInspection {
  readonly snapshots: readonly Look[];
  /** What could go wrong. */
  readonly warnings: readonly string[];
}

/** Sizes, shifts and distances of the snapshots, in units of the training. */
export function inspectSnapshots(data: Population, seed: number): SnapshotInspection {
  const rng = randomStream(seed).fold("inspect");
  const units = unitsOf(
    data.times,
    data.snapshots,
    scalingFor(data),
    data.weights?.map((w) => w.data),
  );
  const clouds = data.snapshots.map((s, k) =>
    subsample(withoutEmpty({ x: whiten(units, s), weights: data.weights?.[k].data }).x, rng, most),
  );
  const snapshots = clouds.map((cloud, k) => {
    const next = k + 1 < clouds.length ? compared(cloud, clouds[k + 1], rng.fold(k)) : undefined;
    const mean = weightedMean(cloud);
    return { time: data.times[k], particles: data.snapshots[k].shape[0], next, shift: Math.hypot(...mean) };
  });
  const unequal = data.weights?.some(({ data: w }) => new Set(w).size > 1);
  const warnings = [
    ...data.warnings,
    ...(unequal ? ["distances here count every particle of positive weight alike"] : []),
    ...advice(snapshots, data.features.length),
  ];
  return { snapshots, warnings };
}

/** An inspection as lines of text. */
export function inspectionText(data: Population, { snapshots, warnings }: SnapshotInspection): string[] {
  const d = data.features.length;
  const row = (cells: readonly string[]): string => cells.map((c, i) => c.padStart(i ? 14 : 10)).join("");
  const total = snapshots.reduce((s, k) => s + k.particles, 0);
  const names = `${data.features.slice(0, 6).join(", ")}${d > 6 ? ", …" : ""}`;
  const unit = scalingFor(data) === "each" ? "standardised features" : "largest standard deviations";
  return [
    `${data.title}: ${total} particles, ${data.times.length} times, ${d} ${d === 1 ? "feature" : "features"} (${names})`,
    row(["time", "particles", "from centre", "W1 to next", "by chance", "p"]),
    ...snapshots.map(({ time, particles, shift, next }) => {
      const distances = next ? [next.w1, next.chance, next.p].map((v) => v.toFixed(2)) : [];
      return row([shown(data, time), String(particles), shift.toFixed(2), ...distances]);
    }),
    `distances in ${unit}, of at most ${most} particles; by chance: W1 of ${splits} random splits of both snapshots together, ` +
      "p: the part of them (and this one) that is as far apart",
    ...warnings.map((w) => `note: ${w}`),
  ];
}

/** A time as the file has it, if that is short. */
function shown({ times, timeLabels }: Pick<Population, "times" | "timeLabels">, time: number): string {
  const [label] = timeLabels?.[times.indexOf(time)] ?? [];
  return label !== undefined && label.length <= 10 ? label : String(Number(time.toPrecision(7)));
}

/** W1 of two snapshots beside that of random splits of both together: a permutation test that they are samples of one population. */
function compared(x: NdArray<"f32">, y: NdArray<"f32">, rng: Random): Comparison {
  const distance = (a: NdArray<"f32">, b: NdArray<"f32">): number => wasserstein(a, b, { power: 1 });
  const w1 = distance(x, y);
  const both = stacked([x, y]);
  const random = Array.from({ length: splits }, () => samplingFloor(distance, both, [x.shape[0], y.shape[0]], rng, 1).mean);
  const chance = random.reduce((a, b) => a + b, 0) / splits;
  return { w1, chance, p: (1 + random.filter((v) => v >= w1).length) / (1 + splits) };
}

function advice(snapshots: readonly Look[], d: number): string[] {
  const notes: string[] = [];
  const sizes = snapshots.map((s) => s.particles);
  if (Math.max(...sizes) > 3 * Math.min(...sizes))
    notes.push(
      `snapshots have ${Math.min(...sizes)} to ${Math.max(...sizes)} particles: if that is growth, use a method with growth and ` +
        "--mass counts",
    );
  const gaps = snapshots.slice(1).map((s, k) => s.time - snapshots[k].time);
  if (Math.max(...gaps) > 5 * Math.min(...gaps)) notes.push("times are very uneven: the motion is least certain in the long gaps");
  for (const [k, s] of snapshots.entries())
    if (s.next && s.next.p > 0.1)
      notes.push(
        `the snapshots at ${s.time} and ${snapshots[k + 1].time} are no farther apart than two samples of one population (p = ` +
          `${s.next.p.toFixed(2)})`,
      );
  if (d > 100) notes.push(`${d} features: --components 50 makes the motion easier to learn`);
  return notes;
}
