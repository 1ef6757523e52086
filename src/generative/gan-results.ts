/** What a trained generative adversarial network makes, and who has won. */
import type { NdArray, Random } from "../array/index.ts";
import { spreadRows } from "../data/batches.ts";
import type { GanLearner, GanState } from "./gan-learner.ts";
import type { GanModel } from "./gan-model.ts";
import { circled } from "./latents.ts";
import { type Likeness, likeness } from "./likeness.ts";
import type { SampleProblem } from "./problem.ts";

/** Numbers of a trained model. */
export interface GanResults {
  readonly likeness: Likeness;
  /** Share of test rows and samples that the discriminator tells apart. */
  readonly accuracy: number;
  /** The same of batches, over the last tenth of the steps. */
  readonly lastAccuracy: number;
}

/** Rows [n, D] for pictures. */
export interface GanPictures {
  readonly samples: NdArray;
  readonly interpolations: NdArray;
  readonly test: NdArray;
}

/** Images in a line of an interpolation. */
export const interpolationSteps = 11;
const comparedRows = 2000;

export async function ganResults(
  problem: SampleProblem,
  model: GanModel,
  learner: GanLearner,
  state: GanState,
  history: readonly Readonly<Record<string, number>>[],
  rng: Random,
): Promise<GanResults & { readonly pictures: GanPictures }> {
  const { latent } = model.options;
  const compared = Math.min(comparedRows, problem.count("test"), problem.count("train"));
  const [train, test] = (["train", "test"] as const).map((part) =>
    problem.batch(part, spreadRows(0, compared, compared, problem.count(part))),
  );
  const samples = await learner.generated(state, rng.fold("samples").normal([compared, latent]));
  const rows = history.filter((row) => Number.isFinite(row.accuracy));
  const last = rows.slice(-Math.max(1, Math.ceil(rows.length / 10)));
  return {
    likeness: await likeness(samples, train, test),
    accuracy: await learner.accuracy(state, "test", comparedRows),
    lastAccuracy: last.reduce((s, row) => s + row.accuracy / last.length, 0),
    pictures: {
      samples,
      test,
      interpolations: await learner.generated(state, circled(rng.fold("interpolation").normal([16, latent]), interpolationSteps)),
    },
  };
}
