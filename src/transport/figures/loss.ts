/** The loss of a training. */
import * as Plot from "@observablehq/plot";
import { type Figure, palette, plot } from "../../plots/index.ts";
import { descriptionOf, type MethodName } from "../learning/methods.ts";

/** A row of the log. */
export interface LoggedLoss {
  readonly step: number;
  readonly loss: number;
}

/** The logged losses and their running mean. */
export function lossFigure(losses: readonly LoggedLoss[], method: MethodName): Figure {
  const sorted = losses.map((l) => l.loss).sort((a, b) => a - b);
  const [low, high] = [sorted[0], sorted[Math.round(0.98 * (sorted.length - 1))]];
  return {
    name: "loss",
    title: "Loss",
    caption: caption(method),
    svg: plot({
      height: 300,
      grid: true,
      x: { label: "step" },
      y: { label: "loss", domain: [low, high], clamp: true },
      marks: [
        Plot.line(losses, { x: "step", y: "loss", stroke: palette[0], strokeOpacity: 0.35 }),
        Plot.line(
          losses,
          Plot.windowY(
            // a tenth of the rows, so that a short run is not all one mean
            { k: Math.max(1, Math.min(25, Math.round(losses.length / 10))), strict: false },
            { x: "step", y: "loss", stroke: palette[0], strokeWidth: 2 },
          ),
        ),
      ],
    }),
  };
}

function caption(method: MethodName): string {
  const { family, matched } = descriptionOf(method);
  if (matched)
    return (
      "Loss of the action, whose minimum is minus the kinetic energy of the paths, and mean square of the force that the potential leaves " +
      "unexplained, per logged row."
    );
  if (family === "flow matching")
    return "Mean squared error of the velocity per logged row; its minimum is the spread of the velocities of crossing pairs.";
  if (family === "simulation") return "Sinkhorn divergence of the moved particles to the next snapshots, per logged row.";
  if (family === "mechanics")
    return (
      "Energy distance of the simulated particles to the snapshots within the horizon, which grows over the first half of the training, " +
      "and the misfit of the mean velocity, per logged row."
    );
  return (
    "Loss of the action per logged row; its minimum is minus the action of the path (kinetic less potential energy), and the distance to " +
    "the minimum is the action gap."
  );
}
