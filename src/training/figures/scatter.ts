/** Predicted numbers. */
import * as Plot from "@observablehq/plot";
import { type Figure, palette, plot } from "../../plots/index.ts";

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
