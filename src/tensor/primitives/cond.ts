/** A choice inside one run: only the branch that is taken is computed. */
import { unflatten } from "../../array/tree.ts";
import { batchProgram } from "../batch.ts";
import { pullback, pushforward, some } from "../differentiate.ts";
import { apply } from "../primitive.ts";
import { fail, sameShape } from "../shapes.ts";
import { isFloat, type Primitive } from "../tensor.ts";
import { captured, closed, type Program } from "../walk.ts";
import { pushPlace } from "../wasm/place.ts";
import { inputAt } from "../wasm/rules.ts";
import { where } from "./arithmetic.ts";
import { fresh, liftOne, placeholder, tensors, type Value } from "./constant.ts";
import { reshape } from "./reshape.ts";
import { broadcastTo, zerosLike } from "./sum.ts";

/** Both branches take the same operands, each as placeholders of its own. */
export interface Branches {
  readonly yes: Program;
  readonly no: Program;
}

export const condPrimitive: Primitive = {
  name: "cond",
  exact: true,
  infer: (_, { yes }: Branches) => yes.outputs.map(({ dtype, shape }) => ({ dtype, shape })),
  onnx(emit, [test, ...operands], { params, outputs }) {
    const branch = ({ inputs, outputs: results }: Program): unknown =>
      emit.subgraph([], results, new Map(inputs.map((x, i) => [x, operands[i]])));
    const { yes, no } = params as Branches;
    return emit.op("If", [test], { then_branch: branch(yes), else_branch: branch(no) }, { outputs: outputs.length });
  },
  wasm: {
    programs: ({ params, outputs }, used) =>
      [params.yes, params.no].map(({ inputs, outputs: ys }: Program) => ({ inputs, outputs: ys.filter((_, i) => used(outputs[i])) })),
    write(w, { inputs, outputs }) {
      const operands = inputs.slice(1).map((_, i) => inputAt(w, i + 1));
      const results = outputs.flatMap((_, i) => (w.used(i) ? [w.output(i)] : []));
      pushPlace(w.code, inputAt(w, 0));
      w.code.access("i32.load8_u", 0);
      w.code.branch(
        () => w.run(0, operands, results),
        () => w.run(1, operands, results),
      );
    },
  },
  jvp([test, ...xs], [, ...ds], outputs, { yes, no }: Branches) {
    const floats = outputs.map((y) => isFloat(y.dtype));
    const forward = ({ inputs, outputs: ys }: Program): Program => {
      const tangents = ds.map((d) => d && fresh(d));
      const dys = pushforward(inputs, tangents, ys).map((d, i) => d ?? zerosLike(ys[i]));
      return { inputs: [...inputs, ...some(tangents)], outputs: dys.filter((_, i) => floats[i]) };
    };
    const results = [...apply(condPrimitive, [test, ...xs, ...some(ds)], { yes: forward(yes), no: forward(no) })];
    return floats.map((float) => (float ? results.shift() : undefined));
  },
  vjp([test, ...xs], cts, _, { yes, no }: Branches) {
    const floats = xs.map((x) => isFloat(x.dtype));
    const backward = ({ inputs, outputs }: Program): Program => {
      const seeds = cts.map((ct) => ct && fresh(ct));
      const grads = pullback(inputs, outputs, seeds).map((g, i) => g ?? zerosLike(inputs[i]));
      return { inputs: [...inputs, ...some(seeds)], outputs: grads.filter((_, i) => floats[i]) };
    };
    const results = [...apply(condPrimitive, [test, ...xs, ...some(cts)], { yes: backward(yes), no: backward(no) })];
    return [undefined, ...floats.map((float) => (float ? results.shift() : undefined))];
  },
  // Rows that choose for themselves need both branches.
  batch([test, ...xs], [testBatched, ...batched], { yes, no }: Branches) {
    const size = (testBatched ? test : xs[batched.indexOf(true)]).shape[0];
    const all = xs.map((x, i) => (batched[i] ? x : broadcastTo(x, [size, ...x.shape])));
    const grown = (branch: Program): Program => {
      const inputs = branch.inputs.map((x) => placeholder(x.dtype, [size, ...x.shape]));
      return { inputs, outputs: batchProgram(branch, inputs, size) };
    };
    if (!testBatched) return apply(condPrimitive, [test, ...all], { yes: grown(yes), no: grown(no) });
    const [a, b] = [yes, no].map((branch) => batchProgram(branch, all, size));
    return a.map((y, i) => where(reshape(test, [size, ...new Array<number>(y.rank - 1).fill(1)]), y, b[i]));
  },
};

/**
 * yes(operands) if the test holds, else no(operands); what is computed from the operands inside a branch costs nothing when the other is
 * taken, unless both are mere passes over elements at the end of a step (`tail.ts`). What a branch uses from outside is computed in any case.
 *
 * @param test  one bool
 * @throws  TensorError if the branches return different trees, shapes or dtypes
 */
export function cond<O, R>(test: Value, yes: (operands: O) => R, no: (operands: O) => R, operands: O): R {
  const choice = liftOne("cond", test, "bool");
  if (choice.dtype !== "bool" || choice.rank !== 0) fail("cond", "the test must be one bool", [choice]);
  const given = tensors("cond", operands);
  const trace = (f: (operands: O) => R) => {
    const inputs = given.leaves.map(fresh);
    const { leaves, structure } = tensors("cond", f(unflatten<O>(given.structure, inputs)));
    return { inputs, outputs: leaves, structure };
  };
  const [a, b] = [trace(yes), trace(no)];
  const differs = a.outputs.findIndex((y, i) => y.dtype !== b.outputs[i]?.dtype || !sameShape(y.shape, b.outputs[i].shape));
  if (JSON.stringify(a.structure) !== JSON.stringify(b.structure)) fail("cond", "the branches return different trees");
  if (differs >= 0) fail("cond", `result ${differs} differs between the branches`, [a.outputs[differs], b.outputs[differs]]);
  const closure = [...new Set([...captured(a.inputs, a.outputs), ...captured(b.inputs, b.outputs)])];
  const branches = { yes: closed(a, closure), no: closed(b, closure) };
  return unflatten<R>(a.structure, apply(condPrimitive, [choice, ...given.leaves, ...closure], branches));
}
