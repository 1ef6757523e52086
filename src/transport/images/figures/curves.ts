/** The course of a training of pictures, and its restorations one by one. */
import * as Plot from "@observablehq/plot";
import { type Figure, palette, plot } from "../../../plots/index.ts";

/** Rows of a log. */
export type LossRows = readonly Readonly<Record<string, number>>[];

/** Losses of the training, and on held-out pictures. */
export function courseFigure(history: LossRows, caption: string): Figure {
  const of = (key: string, name: string) =>
    history.flatMap((row) => (row[key] === undefined ? [] : [{ step: row.step, value: row[key], name }]));
  const training = of("loss", "training");
  const sorted = training.map(({ value }) => value).sort((a, b) => a - b);
  const [low, high] = [sorted[0], sorted[Math.round(0.98 * (sorted.length - 1))]];
  return {
    name: "loss",
    title: "Loss",
    caption,
    svg: plot({
      ...{ height: 300, grid: true, x: { label: "step" }, y: { label: "loss of a pixel", domain: [low, high], clamp: true } },
      color: { legend: true, range: palette },
      marks: [
        Plot.line(training, { x: "step", y: "value", stroke: "name", strokeOpacity: 0.6 }),
        Plot.line(of("validationLoss", "held out"), { x: "step", y: "value", stroke: "name", strokeWidth: 2, marker: "circle" }),
      ],
    }),
  };
}

/** Each picture's quality by the model over that without one. */
export function gainsFigure(model: readonly number[], baseline: readonly number[], name: string): Figure {
  const points = model.map((value, i) => ({ model: value, baseline: baseline[i] }));
  const all = [...model, ...baseline];
  const domain = [Math.min(...all) - 0.5, Math.max(...all) + 0.5];
  return {
    name: "gains",
    title: "Picture by picture",
    caption: `PSNR of each held-out picture by the model, over that of ${name}: above the line the model is better.`,
    svg: plot({
      ...{ width: 480, height: 440, grid: true, x: { label: `${name}, dB`, domain }, y: { label: "model, dB", domain } },
      marks: [
        Plot.line(
          [domain, domain].map(([low, high], i) => (i === 0 ? { at: low } : { at: high })),
          { x: "at", y: "at", strokeOpacity: 0.5 },
        ),
        Plot.dot(points, { x: "baseline", y: "model", r: 2.5, fill: palette[0], fillOpacity: 0.6 }),
      ],
    }),
  };
}
