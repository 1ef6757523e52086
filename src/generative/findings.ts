/** What came out of a training, as numbers with their errors, as words, and what the reader should be warned of. */
import { formatNumber, withError } from "../numbers.ts";
import type { GanResults } from "./gan-results.ts";
import type { Likeness } from "./likeness.ts";
import type { RowMean } from "./row-mean.ts";
import type { VaeResults } from "./vae-results.ts";

/** A number with its standard error, and its unit or what to compare it with. */
interface Line {
  readonly name: string;
  readonly value: number;
  readonly error?: number;
  readonly note?: string;
}

const show = ({ mean, se }: RowMean): string => withError(mean, se);

/** The numbers of a variational autoencoder, the bounds on the test part first. */
export function vaeNumbers(results: VaeResults, parameters: number): Line[] {
  const { parts, importance, variance, active, units, likeness } = results;
  const { test, validation, train } = parts;
  const nats = "nats a row";
  return [
    {
      name: "ELBO, test",
      value: test.elbo.mean,
      error: test.elbo.se,
      note: `${nats}, ${test.rows} rows that training did not see; β is 1 here`,
    },
    { name: "reconstruction, test", value: test.reconstruction.mean, error: test.reconstruction.se, note: `${nats}: E_q log p(x|z)` },
    {
      name: "KL, test",
      value: test.kl.mean,
      error: test.kl.se,
      note: `${nats}: KL(q(z|x) ‖ p(z)), the information that the code may carry`,
    },
    {
      name: `IWAE-${importance.draws}, test`,
      value: importance.mean,
      error: importance.se,
      note: `${nats}, ${importance.rows} rows: a tighter lower bound on log p(x)`,
    },
    { name: "ELBO, validation", value: validation.elbo.mean, error: validation.elbo.se },
    { name: "ELBO, training part", value: train.elbo.mean, error: train.elbo.se, note: `${train.rows} rows` },
    ...(variance === undefined
      ? []
      : [{ name: "σ²", value: variance, note: "variance of the Gaussian likelihood, in squared units of the model" }]),
    {
      name: "active latent numbers",
      value: active,
      note: `of ${units.length}: the mean of q(z_j|x) varies by more than 0.01 over test rows`,
    },
    ...likenessNumbers(likeness),
    { name: "parameters", value: parameters },
  ];
}

/** Two-sample scores with their floor. */
const likenessNumbers = ({ score, floor, diversity, rows }: Likeness): Line[] => [
  {
    name: "energy distance of samples",
    value: score.mean,
    error: score.se,
    note: `between ${rows} samples and test rows; training and test rows have ${formatNumber(floor.mean)}`,
  },
  { name: "diversity of samples", value: diversity, note: "mean distance of two samples over that of two test rows" },
];

/** Lines for people. */
export const vaeText = ({ parts, importance, variance, active, units, likeness }: VaeResults): string[] => [
  `ELBO: test ${show(parts.test.elbo)} nats (reconstruction ${show(parts.test.reconstruction)}, KL ${show(parts.test.kl)}), training part ${show(parts.train.elbo)}`,
  `IWAE-${importance.draws}: test ${show(importance)} nats`,
  `${active} of ${units.length} latent numbers are active${variance === undefined ? "" : `; σ² = ${formatNumber(variance)}`}`,
  likenessText(likeness),
];

/** How like the data samples are, in words. */
const likenessText = ({ score, floor }: Likeness): string =>
  `energy distance of samples and test rows: ${show(score)} (of training and test rows: ${formatNumber(floor.mean)})`;

/** The numbers of a generative adversarial network, its two-sample scores first. */
export const ganNumbers = ({ likeness, accuracy, lastAccuracy }: GanResults, parameters: number): Line[] => [
  ...likenessNumbers(likeness),
  { name: "accuracy of the discriminator, test", value: accuracy, note: "share of test rows and samples that it tells apart; ½: none" },
  { name: "accuracy of the discriminator, last tenth", value: lastAccuracy, note: "of batches, over the last tenth of the steps" },
  { name: "parameters", value: parameters },
];

/** Lines for people. */
export const ganText = ({ likeness, accuracy }: GanResults): string[] => [
  likenessText(likeness),
  `two samples are ${formatNumber(likeness.diversity)} times as far apart as two test rows; the discriminator tells ${formatNumber(100 * accuracy)} % of test rows and samples apart`,
];

/** No active number: the decoder does without z. */
export function vaeNotices({ active, units, variance }: VaeResults): string[] {
  const silent = units.length - active;
  return [
    ...(active === 0
      ? ["no latent number is active: the decoder does without z, and its samples are all alike. Lower --beta, or train longer"]
      : silent > 0
        ? [`${silent} of ${units.length} latent numbers are not active: --latent ${active} would do as well`]
        : []),
    ...(variance !== undefined && variance < smallestVariance
      ? [
          `σ² has fallen to ${formatNumber(variance)}: some of these numbers are functions of others, and the density grows without end. ` +
            "Leave such columns out, or give --variance with --fix-variance",
        ]
      : []),
  ];
}

/** σ² in units of the data's variance below which a density says that numbers are functions of each other. */
const smallestVariance = 1e-5;

/** Accuracy of the discriminator over the last tenth of the training above which it has won: 1 % errors leave no gradient worth the name. */
export const wonAbove = 0.99;

/**
 * Diversity of samples below which the generator has collapsed. Images of a single class of MNIST and Fashion-MNIST are still 0.6 to 1 times
 * as far apart as images of all classes: at a third, samples are variations of one image.
 */
export const collapsedBelow = 1 / 3;

/** What of a generative adversarial network went wrong. */
export function ganNotices({ lastAccuracy: accuracy, likeness: { diversity } }: GanResults): string[] {
  return [
    ...(accuracy > wonAbove
      ? [
          `the discriminator has won: over the last tenth of the steps it told ${formatNumber(100 * accuracy)} % of data and samples apart. ` +
            "Raise --penalty, or lower --lr",
        ]
      : []),
    ...(diversity < collapsedBelow
      ? [
          `the generator has collapsed: its samples are ${formatNumber(diversity)} times as far apart as the data. ` +
            "Raise --penalty, lower --lr, or take another --seed",
        ]
      : []),
  ];
}
