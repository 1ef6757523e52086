/** The action as hills and valleys over two features. */
import * as Plot from "@observablehq/plot";
import { ndarray } from "../../array/index.ts";
import type { Population } from "../../data/population.ts";
import { type Figure, plot } from "../../plots/index.ts";
import { unwhiten, whiten } from "../../transport/index.ts";
import { timeName } from "./axes.ts";
import { fieldsAt, type fieldsProgram, type Trained } from "./motion.ts";
import type { Prepared } from "./prepare.ts";

const size = 32;

/** The action and its velocity on a grid of the first two features, others at their means, in the middle of the time range. */
export async function landscapeFigure(
  trained: Trained,
  program: ReturnType<typeof fieldsProgram>,
  data: Population,
  prepared: Prepared,
): Promise<Figure> {
  const { units } = prepared;
  const d = data.features.length;
  const k = data.times.length >> 1;
  const range = (j: number): number[] => {
    const values = data.snapshots.flatMap((s) => Array.from({ length: s.shape[0] }, (_, i) => s.data[i * d + j])).sort((a, b) => a - b);
    const [low, high] = [values[Math.floor(values.length * 0.01)], values[Math.ceil((values.length - 1) * 0.99)]];
    return Array.from({ length: size }, (_, i) => low + ((high - low) * i) / (size - 1));
  };
  const [x, y] = [range(0), range(1)];
  const grid = unwhiten(units, ndarray(new Float32Array(size * size * d), [size * size, d], "f32"));
  for (let i = 0; i < size * size; i++) {
    grid.data[i * d] = x[i % size];
    grid.data[i * d + 1] = y[Math.floor(i / size)];
  }
  const { action, velocity } = await fieldsAt(trained, program, prepared, whiten(units, grid), prepared.times[k]);
  const flow = Array.from({ length: size * size }, (_, i) => ({ x: velocity.data[i * d], y: velocity.data[i * d + 1] }));
  return draw(data, data.times[k], x, y, Array.from(action as Float64Array), flow);
}

function draw(
  data: Population,
  time: number,
  x: readonly number[],
  y: readonly number[],
  action: readonly number[],
  velocity: readonly { x: number; y: number }[],
): Figure {
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
    caption: `Colour: the action s(t, x) in ${data.features[0]} and ${data.features[1]}, other features at their means; only differences matter. Arrows: its gradient, the velocity (longest arrow: the fastest flow).`,
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
