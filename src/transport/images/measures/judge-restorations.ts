/** What is said of restored pictures, beside the true ones and a simple way to restore them. */

import { estimate } from "../../../sampling/index.ts";
import type { Pictures } from "./pictures.ts";
import { decibels, greatestPsnr, meanSquaredErrors } from "./psnr.ts";
import { ssim } from "./ssim.ts";

/** A mean over pictures with its standard error, and the numbers. */
export interface OverPictures {
  readonly mean: number;
  /** NaN of a single picture. */
  readonly se: number;
  readonly each: readonly number[];
}

/** A measure of both ways; the difference is that of the same picture, whose error is smaller than those of the means. */
export interface Compared {
  readonly model: OverPictures;
  readonly baseline: OverPictures;
  /** Model less baseline. */
  readonly difference: Pick<OverPictures, "mean" | "se">;
}

/** Restored pictures and those of a baseline. */
export interface RestorationJudgement {
  /** Mean squared errors, of values in [0, 1]. */
  readonly mse: Compared;
  /** dB: means of the ratios of the pictures. */
  readonly psnr: Compared;
  readonly ssim: Compared;
  readonly warnings: readonly string[];
}

/** @param restored, truth, baseline  the same pictures [n, c, h, w], in [0, 1] */
export async function judgeRestorations(restored: Pictures, truth: Pictures, baseline: Pictures): Promise<RestorationJudgement> {
  const errors = [await meanSquaredErrors(restored, truth), await meanSquaredErrors(baseline, truth)];
  const [model, simple] = errors.map((values) => values.map(decibels));
  const [ofModel, ofBaseline] = [await ssim(restored, truth), await ssim(baseline, truth)];
  const mse = compared(errors[0], errors[1]);
  return {
    mse,
    psnr: compared(model, simple),
    ssim: compared(ofModel.values, ofBaseline.values),
    warnings: [...farOff(mse), ...smallWindow(ofModel.window), ...copies("model", model), ...copies("baseline", simple)],
  };
}

function compared(model: Float64Array, baseline: Float64Array): Compared {
  const { mean, se } = overPictures(model.map((v, i) => v - baseline[i]));
  return { model: overPictures(model), baseline: overPictures(baseline), difference: { mean, se } };
}

function overPictures(values: Float64Array): OverPictures {
  const { mean, error } = estimate(values);
  return { mean, se: error, each: [...values] };
}

/** Errors that differences of means must exceed. */
const certain = 1.96;

/**
 * A picture drawn from all those that are possible has twice the squared error of their mean, and the mean no greater one than whatever else is made
 * of what is seen: a sampler that has learned all there is stays below twice the error of the baseline.
 */
function farOff({ model, baseline }: Compared): string[] {
  const beyond = model.mean - 2 * baseline.mean;
  return beyond > certain * Math.hypot(model.se, 2 * baseline.se)
    ? [
        `the squared error is ${(model.mean / baseline.mean).toFixed(1)} times that of the baseline, where pictures drawn from all possible ones have at most ` +
          "twice as much: the model has not learned what there is to learn; take more --steps",
      ]
    : [];
}

const smallWindow = (window: number): string[] =>
  window < 11 ? [`similarities are taken with a window of ${window} pixels, not 11: the pictures are smaller`] : [];

function copies(who: string, ratios: Float64Array): string[] {
  const count = ratios.filter((ratio) => ratio === greatestPsnr).length;
  return count === 0
    ? []
    : [`${count} of ${ratios.length} pictures of the ${who} are exact copies of the truth, and count with ${greatestPsnr} dB`];
}
