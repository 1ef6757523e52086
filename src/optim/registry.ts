/** Every optimizer by name: what it is for, its hyper-parameters with meanings, ranges and search ranges, and how to make it. */
import { nearest, UserError } from "../errors.ts";
import { adam, adamParameters, adamw, adamwParameters, nadamw } from "./adam.ts";
import { kfac, kfacParameters } from "./curvature/kfac.ts";
import { ikfac, ikfacParameters, ingd, ingdParameters, singd, singdParameters } from "./curvature/singd.ts";
import { checkRate, type Hyperparameters, learningRate, type NumberParameter } from "./hyper.ts";
import { ifShampoo, ifShampooParameters } from "./if-shampoo.ts";
import { klShampoo, klShampooParameters } from "./kl-shampoo.ts";
import { lamb, lambParameters } from "./lamb.ts";
import { lion, lionParameters } from "./lion.ts";
import { muon, muonParameters } from "./muon.ts";
import type { Optimizer } from "./optimizer.ts";
import { rfShampoo, rfShampooParameters } from "./rf-shampoo.ts";
import { rmsprop, rmspropParameters } from "./rmsprop.ts";
import { rfAdamw, rfAdamwParameters, rfRmsprop, rfRmspropParameters } from "./root-free.ts";
import type { Rate } from "./schedules.ts";
import { type SgdOptions, sgd, sgdParameters } from "./sgd.ts";
import { shampoo, shampooParameters } from "./shampoo.ts";
import { type SoapOptions, soap, soapParameters } from "./soap.ts";

/** One optimizer of the registry. */
export interface OptimizerEntry {
  readonly title: string;
  readonly family: "diagonal" | "matrix" | "curvature";
  readonly use: string;
  readonly source: string;
  /** The step size: default and search range. */
  readonly rate: NumberParameter;
  readonly parameters: Hyperparameters;
  /** What a step needs besides the gradient. */
  readonly needs: readonly ("batchSize" | "curvature")[];
  /** Each optimizer has options of its own: they are checked against `parameters`. */
  make(rate: Rate, options: Readonly<Record<string, unknown>>): Optimizer;
}

const fields = (
  title: string,
  family: OptimizerEntry["family"],
  use: string,
  source: string,
): Pick<OptimizerEntry, "title" | "family" | "use" | "source" | "needs"> => ({ title, family, use, source, needs: [] });

/** By name, gradient descent has the momentum and decay of the others. */
const sgdDefaults = {
  ...sgdParameters,
  momentum: { ...sgdParameters.momentum, default: 0.9 },
  weightDecay: { ...sgdParameters.weightDecay, default: 5e-4 },
};

/** All optimizers. */
export const optimizers = {
  sgd: {
    ...fields("SGD with momentum", "diagonal", "convolutional networks with time to tune the rate", "Polyak 1964"),
    rate: learningRate(0.1, 1e-3, 1),
    parameters: sgdDefaults,
    make: (rate, options: SgdOptions) => sgd(rate, { momentum: 0.9, weightDecay: 5e-4, ...options }),
  },
  adam: {
    ...fields("Adam", "diagonal", "a first try on anything", "Kingma & Ba, ICLR 2015"),
    rate: learningRate(1e-3, 1e-4, 3e-2),
    parameters: adamParameters,
    make: adam,
  },
  adamw: {
    ...fields("AdamW", "diagonal", "the default for transformers", "Loshchilov & Hutter, ICLR 2019"),
    rate: learningRate(1e-3, 1e-4, 3e-2),
    parameters: adamwParameters,
    make: adamw,
  },
  nadamw: {
    ...fields("NAdamW", "diagonal", "AdamW with a look-ahead", "Dozat, ICLR 2016 workshop"),
    rate: learningRate(1e-3, 1e-4, 3e-2),
    parameters: adamwParameters,
    make: nadamw,
  },
  rmsprop: {
    ...fields("RMSProp", "diagonal", "the root-based twin of RF-RMSProp", "Tieleman & Hinton 2012"),
    rate: learningRate(1e-3, 1e-4, 3e-2),
    parameters: rmspropParameters,
    make: rmsprop,
  },
  lamb: {
    ...fields("LAMB", "diagonal", "very large batches: each array moves by a share of its length", "You et al., ICLR 2020"),
    rate: learningRate(1e-2, 1e-4, 0.1),
    parameters: lambParameters,
    make: lamb,
  },
  lion: {
    ...fields("Lion", "diagonal", "half of AdamW's memory; large batches", "Chen et al., NeurIPS 2023"),
    rate: learningRate(2e-4, 1e-5, 3e-3),
    parameters: lionParameters,
    make: lion,
  },
  "rf-rmsprop": {
    ...fields("RF-RMSProp", "diagonal", "convolutional networks; AdamW's memory, SGD's rates", "Lin et al., ICML 2024"),
    rate: learningRate(1e-2, 1e-4, 0.3),
    parameters: rfRmspropParameters,
    needs: ["batchSize"],
    make: rfRmsprop,
  },
  "rf-adamw": {
    ...fields("RF-AdamW", "diagonal", "transformers, with damping and precondLr tuned", "Lin et al., ICML 2024"),
    rate: learningRate(3e-2, 1e-4, 0.3),
    parameters: rfAdamwParameters,
    needs: ["batchSize"],
    make: rfAdamw,
  },
  "if-shampoo": {
    ...fields("Inverse-free root-free Shampoo", "matrix", "networks whose matrices fit; half precision; browsers", "Lin et al., ICML 2024"),
    rate: learningRate(2e-3, 1e-4, 3e-2),
    parameters: ifShampooParameters,
    needs: ["batchSize"],
    make: ifShampoo,
  },
  "rf-shampoo": {
    ...fields("Root-free Shampoo with inverses", "matrix", "reference for IF-Shampoo", "Lin et al., ICML 2024"),
    rate: learningRate(2e-3, 1e-4, 3e-2),
    parameters: rfShampooParameters,
    needs: ["batchSize"],
    make: rfShampoo,
  },
  shampoo: {
    ...fields("Shampoo with grafting", "matrix", "the strong root-based matrix method", "Gupta et al., ICML 2018"),
    rate: learningRate(1e-3, 1e-4, 3e-2),
    parameters: shampooParameters,
    make: shampoo,
  },
  soap: {
    ...fields("SOAP", "matrix", "language models", "Vyas et al., ICLR 2025"),
    rate: learningRate(3e-3, 1e-4, 3e-2),
    parameters: soapParameters,
    make: soap,
  },
  "kl-soap": {
    ...fields("KL-SOAP", "matrix", "language models", "Lin et al., ICLR 2026"),
    rate: learningRate(3e-3, 1e-4, 3e-2),
    parameters: { ...soapParameters, statistics: { ...soapParameters.statistics, default: "kl" } },
    make: (rate, options: SoapOptions) => soap(rate, { statistics: "kl", ...options }),
  },
  "kl-shampoo": {
    ...fields("KL-Shampoo", "matrix", "Shampoo without grafting", "Lin et al., ICLR 2026"),
    rate: learningRate(1e-3, 1e-4, 3e-2),
    parameters: klShampooParameters,
    make: klShampoo,
  },
  muon: {
    ...fields("Muon", "matrix", "hidden matrices of language models", "Jordan et al. 2024"),
    rate: learningRate(2e-2, 1e-3, 0.2),
    parameters: muonParameters,
    make: muon,
  },
  singd: {
    ...fields(
      "SINGD: structured inverse-free natural gradient",
      "curvature",
      "few steps on dense, convolutional and attention layers; memory by structure, down to below AdamW's",
      "Lin et al., ICML 2024",
    ),
    rate: learningRate(4e-3, 1e-4, 5e-2),
    parameters: singdParameters,
    needs: ["batchSize", "curvature"],
    make: singd,
  },
  ingd: {
    ...fields("INGD: SINGD with dense factors", "curvature", "the fewest steps on small networks", "Lin et al., ICML 2023"),
    rate: learningRate(4e-3, 1e-4, 5e-2),
    parameters: ingdParameters,
    needs: ["batchSize", "curvature"],
    make: ingd,
  },
  ikfac: {
    ...fields("IKFAC: inverse-free KFAC", "curvature", "KFAC where inverses fail", "Lin et al., ICML 2024"),
    rate: learningRate(4e-3, 1e-4, 5e-2),
    parameters: ikfacParameters,
    needs: ["batchSize", "curvature"],
    make: ikfac,
  },
  kfac: {
    ...fields(
      "KFAC with inverses",
      "curvature",
      "the baseline of the inverse-free methods, in full precision",
      "Martens & Grosse, ICML 2015",
    ),
    rate: learningRate(4e-3, 1e-4, 5e-2),
    parameters: kfacParameters,
    needs: ["batchSize", "curvature"],
    make: kfac,
  },
} satisfies Record<string, OptimizerEntry>;

/** Names of the registry. */
type OptimizerName = keyof typeof optimizers;

/** @throws  UserError if there is no optimizer of the name */
export function optimizerEntry(name: string): OptimizerEntry {
  if (Object.hasOwn(optimizers, name)) return optimizers[name as OptimizerName];
  const near = nearest(name, Object.keys(optimizers));
  throw new UserError(
    `there is no optimizer "${name}"`,
    near ? `did you mean ${near}?` : `optimizers are ${Object.keys(optimizers).join(", ")}`,
  );
}

/**
 * The optimizer of a name: `makeOptimizer("if-shampoo", { lr: 2e-3, damping: 1e-3 })`.
 *
 * @param options  `lr` (a number or a schedule; default the entry's) and the optimizer's own
 * @throws  UserError for an unknown name or option, or a value out of range
 */
export function makeOptimizer(name: string, { lr, ...options }: Readonly<Record<string, unknown>> & { lr?: Rate } = {}): Optimizer {
  const entry = optimizerEntry(name);
  const rate = lr ?? entry.rate.default;
  checkRate(name, rate);
  return entry.make(rate, options);
}
