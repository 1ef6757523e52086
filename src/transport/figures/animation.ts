/** The moving particles over the snapshots, picture by picture. */
import * as Plot from "@observablehq/plot";
import type { Snapshots } from "../../data/snapshots.ts";
import { type Animation, palette, plot } from "../../plots/index.ts";
import type { Frame } from "../motion/frames.ts";
import { dataRange, inside, timeAxis } from "./axes.ts";

/** Most particles of a cloud that are drawn. */
const shown = 400;
const delay = 80;
/** Frames that the tail of a particle is long. */
const tail = 5;

/** Every frame over the snapshots; sizes are weights where the population grows. */
export function animation(data: Pick<Snapshots, "times" | "snapshots" | "features">, all: readonly Frame[], grows: boolean): Animation {
  const d = data.features.length;
  const place = (values: ArrayLike<number>, i: number, time: number): Place =>
    d > 1 ? { x: values[i * d], y: values[i * d + 1] } : { x: time, y: values[i] };
  const background = data.snapshots.flatMap((s, k) =>
    some(s.shape[0]).map((i) => ({ ...place(s.data, i, data.times[k]), time: data.times[k] })),
  );
  const [x, y] = [dataRange(background.map((p) => p.x)), dataRange(background.map((p) => p.y))];
  const places = decimals(all.map((f) => f.time));
  const rows = some(all[0].cloud.shape[0]);
  const pictures = all.map(({ time, cloud, logWeight }, k) => {
    const tails = rows.flatMap((r) => all.slice(Math.max(0, k - tail), k + 1).map((f) => ({ ...place(f.cloud.data, r, f.time), r })));
    const points = rows.map((r) => ({ ...place(cloud.data, r, time), w: grows ? Math.exp(logWeight.data[r]) : 1 }));
    const there = points.filter((p) => inside(x, p.x) && inside(y, p.y));
    const outside = points.length - there.length;
    return plot({
      width: 560,
      height: 420,
      x: { ...(d > 1 ? { label: data.features[0] } : timeAxis), domain: x },
      y: { label: data.features[d > 1 ? 1 : 0], domain: y },
      r: { type: "sqrt", domain: [0, 1], range: [0, 2.6] },
      color: { type: "linear", scheme: "viridis", domain: [data.times[0], data.times[data.times.length - 1]] },
      marks: [
        Plot.dot(
          background.filter((p) => inside(x, p.x) && inside(y, p.y)),
          { x: "x", y: "y", fill: "time", r: () => 0.35, fillOpacity: 0.25 },
        ),
        Plot.line(tails, { x: "x", y: "y", z: "r", stroke: palette[2], strokeOpacity: 0.35, strokeWidth: 1, clip: true }),
        Plot.dot(there, { x: "x", y: "y", r: "w", fill: palette[2], stroke: "white", strokeWidth: 0.3, clip: true }),
        ...(outside > 0 ? [Plot.text([`${outside} of ${rows.length} particles outside`], { frameAnchor: "top-left", dy: -16 })] : []),
        Plot.text([`time ${time.toFixed(places)}`], { frameAnchor: "top-right", dy: -16, fontWeight: 600, fontSize: 14 }),
      ],
    });
  });
  return { pictures, delay, repeats: Math.round(1000 / delay) };
}

interface Place {
  readonly x: number;
  readonly y: number;
}

/** Rows of a cloud of n particles that are drawn. */
function some(n: number): number[] {
  const step = Math.max(1, Math.ceil(n / shown));
  return Array.from({ length: Math.ceil(n / step) }, (_, i) => i * step);
}

/** As many decimal places as tell neighbouring times apart. */
function decimals(times: readonly number[]): number {
  const step = Math.min(...times.slice(1).map((t, i) => t - times[i]));
  return Math.max(0, Math.ceil(-Math.log10(step) - 1e-6));
}
