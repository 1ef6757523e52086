/** The course of the loss. */
import * as Plot from "@observablehq/plot";
import { type Figure, palette, plot } from "../../plots/index.ts";

/** A row of metrics: what is missing in it is not drawn. */
interface LossRow {
  readonly [metric: string]: number;
}

/** Loss of the training batches and of the validation part. */
export function lossFigure(history: readonly LossRow[], bestStep?: number): Figure {
  const rows = history.filter((row) => Number.isFinite(row.loss));
  const validation = history.filter((row) => Number.isFinite(row.validationLoss));
  const values = [...rows.map((r) => r.loss), ...validation.map((r) => r.validationLoss)].sort((a, b) => a - b);
  const top = values[Math.round(0.98 * (values.length - 1))];
  return {
    name: "loss",
    title: "Loss",
    caption:
      "Blue: mean loss of the batches since the last row. Orange: loss of the validation part." +
      (bestStep === undefined ? "" : ` Dashed: step ${bestStep}, where it was lowest; this state is the result.`),
    svg: plot({
      height: 320,
      grid: true,
      x: { label: "step" },
      y: { label: "loss", domain: [Math.min(values[0], 0), top], clamp: true, nice: true },
      marks: [
        Plot.ruleX(bestStep === undefined ? [] : [bestStep], { stroke: "currentColor", strokeDasharray: "3 3", strokeOpacity: 0.6 }),
        Plot.line(rows, { x: "step", y: "loss", stroke: palette[0], strokeWidth: 1.5 }),
        Plot.line(validation, { x: "step", y: "validationLoss", stroke: palette[2], strokeWidth: 2 }),
        Plot.dot(validation, { x: "step", y: "validationLoss", fill: palette[2], r: 3 }),
      ],
    }),
  };
}
