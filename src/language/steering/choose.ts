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
  /** With powers that differ by row: log q of the whole twist, b = 1, whatever the token was drawn by. */
  readonly logTwisted?: Float64Array;
}

const f64 = (a: NdArray): Float64Array => Float64Array.from(a.data as ArrayLike<number>);

/** Of each row, the entry of a column: [rows, V] and [rows] -> [rows]. */
const entries = (all: Tensor, columns: Tensor): Tensor => t.takeAlong(all, columns.expandDims(1)).reshape([columns.shape[0]]);

/**
 * A token a row from q = softmax(scores); `forced` ones (≥ 0) are taken instead. A forced token may be so improbable that q(v) is 0 in
 * floating point: log q(v) = score(v) - score(u) + log q(u), where u is what was drawn.
 */
function draw(scores: Tensor, uniforms: Tensor, forced: Tensor): { token: Tensor; logProposal: Tensor } {
  const q = t.softmax(scores);
  const drawn = categorical(q, uniforms);
  const token = t.where(t.less(forced, 0), drawn, forced);
  const logProposal = entries(scores, token)
    .sub(entries(scores, drawn))
    .add(t.log(entries(q, drawn)));
  return { token, logProposal };
}

/** q ∝ p0 ψ^b, b = 1 without a power. */
function program(logits: Tensor, logTwist: Tensor, uniforms: Tensor, forced: Tensor, power?: Tensor) {
  const { token, logProposal } = draw(logits.add(power ? logTwist.mul(power) : logTwist), uniforms, forced);
  return { token, logModel: entries(t.logSoftmax(logits), token), logProposal, logTwist: entries(logTwist, token) };
}

/** A power for each row, [rows, 1]; log q with power 1 besides. */
function mixed(logits: Tensor, logTwist: Tensor, uniforms: Tensor, forced: Tensor, power: Tensor) {
  const chosen = program(logits, logTwist, uniforms, forced, power);
  return { ...chosen, logTwisted: entries(t.logSoftmax(logits.add(logTwist)), chosen.token) };
}

/** From p0 itself: nothing is added where there is no twist. */
function plain(logits: Tensor, uniforms: Tensor, forced: Tensor) {
  const { token, logProposal } = draw(logits, uniforms, forced);
  return { token, logModel: logProposal };
}

const twisted = t.jit((logits: Tensor, logTwist: Tensor, uniforms: Tensor, forced: Tensor) => program(logits, logTwist, uniforms, forced));
const tempered = t.jit(program);
const byRow = t.jit(mixed);
const base = t.jit(plain);

/**
 * Draws a token a row from q(v) ∝ p0(v) ψ(v)^b.
 *
 * @param logits    [rows, V]
 * @param logTwist  [rows, V], or undefined for ψ = 1
 * @param power     b: 0 draws from the model, 1 from the twist-induced proposal; or one for each row
 * @param uniforms  [rows]
 * @param forced    tokens that are given (≥ 0), or -1; none are without it
 */
export async function choose(
  logits: NdArray,
  logTwist: NdArray | undefined,
  power: number | readonly number[],
  uniforms: NdArray,
  forced: Int32Array = new Int32Array(logits.shape[0]).fill(-1),
): Promise<Chosen> {
  const given: NdArray = { dtype: "i32", shape: [forced.length], data: forced.slice() };
  if (!logTwist) {
    const { token, logModel } = await base(logits, uniforms, given);
    const logs = f64(logModel);
    return { token: token.data as Int32Array, logModel: logs, logProposal: logs, logTwist: new Float64Array(logs.length) };
  }
  const floats = logits.dtype === "f64" ? "f64" : "f32";
  if (typeof power !== "number") {
    const found = await byRow(logits, logTwist, uniforms, given, array(power, floats, [power.length, 1]));
    return { ...numbers(found), logTwisted: f64(found.logTwisted) };
  }
  const found = await (power === 1
    ? twisted(logits, logTwist, uniforms, given)
    : tempered(logits, logTwist, uniforms, given, array(power, floats, [])));
  return numbers(found);
}

const numbers = (found: Readonly<Record<keyof Omit<Chosen, "logTwisted">, NdArray>>): Chosen => ({
  token: found.token.data as Int32Array,
  logModel: f64(found.logModel),
  logProposal: f64(found.logProposal),
  logTwist: f64(found.logTwist),
});

/** log softmax of rows, on its own. */
export const logSoftmaxOf: (logits: NdArray) => Promise<NdArray> = t.jit((x: Tensor) => t.logSoftmax(x));
