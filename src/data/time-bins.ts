/** Times that are nearly all different: joined to snapshots, or at least said to be. */
import { UserError } from "../errors.ts";

/** Rows of each time. */
type ByTime = Map<number, number[]>;

/**
 * Neighbouring times joined to `count` snapshots with about as many rows each; a snapshot's time is the mean of its rows'.
 * A time is never torn apart.
 */
export function binned(byTime: ByTime, count: number, name: string, warnings: string[]): ByTime {
  const times = [...byTime.keys()].sort((a, b) => a - b);
  if (times.length < count)
    throw new UserError(`column "${name}" has ${times.length} times: they cannot make ${count} snapshots`, "lower --bin-times");
  const rows = times.reduce((sum, t) => sum + byTime.get(t)!.length, 0);
  const bins: { times: number[]; rows: number[] }[] = [];
  let seen = 0;
  times.forEach((time, i) => {
    const own = byTime.get(time)!;
    // its middle decides; the last times are kept for bins that would be left empty
    const wanted = Math.min(count - 1, Math.floor((count * (seen + own.length / 2)) / rows));
    const forced = count - (times.length - i);
    if (bins.length === 0 || wanted >= bins.length || forced >= bins.length) bins.push({ times: [], rows: [] });
    const bin = bins[bins.length - 1];
    bin.times.push(...own.map(() => time));
    bin.rows.push(...own);
    seen += own.length;
  });
  const mean = (list: readonly number[]): number => list.reduce((sum, t) => sum + t / list.length, 0);
  const result = new Map(bins.map((bin) => [mean(bin.times), bin.rows]));
  const shown = [...result].slice(0, 5).map(([time, list]) => `${Number(time.toPrecision(4))} (${list.length})`);
  warnings.push(
    `column "${name}": ${times.length} times are joined to ${result.size} snapshots, at (particles): ${shown.join(", ")}${result.size > 5 ? ", …" : ""}`,
  );
  return result;
}

/** Says so where most times have one or two particles. */
export function fewParticles(byTime: ByTime, name: string, warnings: string[]): void {
  const small = [...byTime.values()].filter((rows) => rows.length < 3).length;
  if (byTime.size < 10 || 2 * small < byTime.size) return;
  const rows = [...byTime.values()].reduce((sum, list) => sum + list.length, 0);
  const bins = Math.max(2, Math.min(10, Math.floor(rows / 20)));
  warnings.push(
    `column "${name}" has ${byTime.size} times, ${small} of them of one or two particles: --bin-times ${bins} joins them to ${bins} snapshots`,
  );
}
