/** The picture of a rate-distortion curve. */
import * as Plot from "@observablehq/plot";
import { type Figure, palette, plot } from "../../plots/index.ts";
import type { Distortion, RatePoint } from "../rate.ts";

export function rateFigure(all: readonly RatePoint[], distortion: Distortion): Figure {
  // at small β the distortion is that of the prior, orders above the rest, and the rate nothing
  const highest = all.reduce((top, p) => Math.max(top, p.rate), 0);
  const points = all.filter((p) => p.rate >= 0.05 * highest);
  const marked = [0.1, 1, 10, 100, 1000].flatMap((beta) => {
    const nearest = points.reduce((best, p) => (Math.abs(Math.log(p.beta / beta)) < Math.abs(Math.log(best.beta / beta)) ? p : best));
    return Math.abs(Math.log(nearest.beta / beta)) < 0.05 ? [{ ...nearest, label: `β = ${beta}` }] : [];
  });
  return {
    name: "rate",
    title: "Rate and distortion",
    caption:
      "Rate of the best channel from x to z under this prior and decoder, against its distortion, with two standard errors over data. The curve lies above the true one; its slope is -β. Rates below a twentieth of the highest are not drawn." +
      (distortion === "likelihood" ? " At β = 1 the rate of drawn x is I(X;Z)." : ""),
    svg: plot({
      height: 380,
      x: { label: distortion === "likelihood" ? "distortion -log p(x|z), nats" : "distortion |x - mean|²", grid: true },
      y: { label: "rate, nats", grid: true, zero: true },
      marks: [
        Plot.areaY(points, {
          x: "distortion",
          y1: (p) => p.rate - 2 * p.rateError,
          y2: (p) => p.rate + 2 * p.rateError,
          fill: palette[0],
          fillOpacity: 0.2,
        }),
        Plot.line(points, { x: "distortion", y: "rate", stroke: palette[0], strokeWidth: 2 }),
        Plot.dot(marked, { x: "distortion", y: "rate", fill: palette[2], r: 4 }),
        Plot.text(marked, { x: "distortion", y: "rate", text: "label", dx: 8, dy: -8, textAnchor: "start" }),
      ],
    }),
  };
}
