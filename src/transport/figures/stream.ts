/** Stream lines over the snapshots. */
import * as Plot from "@observablehq/plot";
import type { Snapshots } from "../../data/snapshots.ts";
import { type Figure, plot } from "../../plots/index.ts";
import type { Stream } from "../motion/stream.ts";
import { timeColour } from "./axes.ts";

/** Stream lines in the first two features, with an arrow in the middle of each. */
export function streamFigure(data: Pick<Snapshots, "times" | "snapshots" | "features">, { x, y, lines }: Stream): Figure {
  const marks = lines.flatMap((line, id) => line.map((p) => ({ ...p, id })));
  const heads = lines.map((line) => {
    const middle = Math.floor(line.length / 2);
    const [a, b] = [line[middle], line[Math.min(line.length - 1, middle + 2)]];
    return { x1: a.x, y1: a.y, x2: b.x, y2: b.y };
  });
  const d = data.features.length;
  const dots = data.snapshots.flatMap((s, k) => {
    const step = Math.max(1, Math.ceil(s.shape[0] / 500));
    return Array.from({ length: Math.ceil(s.shape[0] / step) }, (_, i) => ({
      x: s.data[i * step * d],
      y: s.data[i * step * d + 1],
      time: data.times[k],
    }));
  });
  const inside = dots.filter((p) => p.x >= x[0] && p.x <= x[1] && p.y >= y[0] && p.y <= y[1]);
  return {
    name: "stream",
    title: "Stream lines",
    caption:
      `Lines follow the learned velocity in ${data.features[0]} and ${data.features[1]}, each particle's at its own time, averaged ` +
      "over neighbours. Dots: the data, coloured by time.",
    svg: plot({
      height: 520,
      color: timeColour(data.times),
      x: { label: data.features[0], domain: [...x] },
      y: { label: data.features[1], domain: [...y] },
      marks: [
        Plot.dot(inside, { x: "x", y: "y", fill: "time", r: 1.8, fillOpacity: 0.4 }),
        Plot.line(marks, {
          x: "x",
          y: "y",
          z: "id",
          stroke: "currentColor",
          strokeWidth: 1.1,
          strokeOpacity: 0.75,
          curve: "basis",
        }),
        Plot.arrow(heads, { x1: "x1", y1: "y1", x2: "x2", y2: "y2", stroke: "currentColor", strokeWidth: 1.3, headLength: 9 }),
      ],
    }),
  };
}
