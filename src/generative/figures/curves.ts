/** How a training went. */
import * as Plot from "@observablehq/plot";
import { type Figure, palette, panels, plot } from "../../plots/index.ts";

type Rows = readonly Readonly<Record<string, number>>[];

interface Line {
  readonly key: string;
  readonly name: string;
  /** Evaluations have dots. */
  readonly dots?: boolean;
}

/** Share of the steps at the beginning that a long history is drawn without: losses fall there by more than by all that follows. */
const leftOut = 0.04;

/** Lines by step. */
function curves(
  history: Rows,
  label: string,
  lines: readonly Line[],
  { height = 250, mark }: { height?: number; mark?: number } = {},
): string {
  const from = history.length > 50 ? leftOut * history[history.length - 1].step : 0;
  const points = lines.flatMap(({ key, name }) =>
    history.flatMap((row) => (Number.isFinite(row[key]) && row.step > from ? [{ step: row.step, value: row[key], name }] : [])),
  );
  const settled = points.map((p) => p.value);
  const [low, high] = [Math.min(...settled), Math.max(...settled)];
  const dots = points.filter((p) => lines.some((l) => l.dots && l.name === p.name));
  return plot({
    height,
    grid: true,
    x: { label: "step" },
    y: { label, domain: [low - 0.05 * (high - low || 1), high + 0.05 * (high - low || 1)] },
    color: { legend: true, domain: lines.map((l) => l.name), range: palette },
    marks: [
      Plot.ruleX(mark === undefined ? [] : [mark], { stroke: "currentColor", strokeDasharray: "3 3", strokeOpacity: 0.6 }),
      Plot.line(points, { x: "step", y: "value", stroke: "name", z: "name", strokeWidth: 1.6 }),
      Plot.dot(dots, { x: "step", y: "value", fill: "name", r: 2.5 }),
    ],
  });
}

/** The loss of a variational autoencoder with its parts. */
export function vaeLossFigure(history: Rows, bestStep?: number): Figure {
  const negative = history.map((row) => ({ ...row, rest: -row.reconstruction }));
  return {
    name: "loss",
    title: "Loss and its parts",
    caption:
      "Above: the loss, β KL - reconstruction, of the training batches and of the validation part, and -reconstruction alone. Below: KL. Nats a row; the first steps of a long training are left out." +
      (bestStep === undefined ? "" : ` Dashed: step ${bestStep}, where the validation loss was lowest; this state is the result.`),
    svg: panels(
      [
        curves(
          negative,
          "nats",
          [
            { key: "loss", name: "loss, batches" },
            { key: "validationLoss", name: "loss, validation", dots: true },
            { key: "rest", name: "-reconstruction" },
          ],
          { mark: bestStep },
        ),
        curves(history, "nats", [{ key: "kl", name: "KL(q(z|x) ‖ p(z))" }], { mark: bestStep }),
      ],
      1,
    ),
  };
}

/** Losses of both networks of a generative adversarial network, and who wins. */
export const ganLossFigure = (history: Rows): Figure => ({
  name: "loss",
  title: "Losses, and who wins",
  caption:
    "Above: losses of discriminator (2 log 2 = 1.386: it cannot tell) and generator (log 2 = 0.693: the same). " +
    "In the middle: the share of data and samples of a batch that the discriminator puts on the right side (½: it cannot tell). " +
    "Below: how far samples of the mean generator are from the data.",
  svg: panels(
    [
      curves(history, "nats", [
        { key: "discriminatorLoss", name: "discriminator" },
        { key: "generatorLoss", name: "generator" },
      ]),
      curves(history, "share", [{ key: "accuracy", name: "accuracy of the discriminator" }]),
      curves(history, "distance", [{ key: "energyDistance", name: "energy distance of samples and validation rows", dots: true }]),
    ],
    1,
  ),
});
