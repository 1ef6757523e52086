/** How a fit of a posterior went. */
import * as Plot from "@observablehq/plot";
import { type Figure, palette, panels, plot } from "../../plots/index.ts";

type Rows = readonly Readonly<Record<string, number>>[];

/** The objective with its parts, by step; and the rate, which falls when the objective no longer does. */
export function fitFigure(history: Rows): Figure {
  const lines = { loss: "L", nll: "E[-log p(y|x)]", kl: "KL(q ‖ prior)" };
  const points = Object.entries(lines).flatMap(([key, name]) =>
    history.filter((row) => Number.isFinite(row[key])).map((row) => ({ step: row.step, value: row[key], name })),
  );
  return {
    name: "fit",
    title: "The fit",
    caption:
      "Above: the objective L and its two parts, nats, mean over 20 steps. Below: the rate of Adam, lowered whenever L no longer falls.",
    svg: panels(
      [
        plot({
          height: 260,
          grid: true,
          x: { label: "step" },
          y: { label: "nats" },
          color: { legend: true, domain: Object.values(lines), range: palette },
          marks: [Plot.line(points, { x: "step", y: "value", stroke: "name", strokeWidth: 1.6 })],
        }),
        plot({
          height: 260,
          grid: true,
          x: { label: "step" },
          y: { label: "rate", type: "log" },
          marks: [Plot.line(history, { x: "step", y: "rate", strokeWidth: 1.6 })],
        }),
      ],
      1,
    ),
  };
}
