/** What may be said of the privacy of a training. */
import { formatNumber } from "../../numbers.ts";
import { type Privacy, privacyOf } from "./accountant.ts";

/** A training with clipped and noisy gradients. */
export interface PrivateTraining {
  /** Records of the training part. */
  readonly records: number;
  /** Expected number of records of a step. */
  readonly batchSize: number;
  readonly steps: number;
  readonly clip: number;
  readonly sigma: number;
  /** Default 1 / (10 records): below one over the records, or publishing a record at random would pass as private. */
  readonly delta?: number;
  /** Trainings on the same records among which this one was chosen, itself included. Default 1. */
  readonly trials?: number;
}

/** (ε, δ) and the sentence that goes with it. */
export interface PrivacyStatement extends Privacy {
  readonly rate: number;
  readonly text: string;
}

/**
 * The guarantee of one training. Choosing the best of several costs more than any one of them; what is stated does not include it, and says
 * so.
 */
export function privacyStatement(training: PrivateTraining): PrivacyStatement {
  const { records, batchSize, steps, clip, sigma, delta = 1 / (10 * records), trials = 1 } = training;
  const rate = Math.min(1, batchSize / records);
  const privacy = privacyOf({ rate, sigma, steps }, delta);
  const chosen =
    trials > 1
      ? `It holds for one training; this one was chosen among ${trials} on the same records, which is not included and costs more.`
      : "It holds for this one training; if its options were chosen by others on the same records, that is not included and costs more.";
  return {
    ...{ ...privacy, rate },
    text:
      `(${formatNumber(privacy.epsilon)}, ${formatNumber(delta)})-differentially private: ${steps} steps, each record in a batch with chance ` +
      `${formatNumber(rate)}, gradients clipped to ${formatNumber(clip)}, noise of ${formatNumber(sigma)} times that (Rényi accountant, order ` +
      `${privacy.order}). Neighbouring data differ by one record added or removed. ${chosen} The weights are covered; losses and accuracies of ` +
      "the log are not. It bounds what one record adds: a class of many like records may be drawn all the same. Noise is drawn in floating point " +
      "from a seeded generator: the statement is of real numbers, and of readers who do not know the seed.",
  };
}
