/** The pictures of a variational autoencoder. */
import type { Figure } from "../../plots/index.ts";
import type { SampleProblem } from "../problem.ts";
import { activeAbove, interpolationSteps, manifoldSide, type VaePictures, type VaeResults } from "../vae-results.ts";
import { vaeLossFigure } from "./curves.ts";
import { featureFigures } from "./features.ts";
import { gridFigure, reconstructionFigure } from "./images.ts";
import { codesFigure, unitsFigure } from "./latents.ts";

export async function vaeFigures(
  problem: SampleProblem,
  { units }: Pick<VaeResults, "units">,
  pictures: VaePictures,
  history: readonly Readonly<Record<string, number>>[],
  bestStep?: number,
): Promise<Figure[]> {
  const { shape, isImages } = problem;
  const { samples, originals, reconstructions, interpolations, manifold, codes, rows, drawn, test } = pictures;
  const images = isImages
    ? [
        await gridFigure(
          { name: "samples", title: "Samples", caption: "Means that the decoder gives for z drawn from N(0, I); no noise is added." },
          samples,
          shape,
          16,
        ),
        await reconstructionFigure(originals, reconstructions, shape),
        await gridFigure(
          {
            name: "interpolation",
            title: "Between test images",
            caption:
              "Each line: what the decoder makes of z on the straight line between the codes of two test images, which are reconstructed at its ends.",
          },
          interpolations,
          shape,
          interpolationSteps,
        ),
        ...(manifold
          ? [
              await gridFigure(
                {
                  name: "manifold",
                  title: "The whole latent plane",
                  caption: `Decoded means at ${manifoldSide} x ${manifoldSide} places of the plane, each standing for an equal share of N(0, I): z₁ grows to the right, z₂ upwards.`,
                },
                manifold,
                shape,
                manifoldSide,
                { gap: 0 },
              ),
            ]
          : []),
      ]
    : featureFigures(problem, drawn, test);
  return [
    ...images,
    ...(codes.shape[1] > 1 ? [codesFigure(problem, codes, rows, units)] : []),
    unitsFigure(units, activeAbove),
    vaeLossFigure(history, bestStep),
  ];
}
