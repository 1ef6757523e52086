/** Snapshots and learned paths. */
import * as Plot from "@observablehq/plot";
import type { NdArray } from "../../array/index.ts";
import type { Snapshots } from "../../data/snapshots.ts";
import { type Figure, palette, plot } from "../../plots/index.ts";
import { dataRange, inside, outliersText, outsideText, timeAxis, timeColour } from "./axes.ts";

/** The moved particles at a time. */
interface Moved {
  readonly time: number;
  readonly cloud: NdArray<"f32">;
}

/** What is drawn of the data. */
type Drawn = Pick<Snapshots, "times" | "snapshots" | "features">;

/** Points of a cloud as rows for Plot, at most `most` of them. */
function rows(cloud: NdArray<"f32">, time: number, most: number, coordinates: readonly [number, number]) {
  const [n, d] = cloud.shape;
  const count = Math.min(n, most);
  return Array.from({ length: count }, (_, i) => {
    const r = Math.floor((i * n) / count) * d;
    return { x: cloud.data[r + coordinates[0]], y: cloud.data[r + coordinates[1]], time };
  });
}

/** Snapshots as points and learned paths as lines, in two of the features. */
export function pathsFigure(data: Drawn, paths: readonly Moved[]): Figure {
  const d = data.features.length;
  if (d === 1) return pathsInTime(data, paths);
  const [first] = paths;
  const shown = Math.min(80, first.cloud.shape[0]);
  const lines = Array.from({ length: shown }, (_, i) => Math.floor((i * first.cloud.shape[0]) / shown)).flatMap((row) =>
    paths.map(({ time, cloud }) => ({ x: cloud.data[row * d], y: cloud.data[row * d + 1], time, row })),
  );
  const [u, v] = [column(data, 0), column(data, 1)];
  const [x, y] = [dataRange(u), dataRange(v)];
  const shows = (p: { x: number; y: number }): boolean => inside(x, p.x) && inside(y, p.y);
  const points = data.snapshots.flatMap((s, k) => rows(s, data.times[k], 300, [0, 1])).filter(shows);
  const outliers = u.filter((value, i) => !shows({ x: value, y: v[i] })).length;
  const gone = new Set(lines.filter((l) => !shows(l)).map((l) => l.row)).size;
  return {
    name: "trajectories",
    title: "Snapshots and learned trajectories",
    caption:
      `Points: the data, coloured by time. Lines: ${shown} particles of the first snapshot moved by the learned velocity. Axes: ` +
      `${data.features[0]} and ${data.features[1]}.${outsideText(gone, shown)}${outliersText(outliers)}`,
    svg: plot({
      height: 520,
      grid: true,
      color: timeColour(data.times),
      x: { label: data.features[0], domain: x },
      y: { label: data.features[1], domain: y },
      marks: [
        Plot.dot(points, { x: "x", y: "y", fill: "time", r: 2, fillOpacity: 0.45 }),
        Plot.line(lines, { x: "x", y: "y", z: "row", stroke: "currentColor", strokeWidth: 0.8, strokeOpacity: 0.55, clip: true }),
        Plot.dot(
          // none far outside: a group of marks of which nothing is left when it is clipped ends the process that draws the PNG
          lines.filter((l) => l.time === paths[paths.length - 1].time && shows(l)),
          { x: "x", y: "y", fill: "currentColor", r: 1.8, clip: true },
        ),
      ],
    }),
  };
}

/** The same of a population that begins elsewhere. */
export function populationFigure(data: Drawn, paths: readonly Moved[]): Figure {
  const { svg } = pathsFigure(data, paths);
  return {
    name: "population",
    title: "Another population",
    caption:
      "Points: the data. Lines: particles of --start, from the first time on, moved by what was learned; where they leave the data it is a " +
      "guess.",
    svg,
  };
}

/** All values of a feature. */
const column = ({ snapshots, features: { length: d } }: Drawn, j: number): number[] =>
  snapshots.flatMap((s) => Array.from({ length: s.shape[0] }, (_, i) => s.data[i * d + j]));

function pathsInTime(data: Drawn, paths: readonly Moved[]): Figure {
  const shown = Math.min(80, paths[0].cloud.shape[0]);
  const lines = paths.flatMap(({ time, cloud }) => Array.from({ length: shown }, (_, row) => ({ time, row, y: cloud.data[row] })));
  const values = column(data, 0);
  const y = dataRange(values);
  const outliers = values.filter((v) => !inside(y, v)).length;
  const points = data.snapshots
    .flatMap((s, k) => Array.from(s.data.subarray(0, 300), (y) => ({ time: data.times[k], y })))
    .filter((p) => inside(y, p.y));
  const gone = new Set(lines.filter((l) => !inside(y, l.y)).map((l) => l.row)).size;
  return {
    name: "trajectories",
    title: "Snapshots and learned trajectories",
    caption: `Points: the data. Lines: ${shown} particles of the first snapshot moved by the learned velocity.${outsideText(gone, shown)}${outliersText(outliers)}`,
    svg: plot({
      height: 420,
      grid: true,
      x: timeAxis,
      y: { label: data.features[0], domain: y },
      marks: [
        Plot.dot(points, { x: "time", y: "y", fill: palette[0], r: 2, fillOpacity: 0.4 }),
        Plot.line(lines, { x: "time", y: "y", z: "row", stroke: "currentColor", strokeWidth: 0.7, strokeOpacity: 0.5, clip: true }),
      ],
    }),
  };
}
