/** Pictures of the density of electrons. */
import * as Plot from "@observablehq/plot";
import { type Figure, palette, plot } from "../../plots/index.ts";
import { axisOver, depositedDensity } from "../evaluation/density.ts";
import { quantile } from "../flows/robust.ts";
import { electronsOf, nucleiOf, type System } from "../systems/system.ts";
import { coordinateNames, planeOf } from "./plane.ts";

const gridPoints = 90;

/** A grid smoothed once by weights 1, 2, 1 along both axes. */
function smoothed(values: Float64Array, n: number): Float64Array {
  const along = (source: Float64Array, stride: number, other: number): Float64Array => {
    const out = new Float64Array(source.length);
    for (let line = 0; line < n; line++)
      for (let k = 0; k < n; k++) {
        const at = line * other + k * stride;
        const [before, after] = [k > 0 ? source[at - stride] : source[at], k + 1 < n ? source[at + stride] : source[at]];
        out[at] = (before + 2 * source[at] + after) / 4;
      }
    return out;
  };
  return along(along(values, 1, n), n, 1);
}

/** The density seen from the side, or on the line of a system of one dimension. */
export function densityFigure(system: System, places: Float32Array): Figure {
  if (system.dimension === 1) return lineFigure(system, places);
  const plane = planeOf(system);
  const { dimension } = system;
  const points = places.length / dimension;
  const coordinate = (c: number): Float64Array => Float64Array.from({ length: points }, (_, k) => places[k * dimension + c]);
  const [u, v] = plane.map(coordinate);
  const centres = nucleiOf(system);
  const middle = [u, v].map((values) => (quantile(values, 0.005) + quantile(values, 0.995)) / 2);
  const half = Math.max(...[u, v].map((values) => (quantile(values, 0.995) - quantile(values, 0.005)) / 2)) * 1.15;
  const axes = middle.map((m) => axisOver(m - half, m + half, gridPoints));
  const grid = smoothed(
    smoothed(
      depositedDensity(places, dimension, electronsOf(system), axes, (at) => [places[at + plane[0]], places[at + plane[1]]]),
      gridPoints,
    ),
    gridPoints,
  );
  // Plot's grids have the horizontal coordinate fastest
  const turned = Array.from({ length: grid.length }, (_, k) => grid[(k % gridPoints) * gridPoints + Math.floor(k / gridPoints)]);
  const highest = Math.max(...turned);
  const thresholds = [0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7].map((share) => share * highest);
  const [xs, ys] = axes.map(({ from, step, count }): [number, number] => [from, from + step * (count - 1)]);
  return {
    name: "density",
    title: "Where the electrons are",
    caption: `Density of electrons ${dimension === 3 ? `added up along ${coordinateNames[3 - plane[0] - plane[1]]} (electrons per square bohr)` : "(electrons per square bohr)"}, from ${points} places; contours at 1, 2, 5, 10, 20, 40 and 70 % of the highest. ${centres.length > 0 ? "Crosses are nuclei." : ""}`,
    svg: plot({
      width: 560,
      height: 520,
      x: { label: `${coordinateNames[plane[0]]} (bohr)`, domain: xs },
      y: { label: `${coordinateNames[plane[1]]} (bohr)`, domain: ys },
      color: { scheme: "blues", type: "sqrt" },
      marks: [
        Plot.contour(turned, {
          ...{ width: gridPoints, height: gridPoints, x1: xs[0], x2: xs[1], y1: ys[0], y2: ys[1] },
          ...{ fill: (d: number) => d, stroke: "currentColor", strokeOpacity: 0.25, thresholds },
        }),
        Plot.text(centres, {
          x: (a) => a.position[plane[0]],
          y: (a) => a.position[plane[1]],
          text: () => "×",
          fontSize: 18,
          fill: palette[2],
        }),
        Plot.text(centres, {
          x: (a) => a.position[plane[0]],
          y: (a) => a.position[plane[1]],
          text: "symbol",
          dx: 12,
          dy: -10,
          fill: palette[2],
        }),
      ],
    }),
  };
}

function lineFigure(system: System, places: Float32Array): Figure {
  const [low, high] = [quantile(places, 0.0005), quantile(places, 0.9995)];
  const axis = axisOver(low, high, 160);
  const density = depositedDensity(places, 1, electronsOf(system), [axis], (at) => [places[at]]);
  const rows = Array.from(density, (value, k) => ({ x: axis.from + k * axis.step, value }));
  return {
    name: "density",
    title: "Where the electrons are",
    caption: `Density of electrons along the line, from ${places.length} places.`,
    svg: plot({
      height: 320,
      x: { label: "x (bohr)" },
      y: { label: "density (1/bohr)", grid: true },
      marks: [
        Plot.areaY(rows, { x: "x", y: "value", fill: palette[0], fillOpacity: 0.3 }),
        Plot.line(rows, { x: "x", y: "value", stroke: palette[0] }),
      ],
    }),
  };
}
