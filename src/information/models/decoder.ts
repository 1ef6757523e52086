/** Decoders from ONNX files as joint models, checked before anything is computed with them. */
import { randomStream, sizeOf, toNumbers } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { type OnnxModel, steadyOutputs } from "../../onnx/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import { functionOf } from "./file.ts";
import type { Joint } from "./joint.ts";
import { type LikelihoodName, likelihoodOf, type OutputKind } from "./likelihood.ts";
import type { Prior } from "./prior.ts";

export interface DecoderOptions {
  /** For messages. */
  readonly path: string;
  readonly likelihood: LikelihoodName;
  readonly output?: OutputKind;
  readonly variance: ArrayLike<number>;
  readonly prior: Prior;
  readonly dtype: "f32" | "f64";
}

/** Latents on which a decoder is tried. */
const tried = 256;

/**
 * A decoder z -> parameters of p(x|z) as a joint model. It is run on draws of the prior: its output must be finite, the same twice, and in
 * the range of what it is said to be.
 *
 * @param model  read in the precision of the options
 * @throws UserError
 */
export async function decoderJoint(model: OnnxModel, options: DecoderOptions): Promise<Joint> {
  const { path, prior, dtype } = options;
  const { latent, inputTail } = latentOf(model, path, dtype);
  checkOutput(model, path);
  const apply = functionOf(model);
  const raw = (u: Tensor): Tensor => apply(prior.toLatent(u).reshape([u.shape[0], ...inputTail]))[0];
  const trial = randomStream(0).fold("decoder").normal([tried, latent], dtype);
  const words = { path, what: "the decoder", rows: "latents", one: "a draw of the prior", noise: "leave the noise to --likelihood" };
  const outputs = await steadyOutputs(raw, trial, words);
  const observed = outputs.shape.slice(1);
  const D = sizeOf(observed);
  const { variance, likelihood } = options;
  if (variance.length !== 1 && variance.length !== D)
    throw new UserError(`${variance.length} variances for ${D} outputs of ${path}`, "give one, or a file with one for every output");
  const output = kindOfOutput(toNumbers(outputs), model, options);
  return {
    ...{ name: path, prior, latent, observed, dtype },
    likelihood: likelihoodOf(likelihood, output, variance, dtype),
    decode: (u) => raw(u).reshape([u.shape[0], D]),
  };
}

function latentOf(model: OnnxModel, path: string, dtype: "f32" | "f64"): { latent: number; inputTail: readonly number[] } {
  const [z, ...more] = model.inputs;
  if (!z || more.length > 0)
    throw new UserError(
      `${path}: a decoder has one input, the latent; this one has ${model.inputs.length} (${model.inputs.map((p) => p.name).join(", ")})`,
    );
  if (z.dtype !== "f32" && z.dtype !== "f64")
    throw new UserError(
      `${path}: the latent "${z.name}" is ${z.dtype}: a discrete latent has no gradient, and Hamiltonian chains cannot move it`,
      "export a decoder of continuous latents",
    );
  if (z.dtype !== dtype) throw new UserError(`${path}: the decoder is of ${z.dtype}`, `--precision ${z.dtype}`);
  const tail = z.shape.slice(1);
  const unknown = tail.find((n) => typeof n !== "number");
  if (tail.length === 0 || unknown !== undefined)
    throw new UserError(
      `${path}: the latent "${z.name}" has the shape [${z.shape.join(", ")}]: its dimension is not in the file`,
      "export the decoder with a latent of shape [rows, dimension]",
    );
  if (typeof z.shape[0] === "number")
    throw new UserError(
      `${path}: the decoder is for ${z.shape[0]} rows only`,
      "export it with a dynamic first axis (dynamic_axes in PyTorch)",
    );
  const inputTail = tail as number[]; // no name is among them: checked above
  return { latent: sizeOf(inputTail), inputTail };
}

function checkOutput({ outputs: [y, ...more] }: OnnxModel, path: string): void {
  if (more.length > 0)
    throw new UserError(
      `${path}: a decoder has one output, what p(x|z) is made of; this one has ${1 + more.length} (${[y, ...more].map((p) => p.name).join(", ")})`,
      "export it with the one output; a variance goes into --variance",
    );
  if (y.dtype !== "f32" && y.dtype !== "f64")
    throw new UserError(
      `${path}: the output "${y.name}" is ${y.dtype}, which has no gradient`,
      "export the decoder without rounding its output",
    );
}

/** What the output is: said in the options or the file, and checked against its range. */
function kindOfOutput(values: readonly number[], { metadata }: OnnxModel, { path, likelihood, output }: DecoderOptions): OutputKind {
  if (likelihood !== "bernoulli") return output ?? "mean";
  const inUnit = values.every((v) => v >= 0 && v <= 1);
  const written = metadata.output === "logits" || metadata.output === "probabilities" ? metadata.output : undefined;
  const said = output ?? written;
  if (said === "probabilities" && !inUnit)
    throw new UserError(
      `${path}: probabilities lie in [0, 1], but the decoder gives values from ${least(values)} to ${most(values)}`,
      "logits? use --output logits",
    );
  if (said === "logits" && inUnit)
    throw new UserError(
      `${path}: all ${values.length} outputs for draws of the prior lie in [0, 1]: these are probabilities, not logits`,
      "use --output probabilities, or export the decoder without its last sigmoid",
    );
  if (said) return said;
  if (!inUnit) return "logits";
  throw new UserError(
    `${path}: all outputs lie in [0, 1]; whether they are probabilities or logits has to be said`,
    "use --output probabilities or --output logits",
  );
}

const least = (values: readonly number[]): string => values.reduce((a, b) => Math.min(a, b)).toPrecision(4);
const most = (values: readonly number[]): string => values.reduce((a, b) => Math.max(a, b)).toPrecision(4);
