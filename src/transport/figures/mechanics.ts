/** Pictures of second-order mechanics: phase portraits, energies, and fans of forecasts. */
import * as Plot from "@observablehq/plot";
import { type Figure, palette, panels, plot } from "../../plots/index.ts";
import type { EnergyCurve, EnergyPoint } from "../evaluation/energy-balance.ts";
import type { Fan } from "../motion/fan.ts";
import type { Fields } from "../motion/fields.ts";
import type { Frame } from "../motion/frames.ts";
import { inset, timeAxis } from "./axes.ts";

/** Most panels, and most particles in one. */
const mostPanels = 4;
const mostParticles = 50;

/** Places and velocities of particles, a panel a feature. */
export function phaseFigure(features: readonly string[], frames: readonly Frame[], along: readonly Pick<Fields, "velocity">[]): Figure {
  const d = features.length;
  const [n] = frames[0].cloud.shape;
  const count = Math.min(n, mostParticles);
  const shown = features.slice(0, mostPanels);
  const columns = Math.min(2, shown.length);
  const panel = (name: string, j: number): string => {
    const lines = Array.from({ length: count }, (_, i) => Math.floor((i * n) / count)).flatMap((row) =>
      frames.map(({ time, cloud }, k) => ({ x: cloud.data[row * d + j], v: along[k].velocity.data[row * d + j], row, time })),
    );
    const end = frames[frames.length - 1].time;
    return plot({
      width: Math.floor(760 / columns),
      height: 320,
      grid: true,
      x: { label: name, inset },
      y: { label: `velocity ${name}`, inset },
      marks: [
        Plot.line(lines, { x: "x", y: "v", z: "row", stroke: "currentColor", strokeWidth: 0.7, strokeOpacity: 0.45 }),
        Plot.dot(
          lines.filter((l) => l.time === frames[0].time),
          { x: "x", y: "v", fill: palette[0], r: 2.2 },
        ),
        Plot.dot(
          lines.filter((l) => l.time === end),
          { x: "x", y: "v", fill: palette[1], r: 2.2 },
        ),
      ],
    });
  };
  return {
    name: "phases",
    title: "Phase portraits",
    caption:
      `Places and velocities of ${count} particles of the first snapshot, a panel a feature${d > shown.length ? ` (the first ${shown.length} of ${d})` : ""}: ` +
      "where they begin (blue), where they are at the end (orange).",
    svg: panels(shown.map(panel), columns),
  };
}

/** Kinetic, potential and total energy in time, beside what the total should be. */
export function energyFigure({ points, imbalance }: EnergyCurve): Figure {
  const curve = (energy: string, of: (p: EnergyPoint) => number) => points.map((p) => ({ time: p.time, value: of(p), energy }));
  const found = [
    ...curve("kinetic", (p) => p.kinetic),
    ...curve("potential", (p) => p.potential),
    ...curve("total", (p) => p.kinetic + p.potential),
  ];
  const due = curve("start and work", (p) => p.expected);
  return {
    name: "energy",
    title: "Energy",
    caption:
      "Mean energies of the moved particles, in squared standard deviations over squared mean intervals; a potential is known up to a " +
      "constant. The total should be that of the start and the work of friction, noise and a potential that changes; they differ by " +
      `${(100 * imbalance).toPrecision(2)} % of the kinetic energy.`,
    svg: plot({
      height: 320,
      grid: true,
      x: timeAxis,
      y: { label: "energy", inset },
      color: { legend: true, domain: ["kinetic", "potential", "total", "start and work"], range: [...palette.slice(0, 3), "currentColor"] },
      marks: [
        Plot.line(found, { x: "time", y: "value", stroke: "energy", strokeWidth: 1.8 }),
        Plot.line(due, { x: "time", y: "value", stroke: "energy", strokeDasharray: "4 4" }),
      ],
    }),
  };
}

/** Quantiles of features over the moved particles, beyond the last snapshot that is learned from as a forecast. */
export function fanFigure(fans: readonly Fan[], last: number): Figure {
  const columns = Math.min(2, fans.length);
  const panel = ({ feature, moved, observed }: Fan): string =>
    plot({
      width: Math.floor(760 / columns),
      height: 240,
      x: timeAxis,
      y: { label: feature, grid: true, inset },
      marks: [
        Plot.areaY(moved, { x: "time", y1: (p) => p.quantiles[0], y2: (p) => p.quantiles[4], fill: palette[0], fillOpacity: 0.15 }),
        Plot.areaY(moved, { x: "time", y1: (p) => p.quantiles[1], y2: (p) => p.quantiles[3], fill: palette[0], fillOpacity: 0.25 }),
        Plot.line(moved, { x: "time", y: (p) => p.quantiles[2], stroke: palette[0], strokeWidth: 2 }),
        Plot.ruleX([last], { strokeDasharray: "3 3" }),
        Plot.ruleX(observed, { x: "time", y1: (p) => p.quantiles[0], y2: (p) => p.quantiles[4], stroke: palette[1] }),
        Plot.dot(observed, { x: "time", y: (p) => p.quantiles[2], fill: palette[1], r: 3 }),
      ],
    });
  return {
    name: "forecast",
    title: "Forecast",
    caption:
      "Median and the middle 50 and 90 % of features over the moved particles (line and bands) and over the snapshots (dots and bars). Right " +
      "of the dashed line lies what nothing was learned from.",
    svg: panels(fans.map(panel), columns),
  };
}
