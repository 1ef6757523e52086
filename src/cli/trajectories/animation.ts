/** The moving particles over the snapshots, as an animated PNG. */
import * as Plot from "@observablehq/plot";
import type { Population } from "../../data/population.ts";
import { toPng } from "../../lab/index.ts";
import { animatedPng } from "../../plots/apng.ts";
import { palette, plot } from "../../plots/index.ts";
import { timeAxis } from "./axes.ts";
import type { Frame } from "./motion.ts";

const shown = 400;
const delay = 80;

export async function animate(data: Population, all: readonly Frame[], grows: boolean): Promise<Uint8Array> {
  const d = data.features.length;
  const place = (values: ArrayLike<number>, i: number, time: number) =>
    d > 1 ? { x: values[i * d], y: values[i * d + 1] } : { x: time, y: values[i] };
  const background = data.snapshots.flatMap((s, k) => {
    const step = Math.max(1, Math.ceil(s.shape[0] / shown));
    return Array.from({ length: Math.ceil(s.shape[0] / step) }, (_, i) => ({
      ...place(s.data, i * step, data.times[k]),
      time: data.times[k],
    }));
  });
  const extent = (f: (p: { x: number; y: number }) => number): [number, number] => {
    const values = background.map(f).sort((a, b) => a - b);
    const [low, high] = [values[0], values[values.length - 1]];
    return [low - 0.04 * (high - low), high + 0.04 * (high - low)];
  };
  const [x, y] = [extent((p) => p.x), extent((p) => p.y)];
  // as many places as tell neighbouring pictures apart
  const step = Math.min(...all.slice(1).map((f, i) => f.time - all[i].time));
  const places = Math.max(0, Math.ceil(-Math.log10(step) - 1e-6));
  const pictures: Uint8Array[] = [];
  for (const [k, { time, cloud, logWeight }] of all.entries()) {
    const n = cloud.shape[0];
    const step = Math.max(1, Math.ceil(n / shown));
    const rows = Array.from({ length: Math.ceil(n / step) }, (_, i) => i * step);
    const tails = rows.flatMap((r) => all.slice(Math.max(0, k - 5), k + 1).map((f) => ({ ...place(f.cloud.data, r, f.time), r })));
    const points = rows.map((r) => ({ ...place(cloud.data, r, time), w: grows ? Math.exp(logWeight.data[r]) : 1 }));
    const svg = plot({
      width: 560,
      height: 420,
      x: { ...(d > 1 ? { label: data.features[0] } : timeAxis), domain: x },
      y: { label: data.features[d > 1 ? 1 : 0], domain: y },
      r: { type: "sqrt", domain: [0, 1], range: [0, 2.6] },
      color: { type: "linear", scheme: "viridis", domain: [data.times[0], data.times[data.times.length - 1]] },
      marks: [
        Plot.dot(background, { x: "x", y: "y", fill: "time", r: () => 0.35, fillOpacity: 0.25 }),
        Plot.line(tails, { x: "x", y: "y", z: "r", stroke: palette[2], strokeOpacity: 0.35, strokeWidth: 1 }),
        Plot.dot(points, { x: "x", y: "y", r: "w", fill: palette[2], stroke: "white", strokeWidth: 0.3 }),
        Plot.text([`time ${time.toFixed(places)}`], {
          frameAnchor: "top-right",
          dy: -16,
          fontWeight: 600,
          fontSize: 14,
        }),
      ],
    });
    pictures.push(await toPng(svg, 1));
  }
  // the last picture stays for a second
  const hold = new Array<Uint8Array>(Math.round(1000 / delay)).fill(pictures[pictures.length - 1]);
  return animatedPng([...pictures, ...hold], delay);
}
