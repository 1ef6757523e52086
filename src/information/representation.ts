/** Information of a representation: an encoder p(z|x) is known, and data stand for p(x). */
import { array, type NdArray, type Random, toNumbers } from "../array/index.ts";
import { UserError } from "../errors.ts";
import type { OnnxModel } from "../onnx/index.ts";
import { type Estimate, estimate } from "../sampling/index.ts";
import { equal, iota, jit, logsumexp, type Tensor, where } from "../tensor/index.ts";
import { drawProposal } from "./annealed/target.ts";
import { type Bound, boundOf } from "./bound.ts";
import type { Encoded, Encoder } from "./models/encoder.ts";
import { encoderFunction } from "./models/file.ts";
import { rowsOf } from "./models/joint.ts";

/**
 * The encoder of a file, for rows of D numbers: mean and log variance (one output side by side, or two), or with a noise variance a
 * deterministic code.
 * @throws UserError
 */
export function codeEncoder(model: OnnxModel, path: string, D: number, noise?: number): Encoder {
  const outputsOf = encoderFunction(model, path, { shape: [D], of: "the data have", dtype: "f32" });
  if (noise !== undefined && !(noise > 0))
    throw new UserError(
      `the variance of the noise is ${noise}, not above 0`,
      "a deterministic code of continuous data has infinite information: give --variance",
    );
  return {
    name: path,
    encode(seen) {
      const [first, second] = outputsOf(seen);
      if (noise !== undefined && second)
        throw new UserError(`${path}: the encoder has two outputs, mean and log variance, and noise is given too`, "leave --variance out");
      if (noise !== undefined) return [first, first.mul(0).add(Math.log(noise))];
      if (second) return [first, second];
      const width = first.shape[1];
      if (width % 2 !== 0)
        throw new UserError(
          `${path}: ${width} outputs are no mean and log variance side by side`,
          "for a deterministic encoder say what noise is on its code: --variance 0.1",
        );
      return [first.slice([], [0, width / 2]), first.slice([], [width / 2, width])];
    },
  };
}

/** For a draw z_i of each row's code, log densities without (d/2) log 2π: [N] each. */
export interface Representation {
  readonly z: NdArray;
  /** log p(z_i|x_i). */
  readonly own: Float64Array;
  /** log (1/N) Σ_j p(z_i|x_j). */
  readonly mixture: Float64Array;
  /** log 1/(N - 1) Σ_{j ≠ i} p(z_i|x_j). */
  readonly others: Float64Array;
}

/** Draws whose densities under all rows one run computes. */
const blockRows = 256;

/**
 * One draw of every row's code, and its density under all rows: quadratic forms as products in f64,
 * log p(z_i|x_j) = -½ Σ_k (z_ik² e^{-v_jk} - 2 z_ik m_jk e^{-v_jk} + m_jk² e^{-v_jk} + v_jk).
 */
export async function represent(encoded: Encoded, rng: Random, watch: (row: number) => void): Promise<Representation> {
  const double = (a: NdArray): NdArray => array(toNumbers(a), "f64", a.shape);
  const [mean, logVariance] = [double(encoded.mean), double(encoded.logVariance)];
  const [N] = mean.shape;
  const z = drawProposal({ mean, logVariance }, 1, rng);
  const program = jit((codes: Tensor, from: Tensor, m: Tensor, v: Tensor) => {
    const precision = v.neg().exp();
    const offset = m.square().mul(precision).add(v).sum(1);
    const cross = codes.matmul(m.mul(precision).transpose()).mul(2);
    const logs = codes.square().matmul(precision.transpose()).sub(cross).add(offset).mul(-0.5);
    const self = equal(iota(codes.shape[0], "f64").add(from).expandDims(1), iota(N, "f64"));
    const rest = logsumexp(where(self, Number.NEGATIVE_INFINITY, logs), 1).sub(Math.log(N - 1));
    return { own: where(self, logs, 0).sum(1), mixture: logsumexp(logs, 1).sub(Math.log(N)), others: rest };
  });
  const found = { z, own: new Float64Array(N), mixture: new Float64Array(N), others: new Float64Array(N) };
  for (let from = 0; from < N; from += blockRows) {
    const to = Math.min(N, from + blockRows);
    const block = await program(rowsOf(z, from, to), array(from, "f64", []), mean, logVariance);
    for (const key of ["own", "mixture", "others"] as const) found[key].set(block[key].data as Float64Array, from);
    watch(to);
  }
  return found;
}

/** log N(z; m, v) of every row, without (d/2) log 2π. */
function gaussianLogs(z: NdArray, mean: (k: number) => number, variance: (k: number) => number): Float64Array {
  const [N, d] = z.shape;
  const data = z.data as Float64Array;
  return Float64Array.from({ length: N }, (_, i) => {
    let sum = 0;
    for (let k = 0; k < d; k++) sum -= ((data[i * d + k] - mean(k)) ** 2 / variance(k) + Math.log(variance(k))) / 2;
    return sum;
  });
}

/** Moments of the first rows. */
function momentsOf(z: NdArray, rows: number) {
  const d = z.shape[1];
  const data = z.data as Float64Array;
  const [mean, variance] = [new Float64Array(d), new Float64Array(d)];
  for (let i = 0; i < rows * d; i++) mean[i % d] += data[i] / rows;
  for (let i = 0; i < rows * d; i++) variance[i % d] += (data[i] - mean[i % d]) ** 2 / (rows - 1);
  return { mean, variance };
}

/**
 * Bounds on I(X;Z) of the encoder under the law of the data. The first is the lower bound of the interval, the second its upper one: which
 * of the upper bounds that is, is settled on the first half of the rows; all upper bounds are of the second half, and so is what a fitted
 * Gaussian is tried on.
 *
 * @source  Poole et al., ICML 2019, section 2.3 (leave one out), and eq. 12 with a known conditional
 */
export function representationBounds({ z, own, mixture, others }: Representation): Bound[] {
  const N = own.length;
  const half = Math.floor(N / 2);
  const minus = (a: Float64Array, b: Float64Array): Estimate => estimate(a.map((v, i) => v - b[i]));
  const { mean, variance } = momentsOf(z, half);
  const one = gaussianLogs(
    z,
    () => 0,
    () => 1,
  );
  const fitted = gaussianLogs(
    z,
    (k) => mean[k],
    (k) => variance[k],
  );
  const upper = (name: string, marginal: Float64Array, why: string) => ({
    bound: boundOf(name, "upper", minus(own.subarray(half), marginal.subarray(half)), why),
    before: minus(own.subarray(0, half), marginal.subarray(0, half)).mean,
  });
  const uppers = [
    upper("leave one out", others, "the other rows' codes stand for p(z)"),
    upper("rate, fitted Gaussian", fitted, "E log p(z|x) / r(z), r with the moments of other rows' codes"),
    upper("rate, N(0, I)", one, "E log p(z|x) / r(z): the KL term of a VAE"),
  ].toSorted((a, b) => a.before - b.before);
  return [
    boundOf(
      "structured InfoNCE",
      "lower",
      minus(own, mixture),
      `the density p(z|x) is the critic, all rows are negatives; at most log N = ${Math.log(N).toFixed(3)}`,
    ),
    ...uppers.map(({ bound }) => bound),
    boundOf("index and code", "estimate", minus(own, mixture), `I(i;Z) of these ${N} rows themselves, by one draw a row`),
  ];
}
