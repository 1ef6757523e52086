/** The action as hills and valleys over two features. */
import * as Plot from "@observablehq/plot";
import type { Snapshots } from "../../data/snapshots.ts";
import { type Figure, plot } from "../../plots/index.ts";
import type { Landscape } from "../motion/landscape.ts";
import { timeName } from "./axes.ts";

/** Contours of the action, with arrows of its velocity. */
export function landscapeFigure(data: Pick<Snapshots, "features">, { time, x, y, action, velocity }: Landscape): Figure {
  const size = x.length;
  const arrows = velocity.flatMap(({ x: vx, y: vy }, i) => {
    const [column, row] = [i % size, Math.floor(i / size)];
    return column % 3 === 2 && row % 3 === 2 ? [{ x: x[column], y: y[row], vx, vy }] : [];
  });
  const last = size - 1;
  const [width, height] = [x[last] - x[0], y[last] - y[0]];
  // values stand in the middle of the cells of the contour plot
  const [cx, cy] = [width / last / 2, height / last / 2];
  const longest = Math.max(1e-12, ...arrows.map((a) => Math.hypot(a.vx / width, a.vy / height)));
  const scale = 0.06 / longest;
  return {
    name: "landscape",
    title: `Action landscape at ${timeName(time)}`,
    caption:
      `Colour: the action s(t, x) in ${data.features[0]} and ${data.features[1]}, other features at their means; only differences ` +
      "matter. Arrows: its gradient, the velocity (longest arrow: the fastest flow).",
    svg: plot({
      height: 480,
      color: { type: "linear", scheme: "blues", label: "action", legend: true },
      // contours are cut off at the corners of their grid: its outer cells are not shown
      x: { label: data.features[0], domain: [x[1], x[last - 1]] },
      y: { label: data.features[1], domain: [y[1], y[last - 1]] },
      marks: [
        Plot.contour([...action], {
          width: size,
          height: size,
          x1: x[0] - cx,
          x2: x[last] + cx,
          y1: y[0] - cy,
          y2: y[last] + cy,
          clip: true,
          fill: (v: number) => v,
          thresholds: 14,
          stroke: "currentColor",
          strokeOpacity: 0.15,
        }),
        Plot.arrow(arrows, {
          x1: (a) => a.x - (scale * a.vx) / 2,
          y1: (a) => a.y - (scale * a.vy) / 2,
          x2: (a) => a.x + (scale * a.vx) / 2,
          y2: (a) => a.y + (scale * a.vy) / 2,
          stroke: "currentColor",
          strokeWidth: 1.1,
          headLength: 6,
        }),
      ],
    }),
  };
}
