/** What a bound begins with: a joint model from files, and pairs. */
import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import type { z } from "zod";
import { type Random, randomStream } from "../../array/index.ts";
import { readMatrix } from "../../data/index.ts";
import { nearest, UserError } from "../../errors.ts";
import {
  checkDraws,
  checkEncoder,
  decoderJoint,
  type Encoder,
  givenRows,
  type Joint,
  type JointPairs,
  type LinearModel,
  likelihoodNames,
  linearInformation,
  linearJoint,
  onnxEncoder,
  priorOf,
  simulate,
  sineWeights,
} from "../../information/index.ts";
import type { Source } from "../../lab/index.ts";
import type { SharedOptions } from "../../lab/options.ts";
import { formatNumber } from "../../numbers.ts";
import type { OnnxModel } from "../../onnx/index.ts";
import { readOnnx } from "../../onnx/read.ts";
import { estimate } from "../../sampling/index.ts";
import type { modelOptions, pairOptions } from "./options.ts";

type ModelOptions = SharedOptions & z.infer<z.ZodObject<typeof modelOptions>>;
type PairOptions = SharedOptions & z.infer<z.ZodObject<typeof pairOptions>>;

/** A joint model, where it comes from, and its information where that is known. */
export interface LoadedModel {
  readonly joint: Joint;
  readonly encoder?: Encoder;
  readonly source: Source;
  /** I(X;Z) in closed form. */
  readonly truth?: number;
  readonly notes: readonly string[];
}

/** Correlated normals x = ρ z + √(1 - ρ²) ε of the same dimension: I = -(d/2) log(1 - ρ²). */
const correlated = (rho: number, d: number): LinearModel => ({
  weights: { shape: [d, d], data: Float64Array.from({ length: d * d }, (_, e) => (e % (d + 1) === 0 ? rho : 0)) },
  variance: [1 - rho ** 2],
});

/** Models to try, by name. I is 34.723 nats, and 16.607: above what a contrast of any usual number of samples can say. */
const builtIn: Readonly<Record<string, { readonly model: LinearModel; readonly says: string }>> = {
  "linear-gaussian": { model: { weights: sineWeights(20, 10), variance: [0.01] }, says: "W_ij = sin(i j)" },
  gaussian: { model: correlated(0.9, 20), says: "correlated normals, ρ = 0.9" },
};

/** @throws UserError  for a name that is none, with the nearest */
function builtInModel(name: string): (typeof builtIn)[string] {
  if (Object.hasOwn(builtIn, name)) return builtIn[name];
  const names = Object.keys(builtIn);
  const guess = nearest(name, names);
  throw new UserError(`no built-in model "${name}"`, guess ? `did you mean ${guess}?` : `there are ${names.join(" and ")}`);
}

/** @throws UserError */
export async function loadModel(input: string | undefined, options: ModelOptions): Promise<LoadedModel> {
  const decoder = options.decoder ?? input;
  if (options.decoder && input) throw new UserError(`two decoders are given: ${input} and --decoder ${options.decoder}`);
  const given = [decoder && "a decoder", options.linear && "--linear", options.data && "--data"].filter(Boolean);
  if (given.length !== 1)
    throw new UserError(
      given.length === 0
        ? `no model: give a decoder, --linear or --data ${Object.keys(builtIn).join(" or ")}`
        : `give one model, not ${given.join(" and ")}`,
      "pushforward information bounds --decoder decoder.onnx --likelihood gaussian --variance 0.03",
    );
  return decoder === undefined ? linearModel(options) : decoderModel(decoder, options);
}

async function linearModel(options: ModelOptions): Promise<LoadedModel> {
  const { data, linear, bias, variance, precision } = options;
  if (options.prior !== "normal") throw new UserError(`--prior ${options.prior}: the latents of a linear model are normal`);
  if (options.output && options.output !== "mean") throw new UserError(`--output ${options.output}: a linear model gives the mean`);
  if (data && bias) throw new UserError("--bias is for --linear: a built-in model has its own");
  if (options.encoder) throw new UserError("--encoder is for a decoder from a file; --propose learns one for a linear model");
  if (options.likelihood && options.likelihood !== "gaussian") throw new UserError("a linear model has Gaussian noise");
  const named = data === undefined ? undefined : builtInModel(data);
  const model: LinearModel = named
    ? { ...named.model, ...(variance && { variance: await variances(variance) }) }
    : {
        weights: await readMatrix(linear!), // one of both is given
        bias: bias === undefined ? undefined : (await readMatrix(bias)).data,
        variance: variance === undefined ? missingVariance() : await variances(variance),
      };
  const [D, d] = model.weights.shape;
  const title = `linear-Gaussian model, ${d} latents, ${D} observed`;
  const source = { name: data ?? basename(linear!), title, source: named?.says ?? linear! };
  return { joint: linearJoint(model, precision ?? "f32"), source, truth: linearInformation(model), notes: [] };
}

async function decoderModel(path: string, options: ModelOptions): Promise<LoadedModel> {
  const { precision, encoder } = options;
  if (options.bias) throw new UserError("--bias is for --linear: a decoder has its own", "leave it out");
  const dtype = precision ?? ((await readModel(path, "f32")).inputs[0]?.dtype === "f64" ? "f64" : "f32");
  const model = await readModel(path, dtype);
  const written = likelihoodNames.find((name) => name === model.metadata.likelihood);
  const likelihood = options.likelihood ?? written ?? "gaussian";
  const variance = likelihood === "bernoulli" ? [1] : await varianceOf(options.variance, model);
  if (likelihood === "bernoulli" && options.variance) throw new UserError("--variance: a Bernoulli likelihood has none");
  const joint = await decoderJoint(model, {
    path: basename(path),
    likelihood,
    output: options.output,
    variance,
    prior: priorOf(options.prior),
    dtype,
  });
  const notes = [
    ...(precision === undefined && dtype === "f64" ? ["the decoder is of f64, and so is the run"] : []),
    ...(options.likelihood || written ? [] : [`--likelihood is not given, nor in the file: gaussian`]),
    ...(written && options.likelihood && written !== options.likelihood
      ? [`the file says its likelihood is ${written}; taken as ${likelihood}`]
      : []),
    ...(joint.likelihood.output === "probabilities"
      ? ["probabilities are kept within 1e-6 of 0 and 1, in drawing x and in its density alike"]
      : []),
  ];
  const proposal = encoder === undefined ? undefined : onnxEncoder(await readModel(encoder, dtype), basename(encoder), joint);
  if (proposal) await checkEncoder(proposal, (await simulate(joint, 32, randomStream(0).fold("encoder"))).x);
  return {
    joint,
    encoder: proposal,
    source: { name: basename(path), title: basename(path), source: path },
    notes,
  };
}

async function readModel(path: string, dtype: "f32" | "f64"): Promise<OnnxModel> {
  if (!existsSync(path)) throw new UserError(`${path}: there is no such file`, "check the path");
  if ((await stat(path)).isDirectory()) throw new UserError(`${path} is a folder`, "give the .onnx file in it");
  return readOnnx(await readFile(path), path, { dtype });
}

const missingVariance = (): never => {
  throw new UserError("the variance of the noise is not given", "--variance 0.03, or a file with one for every output");
};

/** From the option, or from what the file says. */
async function varianceOf(option: string | undefined, { metadata }: OnnxModel): Promise<ArrayLike<number>> {
  if (option !== undefined) return variances(option);
  if (!metadata.variance) return missingVariance();
  const written = metadata.variance.replace(/[[\]]/g, "").split(",").map(Number);
  return written.some(Number.isNaN) ? missingVariance() : written;
}

/** A number, or the numbers of a file. */
async function variances(text: string): Promise<ArrayLike<number>> {
  if (text.trim() !== "" && !Number.isNaN(Number(text))) return [Number(text)];
  if (!existsSync(text.replace(/(\.npz):[^:]+$/i, "$1")))
    throw new UserError(`--variance ${text}: neither a number nor a file`, "--variance 0.03, or a file with one for every output");
  return (await readMatrix(text)).data;
}

/** JointPairs to be reported: drawn, or given and tested; `u` is absent where only x is given. */
export async function loadPairs(joint: Joint, options: PairOptions, rng: Random): Promise<Pick<JointPairs, "x"> & Partial<JointPairs>> {
  const { x, z, pairs } = options;
  if (z !== undefined && x === undefined) throw new UserError("--z is for the latents of the rows of --x");
  if (x === undefined) return simulate(joint, options.quick ? Math.min(pairs, 16) : pairs, rng.fold("pairs"));
  const rows = givenRows(joint, await readMatrix(x), "x");
  if (z === undefined) return { x: rows };
  if (joint.prior.name !== "normal") throw new UserError("--z is taken with a normal prior only");
  const given = { x: rows, u: givenRows(joint, await readMatrix(z), "z") };
  await checkDraws(joint, given);
  return given;
}

/** Share of the variance of the data below which noise is nearly none. */
const nearlyNone = 1e-6;

/** What should be known of the noise beside the data. */
export function noiseNotes({ likelihood: { variance } }: Joint, { x }: Pick<JointPairs, "x">): string[] {
  if (!variance) return [];
  const values = x.data as ArrayLike<number>;
  const [rows, width] = x.shape;
  let spread = 0;
  for (let i = 0; i < width; i++) {
    const column = Float64Array.from({ length: rows }, (_, b) => values[b * width + i]);
    spread += (estimate(column).error ** 2 * rows) / width;
  }
  const least = variance.reduce((a, b) => Math.min(a, b));
  if (!(least < nearlyNone * spread)) return [];
  return [
    `the variance of the noise, ${formatNumber(least)}, is below a millionth of that of the data, ${formatNumber(spread)}: the information grows without end as it falls. Try several --variance`,
  ];
}
