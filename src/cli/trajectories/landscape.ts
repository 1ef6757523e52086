/** The action as hills and valleys over two features. */
import * as Plot from "@observablehq/plot";
import { type Figure, plot } from "../../lab/index.ts";
import { ndarray } from "../../tensor/index.ts";
import { unwhiten, whiten } from "../../transport/index.ts";
import type { Population } from "./load.ts";
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
    const values = data.snapshots
      .flatMap((s) => Array.from({ length: s.shape[0] }, (_, i) => s.data[i * d + j]))
      .sort((a, b) => a - b);
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
    const [column, row] = [i % x.length, Math.floor(i / x.length)];
    return column % 3 === 1 && row % 3 === 1 ? [{ x: x[column], y: y[row], vx, vy }] : [];
  });
  const [width, height] = [x[x.length - 1] - x[0], y[y.length - 1] - y[0]];
  const longest = Math.max(1e-12, ...arrows.map((a) => Math.hypot(a.vx / width, a.vy / height)));
  const scale = 0.06 / longest;
  return {
    name: "landscape",
    title: `Action landscape at time ${time}`,
    caption: `Colour: the action s(t, x) in ${data.features[0]} and ${data.features[1]}, other features at their means; only differences matter. Arrows: its gradient, the velocity (longest arrow: the fastest flow).`,
    svg: plot({
      height: 480,
      color: { type: "linear", scheme: "blues", label: "action", legend: true },
      x: { label: data.features[0] },
      y: { label: data.features[1] },
      marks: [
        Plot.contour([...action], {
          width: x.length,
          height: y.length,
          x1: x[0],
          x2: x[x.length - 1],
          y1: y[0],
          y2: y[y.length - 1],
          fill: (v: number) => v,
          thresholds: 14,
          stroke: "currentColor",
          strokeOpacity: 0.15,
        }),
        Plot.arrow(arrows, {
          x1: "x",
          y1: "y",
          x2: (a) => a.x + scale * a.vx,
          y2: (a) => a.y + scale * a.vy,
          stroke: "currentColor",
          strokeWidth: 1.1,
          headLength: 6,
        }),
      ],
    }),
  };
}
