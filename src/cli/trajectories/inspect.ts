/** `pushforward trajectories inspect`: what the snapshots are like before anything is learned. */
import { formatNumber } from "../../lab/index.ts";
import { randomStream } from "../../tensor/index.ts";
import { samplingFloor, subsample, unitsOf, wasserstein, whiten } from "../../transport/index.ts";
import type { LoadOptions, Population } from "./load.ts";

/** Particles of a snapshot that enter the distances. */
const most = 1000;

export async function inspectSnapshots(
  data: Population,
  { seed }: LoadOptions,
): Promise<{ results: Record<string, unknown>; text: string[] }> {
  const rng = randomStream(seed).fold("inspect");
  const units = unitsOf(data.times, data.snapshots);
  const d = data.features.length;
  const clouds = data.snapshots.map((s) => {
    const all = whiten(units, s);
    return all.shape[0] > most ? { ...all, ...head(subsample(all, rng)) } : all;
  });
  const w1 = (a: (typeof clouds)[number], b: (typeof clouds)[number]): number => wasserstein(a, b, { power: 1 });
  const snapshots = clouds.map((cloud, k) => {
    const n = data.snapshots[k].shape[0];
    const half = cloud.shape[0] >> 1;
    const floor = half > 0 ? samplingFloor(w1, cloud, [half, half], rng, 3).mean : Number.NaN;
    const next = k + 1 < clouds.length ? w1(cloud, clouds[k + 1]) : undefined;
    const mean = Array.from({ length: d }, (_, j) => {
      let sum = 0;
      for (let i = 0; i < cloud.shape[0]; i++) sum += cloud.data[i * d + j];
      return sum / cloud.shape[0];
    });
    return { time: data.times[k], particles: n, floor, next, shift: Math.hypot(...mean) };
  });
  const warnings = [...data.warnings, ...advice(snapshots, d)];
  const row = (cells: string[]): string => cells.map((c, i) => c.padStart(i ? 14 : 10)).join("");
  const text = [
    `${data.title}: ${snapshots.reduce((s, k) => s + k.particles, 0)} particles, ${data.times.length} times, ${d} ${d === 1 ? "feature" : "features"} (${data.features.slice(0, 6).join(", ")}${d > 6 ? ", …" : ""})`,
    row(["time", "particles", "from centre", "W1 to next", "floor"]),
    ...snapshots.map((s) => row([formatNumber(s.time), String(s.particles), s.shift.toFixed(2), s.next?.toFixed(2) ?? "", s.floor.toFixed(2)])), // biome-ignore format: one line
    "distances in standardised features; floor: W1 between two halves of the snapshot, what sampling alone makes",
    ...warnings.map((w) => `note: ${w}`),
  ];
  return { results: { name: data.name, features: data.features, snapshots, warnings }, text };
}

const head = (x: { shape: readonly number[]; data: Float32Array<ArrayBuffer> }) => ({
  shape: [Math.min(most, x.shape[0]), x.shape[1]],
  data: x.data.slice(0, most * x.shape[1]),
});

interface Look {
  readonly time: number;
  readonly particles: number;
  readonly floor: number;
  readonly next?: number;
  readonly shift: number;
}

function advice(snapshots: readonly Look[], d: number): string[] {
  const notes: string[] = [];
  const sizes = snapshots.map((s) => s.particles);
  if (Math.max(...sizes) > 3 * Math.min(...sizes))
    notes.push(
      `snapshots have ${Math.min(...sizes)} to ${Math.max(...sizes)} particles: if that is growth, use a method with growth and --mass counts`,
    );
  const gaps = snapshots.slice(1).map((s, k) => s.time - snapshots[k].time);
  if (Math.max(...gaps) > 5 * Math.min(...gaps))
    notes.push("times are very uneven: the motion is least certain in the long gaps");
  for (const [k, s] of snapshots.entries())
    if (s.next !== undefined && s.next < 1.2 * s.floor)
      notes.push(`the snapshots at ${s.time} and ${snapshots[k + 1].time} are hardly farther apart than two samples of one`);
  if (d > 100) notes.push(`${d} features: --components 50 makes the motion easier to learn`);
  return notes;
}
