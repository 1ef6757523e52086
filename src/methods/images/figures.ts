/** Pictures of a run. */
import type { Figure } from "../../plots/index.ts";
import { courseFigure, gainsFigure, type LossRows } from "../../transport/images/figures/curves.ts";
import { neighboursFigure, restoredFigure, samplesFigure, waysFigure } from "../../transport/images/figures/sheets.ts";
import type { ImagesJudgement } from "./judge.ts";
import type { ImagesProblem } from "./problem.ts";

/** What the loss is, by method. */
const losses = {
  am: "Loss of the action, a pixel: its minimum is minus the kinetic energy of the path, and the distance to it the action gap.",
  fm: "Half the squared error of the velocity, a pixel; its minimum is the spread of the velocities of crossing ways.",
  dsm: "Half the squared error of the noise, a pixel.",
  ssm: "Loss of the score, a pixel: its minimum is minus half the mean square of the score.",
};

/** Where ways begin. */
const starts = {
  generate: "noise",
  "super-resolve": "the pixels that are known, in noise",
  colour: "grey",
  inpaint: "noise where it is missing",
  between: "the picture to begin with",
};

export async function imageFigures(
  { made, restoration, samples, neighbours, ways }: ImagesJudgement,
  history: LossRows,
  { problem, options }: ImagesProblem,
): Promise<Figure[]> {
  const name = problem.task.baseline?.name ?? "unchanged";
  const kinds = [
    ...(problem.task.shown ? [{ name: "known", x: made.seen }] : []),
    ...[
      { name, x: made.baseline },
      { name: "model", x: made.made },
      { name: "truth", x: made.truth },
    ],
  ];
  return [
    restoration ? await restoredFigure(kinds) : await samplesFigure(made.made),
    ...(options.task === "between" && !restoration ? [await samplesFigure(made.baseline, "begins")] : []),
    await waysFigure(ways, starts[options.task]),
    ...(samples && neighbours ? [await neighboursFigure(made.made, neighbours)] : []),
    ...(restoration ? [gainsFigure(restoration.psnr.model.each, restoration.psnr.baseline.each, name)] : []),
    courseFigure(history, losses[options.method]),
  ];
}
