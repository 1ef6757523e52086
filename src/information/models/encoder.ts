/** Proposals q(z|x) = N(m(x), diag e^{v(x)}): from an ONNX encoder, or learned. */
import { type NdArray, ndarray, toNumbers } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { computed, type OnnxModel } from "../../onnx/index.ts";
import { concat, jit, type Tensor } from "../../tensor/index.ts";
import { encoderFunction } from "./file.ts";
import { inBlocks, type Joint, rowsOf } from "./joint.ts";

/** x [rows, D] -> mean and log variance [rows, d] each. */
export interface Encoder {
  readonly name: string;
  readonly encode: (x: Tensor) => readonly [mean: Tensor, logVariance: Tensor];
}

/** Parameters of q for rows of data: [rows, d] each. */
export interface Encoded {
  readonly mean: NdArray;
  readonly logVariance: NdArray;
}

/** log q(u|x) + (d/2) log 2π: [..., d] -> [...]. */
export const logProposal = (u: Tensor, { mean, logVariance }: { readonly mean: Tensor; readonly logVariance: Tensor }): Tensor =>
  u.sub(mean).square().mul(logVariance.neg().exp()).add(logVariance).sum(-1).mul(-0.5);

/** log p(u) + (d/2) log 2π: [..., d] -> [...]. */
export const logPrior = (u: Tensor): Tensor => u.square().sum(-1).mul(-0.5);

/**
 * An encoder file for a joint model: one output with mean and log variance side by side, or two outputs.
 * @throws UserError
 */
export function onnxEncoder(model: OnnxModel, path: string, joint: Joint): Encoder {
  const { latent: d } = joint;
  if (joint.prior.name !== "normal")
    throw new UserError(`${path}: an encoder is used with a normal prior, not with --prior ${joint.prior.name}`);
  const outputsOf = encoderFunction(model, path, { shape: joint.observed, of: `the decoder ${joint.name} gives`, dtype: joint.dtype });
  return {
    name: path,
    encode(seen) {
      const outputs = outputsOf(seen);
      const y = outputs.length > 1 ? concat(outputs, 1) : outputs[0];
      if (y.shape[1] !== 2 * d)
        throw new UserError(
          `${path}: the encoder gives ${outputs.map((o) => o.shape[1]).join(" and ")} numbers for a latent of ${d}`,
          "its output is mean and log variance side by side, or two outputs",
        );
      return [y.slice([], [0, d]), y.slice([], [d, 2 * d])];
    },
  };
}

/**
 * Tries an encoder on some rows, so that nothing has to be refused once the work has begun.
 * @throws UserError
 */
export async function checkEncoder(encoder: Encoder, x: NdArray): Promise<void> {
  const runs = await computed(encoder.name, async () => [await encodeRows(encoder, x), await encodeRows(encoder, x)]);
  const [first, second] = runs.map(({ mean, logVariance }) => [...toNumbers(mean), ...toNumbers(logVariance)]);
  if (first.some((v, i) => v !== second[i]))
    throw new UserError(`${encoder.name}: two runs on the same data differ: the graph is random`, "export the encoder in evaluation mode");
}

/** Mean and log variance of all rows. @throws UserError  where they are no numbers */
export async function encodeRows({ name, encode }: Encoder, x: NdArray): Promise<Encoded> {
  const program = jit((seen: Tensor) => {
    const [mean, logVariance] = encode(seen);
    return { mean, logVariance };
  });
  const parts: Encoded[] = [];
  await inBlocks(x.shape[0], 1024, async (from, to) => {
    parts.push(await program(rowsOf(x, from, to)));
  });
  const join = (key: keyof Encoded): NdArray => {
    const values = parts.flatMap((part) => toNumbers(part[key]));
    if (values.some((v) => !Number.isFinite(v)))
      throw new UserError(`${name}: the encoder gives ${key === "mean" ? "means" : "log variances"} that are no numbers`);
    const shape = [x.shape[0], values.length / x.shape[0]];
    return x.dtype === "f64" ? ndarray(Float64Array.from(values), shape, "f64") : ndarray(Float32Array.from(values), shape, "f32");
  };
  return { mean: join("mean"), logVariance: join("logVariance") };
}
