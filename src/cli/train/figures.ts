/** Pictures of a training. */
import * as Plot from "@observablehq/plot";
import type { Examples } from "../../data/index.ts";
import type { Metrics } from "../../lab/index.ts";
import { type Figure, palette, plot } from "../../plots/index.ts";

/** Loss of the training batches and of the validation part. */
export function lossFigure(history: readonly Metrics[]): Figure {
  const rows = history.filter((row) => Number.isFinite(row.loss));
  const validation = history.filter((row) => Number.isFinite(row.validationLoss));
  const values = [...rows.map((r) => r.loss), ...validation.map((r) => r.validationLoss)].sort((a, b) => a - b);
  const top = values[Math.round(0.98 * (values.length - 1))];
  return {
    name: "loss",
    title: "Loss",
    caption: "Blue: mean loss of the batches since the last row. Orange: loss of the validation part.",
    svg: plot({
      height: 320,
      grid: true,
      x: { label: "step" },
      y: { label: "loss", domain: [Math.min(values[0], 0), top], clamp: true, nice: true },
      marks: [
        Plot.line(rows, { x: "step", y: "loss", stroke: palette[0], strokeWidth: 1.5 }),
        Plot.line(validation, { x: "step", y: "validationLoss", stroke: palette[2], strokeWidth: 2 }),
        Plot.dot(validation, { x: "step", y: "validationLoss", fill: palette[2], r: 3 }),
      ],
    }),
  };
}

/** How often each class was taken for which, in per cent of the class. */
export function confusionFigure(classes: readonly string[], truth: ArrayLike<number>, guess: ArrayLike<number>): Figure {
  const k = classes.length;
  const counts = Array.from({ length: k }, () => new Array<number>(k).fill(0));
  for (let i = 0; i < truth.length; i++) counts[truth[i]][guess[i]]++;
  const cells = counts.flatMap((row, i) => {
    const total = row.reduce((s, n) => s + n, 0);
    return row.map((n, j) => ({ truth: classes[i], guess: classes[j], share: total ? (100 * n) / total : 0 }));
  });
  const longest = Math.max(...classes.map((c) => c.length));
  const side = Math.min(640, 160 + 44 * k);
  return {
    name: "confusion",
    title: "Confusion",
    caption: "Rows: the class of the test examples. Columns: what the network says. Per cent of the row.",
    svg: plot({
      width: side + 6 * longest,
      height: side,
      ...(longest > 4 && { marginBottom: 60 }),
      x: { label: "predicted", domain: classes, tickRotate: longest > 4 ? -35 : 0 },
      y: { label: "true", domain: classes, labelAnchor: "top", labelArrow: "none" },
      color: { type: "sqrt", range: ["#f2f5fc", palette[0]], domain: [0, 100] },
      marks: [
        Plot.cell(cells, { x: "guess", y: "truth", fill: "share", inset: 0.5 }),
        ...(k <= 20
          ? [
              Plot.text(
                cells.filter((c) => c.share >= 0.5),
                {
                  x: "guess",
                  y: "truth",
                  text: (c: { share: number }) => c.share.toFixed(0),
                  fill: (c: { share: number }) => (c.share > 45 ? "white" : "#222"),
                },
              ),
            ]
          : []),
      ],
    }),
  };
}

/** Predicted against true numbers. */
export function predictionFigure(name: string, truth: readonly number[], guess: readonly number[]): Figure {
  const points = truth.slice(0, 2000).map((t, i) => ({ truth: t, guess: guess[i] }));
  const low = truth.reduce((m, v) => Math.min(m, v), Number.POSITIVE_INFINITY);
  const high = truth.reduce((m, v) => Math.max(m, v), Number.NEGATIVE_INFINITY);
  return {
    name: "predictions",
    title: "Predictions of the test part",
    caption: `Each point is a test example; on the line the prediction of ${name} is exact.`,
    svg: plot({
      height: 480,
      width: 560,
      grid: true,
      x: { label: `true ${name}` },
      y: { label: `predicted ${name}` },
      marks: [
        Plot.dot(points, { x: "truth", y: "guess", fill: palette[0], r: 2.5, fillOpacity: 0.5 }),
        Plot.line(
          [
            [low, low],
            [high, high],
          ],
          { stroke: "currentColor", strokeDasharray: "4 3" },
        ),
      ],
    }),
  };
}

/** One thing that the network got wrong. */
export interface Mistake {
  /** A data URI of the picture. */
  readonly image: string;
  readonly truth: string;
  readonly guess: string;
  readonly probability: number;
}

/** The mistakes that the network is surest of. */
export function mistakesFigure(mistakes: readonly Mistake[], { title }: Examples): Figure {
  const columns = 8;
  const rows = Math.ceil(mistakes.length / columns);
  const at = mistakes.map((m, i) => ({ ...m, x: i % columns, y: Math.floor(i / columns) }));
  return {
    name: "mistakes",
    title: "Surest mistakes",
    caption: `Test images of ${title} that the network puts into a wrong class with the highest probability: what it says, and below it the truth.`,
    svg: plot({
      width: 760,
      height: 112 * rows + 20,
      margin: 10,
      x: { axis: null, domain: [-0.5, columns - 0.5] },
      y: { axis: null, domain: [rows - 0.4, -0.5] },
      marks: [
        Plot.image(at, { x: "x", y: (d: { y: number }) => d.y - 0.12, src: "image", width: 64, height: 64 }),
        Plot.text(at, {
          x: "x",
          y: (d: { y: number }) => d.y + 0.3,
          text: (d: Mistake) => `${d.guess} ${Math.round(100 * d.probability)} %`,
          fill: palette[2],
          fontSize: 10,
        }),
        Plot.text(at, { x: "x", y: (d: { y: number }) => d.y + 0.43, text: "truth", fontSize: 10 }),
      ],
    }),
  };
}
