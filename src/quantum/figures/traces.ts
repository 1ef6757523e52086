/** Trainings step by step, and how they ended. */
import * as Plot from "@observablehq/plot";
import { formatNumber } from "../../numbers.ts";
import { type Figure, palette, plot } from "../../plots/index.ts";
import { powerTick } from "./ticks.ts";

/** A training of some depth: its objective after every step, and its mean cost at the end. */
export interface Traced {
  readonly layers: number;
  readonly trace: readonly number[];
  readonly energy: number;
}

const depthName = (layers: number): string => `${layers} ${layers === 1 ? "layer" : "layers"}`;

/** Gaps below this part of the largest are drawn as it: they are rounding. */
const floor = 1e-10;

/**
 * One line a restart.
 * @param chosen  number of the restart that was taken
 * @param isMean  whether the objective is the mean cost, of which the minimum is a bound
 */
export function tracesFigure(restarts: readonly Traced[], minimum: number, chosen: number, isMean: boolean): Figure {
  const most = Math.max(...restarts.flatMap(({ trace }) => trace.map((v) => Math.abs(v - minimum)))) || 1;
  const height = (value: number): number => (isMean ? Math.max(value - minimum, floor * most) : value);
  const rows = restarts.flatMap(({ layers, trace }, restart) =>
    trace.map((value, step) => ({ step, value: height(value), restart, depth: depthName(layers) })),
  );
  const depths = [...new Set(restarts.map(({ layers }) => depthName(layers)))];
  return {
    name: "traces",
    title: "Training",
    caption: isMean
      ? `Mean loss above the exact minimum, ${formatNumber(minimum)}, by step: a line for each restart. The thick one ended lowest and was taken.`
      : `The objective by step: a line for each restart. The thick one ended lowest and was taken. The dashed line is the lowest loss of all, ${formatNumber(minimum)}.`,
    svg: plot({
      height: 340,
      grid: true,
      color: { domain: depths, range: palette.slice(0, depths.length), legend: depths.length > 1 },
      x: { label: "step" },
      y: isMean ? { type: "log", label: "mean loss above the minimum", ticks: 6, tickFormat: powerTick } : { label: "objective" },
      marks: [
        ...(isMean ? [] : [Plot.ruleY([minimum], { strokeDasharray: "4,3" })]),
        Plot.line(rows, { x: "step", y: "value", z: "restart", stroke: "depth", strokeOpacity: 0.5, strokeWidth: 1.2 }),
        Plot.line(
          rows.filter((row) => row.restart === chosen),
          { x: "step", y: "value", stroke: "depth", strokeWidth: 2.6 },
        ),
      ],
    }),
  };
}

/** Where restarts of each depth ended: a dot each, and their median. */
export function depthFigure(restarts: readonly Traced[], minimum: number): Figure {
  const most = Math.max(...restarts.map(({ energy }) => energy - minimum), 1e-200);
  const rows = restarts.map(({ layers, energy }) => ({ depth: depthName(layers), gap: Math.max(energy - minimum, floor * most) }));
  return {
    name: "depth",
    title: "Depth",
    caption: `Mean loss above the exact minimum, ${formatNumber(minimum)}, at the end of each restart, by depth of the circuit; the bar is their median. Further left is better.`,
    svg: plot({
      height: 90 + 48 * new Set(rows.map((r) => r.depth)).size,
      grid: true,
      x: { type: "log", label: "mean loss above the minimum", ticks: 6, tickFormat: powerTick },
      y: { label: null },
      marks: [
        Plot.dot(rows, { x: "gap", y: "depth", fill: palette[0], fillOpacity: 0.5, r: 5 }),
        Plot.tickX(rows, Plot.groupY({ x: "median" }, { x: "gap", y: "depth", stroke: palette[2], strokeWidth: 3 })),
      ],
    }),
  };
}
