/** The pictures of a generative adversarial network. */
import { type NdArray, ndarray } from "../../array/index.ts";
import type { Figure } from "../../plots/index.ts";
import { type GanPictures, interpolationSteps } from "../gan-results.ts";
import type { SampleProblem } from "../problem.ts";
import { ganLossFigure } from "./curves.ts";
import { featureFigures } from "./features.ts";
import { gridFigure } from "./images.ts";

export async function ganFigures(
  problem: SampleProblem,
  { samples, interpolations, test }: GanPictures,
  history: readonly Readonly<Record<string, number>>[],
): Promise<Figure[]> {
  const { shape, isImages } = problem;
  const first = (x: NdArray): NdArray => {
    const n = Math.min(80, x.shape[0]);
    return ndarray(x.data.slice(0, n * x.shape[1]), [n, x.shape[1]], x.dtype);
  };
  const images = isImages
    ? [
        await gridFigure(
          { name: "samples", title: "Samples", caption: "What the generator makes of z drawn from N(0, I)." },
          first(samples),
          shape,
          16,
        ),
        await gridFigure({ name: "data", title: "Data", caption: "As many images of the test part." }, first(test), shape, 16),
        await gridFigure(
          {
            name: "interpolation",
            title: "Between samples",
            caption: "Each line: what the generator makes of z on the arc between two draws of N(0, I).",
          },
          interpolations,
          shape,
          interpolationSteps,
        ),
      ]
    : featureFigures(problem, samples, test);
  return [...images, ganLossFigure(history)];
}
