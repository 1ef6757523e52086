/** What came out of a run, in numbers and words. */
import type { KeyNumber, ReportTable } from "../../lab/report.ts";
import { formatNumber, withError } from "../../numbers.ts";
import type { Compared } from "../../transport/images/measures/index.ts";
import type { ImagesJudgement } from "./judge.ts";
import type { ImagesProblem } from "./problem.ts";

/** Numbers for people. */
export function imageNumbers(
  { made, restoration, samples, features, bits, solverError, effective }: ImagesJudgement,
  problem: ImagesProblem,
): KeyNumber[] {
  const baseline = baselineOf(problem);
  const pair = (name: string, unit: string, { model, baseline: simple, difference }: Compared): KeyNumber[] => [
    { name, value: model.mean, error: model.se, note: `${unit}; ${baseline}: ${withError(simple.mean, simple.se)}` },
    { name: `${name} gained`, value: difference.mean, error: difference.se, note: `over ${baseline}, picture by picture` },
  ];
  return [
    ...(restoration
      ? [...pair("PSNR", "dB, higher is better", restoration.psnr), ...pair("SSIM", "1 is the same picture", restoration.ssim)]
      : []),
    ...(samples && features ? ofSamples(samples, features) : []),
    ...(bits
      ? [{ name: "bits per dimension", value: bits.mean, error: bits.se, note: `${bits.pictures} held-out pictures; 8 is what bytes take` }]
      : []),
    { name: "evaluations", value: made.evaluations, note: "of the network's motion for each picture" },
    ...(effective === undefined ? [] : [{ name: "effective share", value: effective, note: "of pictures, by their weights" }]),
    ...(solverError === undefined
      ? []
      : [{ name: "solver error", value: solverError, note: "change of pictures by twice as many steps, values in [0, 1]" }]),
  ];
}

function ofSamples(
  { frechet, prdc, mmd, nearest }: NonNullable<ImagesJudgement["samples"]>,
  features: NonNullable<ImagesJudgement["features"]>,
): KeyNumber[] {
  return [
    ...("none" in frechet
      ? []
      : [
          {
            name: "Fréchet distance",
            value: frechet.value.mean,
            error: frechet.value.se,
            note: `of features of a network trained here (${features.task}); ${withError(frechet.reference.mean, frechet.reference.se)} between held-out pictures, so ${withError(frechet.excess, frechet.excessError)} above them`,
          },
        ]),
    ...("none" in prdc
      ? []
      : [
          { name: "precision", value: prdc.precision, note: "samples that are like held-out pictures" },
          { name: "recall", value: prdc.recall, note: "held-out pictures that samples are like" },
          { name: "coverage", value: prdc.coverage, note: "held-out pictures with a sample nearby" },
        ]),
    ...("none" in mmd ? [] : [{ name: "MMD", value: mmd.value, error: mmd.se, note: "of features, squared; 0 for samples of the data" }]),
    {
      name: "nearest training picture",
      value: nearest.samples,
      note: `median distance of samples; of held-out pictures ${formatNumber(nearest.heldOut)}`,
    },
  ];
}

/** What is withheld, and why. */
export const withheldNotes = ({ samples }: ImagesJudgement): string[] =>
  samples
    ? Object.entries({
        "Fréchet distance": samples.frechet,
        "precision and recall": samples.prdc,
        MMD: samples.mmd,
        copying: samples.nearest.copying,
      }).flatMap(([name, found]) => ("none" in found ? [`no ${name}: ${found.none}`] : []))
    : [];

const baselineOf = ({ problem }: ImagesProblem): string => problem.task.baseline?.name ?? "unchanged";

const both = ({ model, baseline }: Compared, name: string): Record<string, number> => ({ model: model.mean, [name]: baseline.mean });

/** Numbers for programs. */
export function imageResults(
  { made, restoration, samples, features, bits, solverError, effective }: ImagesJudgement,
  problem: ImagesProblem,
  loss: number | undefined,
) {
  const { options, path } = problem;
  const name = baselineOf(problem);
  return {
    ...{ task: options.task, method: options.method, path, steps: problem.steps },
    ...(restoration && {
      psnr: both(restoration.psnr, name),
      ssim: both(restoration.ssim, name),
      gain: { psnr: restoration.psnr.difference, ssim: restoration.ssim.difference },
    }),
    ...(samples && {
      frechet: "none" in samples.frechet ? null : samples.frechet.value.mean,
      frechetOfHeldOut: "none" in samples.frechet ? null : samples.frechet.reference.mean,
      frechetExcess: "none" in samples.frechet ? null : { mean: samples.frechet.excess, se: samples.frechet.excessError },
      prdc: samples.prdc,
      mmd: samples.mmd,
      nearest: { samples: samples.nearest.samples, heldOut: samples.nearest.heldOut, copying: samples.nearest.copying },
      features,
    }),
    ...(bits && { bitsPerDimension: bits }),
    evaluations: made.evaluations,
    pictures: made.made.shape[0],
    ...{ validationLoss: loss, solverError, effectiveShare: effective },
  };
}

/** A sentence for the head of the page. */
export function headlineOf({ made, restoration, samples }: ImagesJudgement, problem: ImagesProblem): string {
  const name = baselineOf(problem);
  if (restoration) {
    const { model, baseline } = restoration.psnr;
    return `${withError(model.mean, model.se)} dB on held-out pictures, where ${name} has ${withError(baseline.mean, baseline.se)}.`;
  }
  if (!samples || "none" in samples.frechet) return `${made.made.shape[0]} ${problem.problem.task.title}.`;
  const { value, reference } = samples.frechet;
  return `Fréchet distance ${withError(value.mean, value.se)} to held-out pictures, which have ${withError(reference.mean, reference.se)} among themselves.`;
}

/** Restorations picture by picture. */
export const restorationTable = ({ restoration }: ImagesJudgement, problem: ImagesProblem): ReportTable[] => {
  if (!restoration) return [];
  const name = baselineOf(problem);
  const row = (measure: string, { model, baseline, difference }: Compared): string[] => [
    measure,
    withError(model.mean, model.se),
    withError(baseline.mean, baseline.se),
    withError(difference.mean, difference.se),
  ];
  return [
    {
      title: "Restorations of held-out pictures",
      columns: ["measure", "model", name, "difference"],
      rows: [row("PSNR, dB", restoration.psnr), row("SSIM", restoration.ssim), row("squared error", restoration.mse)],
    },
  ];
};
