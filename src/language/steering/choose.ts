/** One token a row: the program that draws it and says how likely it was. */
import { array, type NdArray } from "../../array/index.ts";
import { categorical } from "../../sampling/categorical.ts";
import type { Tensor } from "../../tensor/index.ts";
import * as t from "../../tensor/index.ts";

/** Of each row: the token, its log p0, log q and log ψ. */
export interface Chosen {
  readonly token: Int32Array;
  readonly logModel: Float64Array;
  readonly logProposal: Float64Array;
  readonly logTwist: Float64Array;
}

const f64 = (a: NdArray): Float64Array => Float64Array.from(a.data as ArrayLike<number>);

/** q ∝ p0 ψ^b, b = 1 without a power; `forced` tokens (≥ 0) are taken instead of drawn ones. */
function program(logits: Tensor, logTwist: Tensor, uniforms: Tensor, forced: Tensor, power?: Tensor) {
  const logModel = t.logSoftmax(logits);
  const logProposal = t.logSoftmax(logModel.add(power ? logTwist.mul(power) : logTwist));
  const drawn = categorical(t.exp(logProposal), uniforms);
  const token = t.where(t.less(forced, 0), drawn, forced);
  const of = (all: Tensor): Tensor => t.takeAlong(all, token.expandDims(1)).reshape([token.shape[0]]);
  return { token, logModel: of(logModel), logProposal: of(logProposal), logTwist: of(logTwist) };
}

/** From p0 itself: nothing is added where there is no twist. */
function plain(logits: Tensor, uniforms: Tensor, forced: Tensor) {
  const logModel = t.logSoftmax(logits);
  const token = t.where(t.less(forced, 0), categorical(t.exp(logModel), uniforms), forced);
  return { token, logModel: t.takeAlong(logModel, token.expandDims(1)).reshape([token.shape[0]]) };
}

const twisted = t.jit((logits: Tensor, logTwist: Tensor, uniforms: Tensor, forced: Tensor) => program(logits, logTwist, uniforms, forced));
const tempered = t.jit(program);
const base = t.jit(plain);

/**
 * Draws a token a row from q(v) ∝ p0(v) ψ(v)^b.
 *
 * @param logits    [rows, V]
 * @param logTwist  [rows, V], or undefined for ψ = 1
 * @param power     b: 0 draws from the model, 1 from the twist-induced proposal
 * @param uniforms  [rows]
 * @param forced    tokens that are given (≥ 0), or -1; none are without it
 */
export async function choose(
  logits: NdArray,
  logTwist: NdArray | undefined,
  power: number,
  uniforms: NdArray,
  forced: Int32Array = new Int32Array(logits.shape[0]).fill(-1),
): Promise<Chosen> {
  const given: NdArray = { dtype: "i32", shape: [forced.length], data: forced.slice() };
  if (!logTwist) {
    const { token, logModel } = await base(logits, uniforms, given);
    const logs = f64(logModel);
    return { token: token.data as Int32Array, logModel: logs, logProposal: logs, logTwist: new Float64Array(logs.length) };
  }
  const found = await (power === 1
    ? twisted(logits, logTwist, uniforms, given)
    : tempered(logits, logTwist, uniforms, given, array(power, logits.dtype, [])));
  return {
    token: found.token.data as Int32Array,
    logModel: f64(found.logModel),
    logProposal: f64(found.logProposal),
    logTwist: f64(found.logTwist),
  };
}

/** log softmax of rows, on its own. */
export const logSoftmaxOf: (logits: NdArray) => Promise<NdArray> = t.jit((x: Tensor) => t.logSoftmax(x));
