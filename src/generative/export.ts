/** Generative models as ONNX files, for any number of rows. What the numbers mean stands in the metadata. */
import { allocate, mapTree, type NdArray } from "../array/index.ts";
import { toOnnx } from "../onnx/index.ts";
import type { Arrays, Tensor } from "../tensor/index.ts";
import { constant } from "../tensor/index.ts";
import type { GanModel, GanParams } from "./gan-model.ts";
import type { SampleProblem } from "./problem.ts";
import type { VaeModel, VaeParams } from "./vae-model.ts";

/** A file of a run. */
export interface ModelFile {
  readonly name: string;
  readonly content: Uint8Array;
}

/** Decoder (z to means or logits) and encoder (x to mean and log-variance of q(z|x), side by side). */
export function exportVae(problem: SampleProblem, model: VaeModel, params: Arrays<VaeParams>, producer: string): ModelFile[] {
  const { latent, likelihood } = model.options;
  const common = { ...describe(problem), producer, likelihood, latent: String(latent), prior: "normal" };
  const variance: Record<string, string> = likelihood === "gaussian" ? { variance: String(model.variance(params)) } : {};
  return [
    {
      name: "decoder.onnx",
      content: rowsToOnnx(
        (z) => model.decode(constants<VaeParams>(params), z),
        latent,
        ["z", likelihood === "gaussian" ? "mean" : "logits"],
        {
          ...{ ...common, ...variance, kind: "vae decoder" },
          output: likelihood === "gaussian" ? "mean" : "logits",
        },
      ),
    },
    {
      name: "encoder.onnx",
      content: rowsToOnnx((x) => model.encode(constants<VaeParams>(params), x), problem.size, ["x", "mean_logvar"], {
        ...{ ...common, kind: "vae encoder" },
        output: "mean and log-variance of q(z|x), side by side",
      }),
    },
  ];
}

/** Generator (z to means) and discriminator (x to the logit of being data). */
export function exportGan(problem: SampleProblem, model: GanModel, params: Arrays<GanParams>, producer: string): ModelFile[] {
  const { latent } = model.options;
  const common = { ...describe(problem), producer, latent: String(latent), prior: "normal" };
  return [
    {
      name: "generator.onnx",
      content: rowsToOnnx((z) => model.generate(constants<GanParams>(params).generator, z), latent, ["z", "mean"], {
        ...common,
        kind: "gan generator",
        output: "mean",
      }),
    },
    {
      name: "discriminator.onnx",
      content: rowsToOnnx((x) => model.judge(constants<GanParams>(params).discriminator, x), problem.size, ["x", "logit"], {
        ...common,
        kind: "gan discriminator",
        output: "logit of being data",
      }),
    },
  ];
}

/** Parameters as constants of a program. */
const constants = <P>(params: Arrays<P>): P => mapTree<P>((a: NdArray) => constant(a), params);

const rowsToOnnx = (
  f: (x: Tensor) => Tensor,
  columns: number,
  [input, output]: [string, string],
  metadata: Record<string, string>,
): Uint8Array => toOnnx(f, [allocate("f32", [1, columns])], { inputNames: [input], outputNames: [output], metadata, anyRows: true });

/** Rows of x hold one sample each, flattened: (value - mean) / deviation of each channel or feature. */
function describe({ shape, isImages, scaling, examples }: SampleProblem): Record<string, string> {
  return {
    data: isImages ? "images" : "features",
    shape: JSON.stringify(shape),
    features: JSON.stringify(examples.features),
    scaling: JSON.stringify({ mean: Array.from(scaling.mean), deviation: Array.from(scaling.deviation) }),
  };
}
