/** Loops of unknown length inside one run. */
import { flatten, unflatten } from "../../array/tree.ts";
import { batchProgram } from "../batch.ts";
import { pushforward, some } from "../differentiate.ts";
import { lower } from "../lower.ts";
import { apply } from "../primitive.ts";
import { fail } from "../shapes.ts";
import { isFloat, type Node, type Primitive, type Tensor } from "../tensor.ts";
import { captured, closed, type Program, substitute } from "../walk.ts";
import { sizeInBytes } from "../wasm/memory.ts";
import { pushPlace } from "../wasm/place.ts";
import { inputAt, pingPong } from "../wasm/rules.ts";
import { where } from "./arithmetic.ts";
import { fresh, isValue, liftOne, placeholder, tensors, type Value } from "./constant.ts";
import { any } from "./reduce.ts";
import { reshape } from "./reshape.ts";
import { checkCarry } from "./scan.ts";
import { broadcastTo, zerosLike } from "./sum.ts";

interface WhileParams {
  readonly condition: Program;
  readonly body: Program;
  readonly carries: number;
}

const carriesOf = ({ inputs, params }: Node): readonly Tensor[] => inputs.slice(0, params.carries);

const whilePrimitive: Primitive = {
  name: "whileLoop",
  exact: true,
  infer: (inputs, { carries }: WhileParams) => inputs.slice(0, carries).map(({ dtype, shape }) => ({ dtype, shape })),
  onnx(emit, inputs, node) {
    const { condition, body, carries } = node.params as WhileParams;
    const constants = new Map(body.inputs.slice(carries).map((x, i) => [x, inputs[carries + i]]));
    const first = lower(condition);
    const start = emit.inline(first.outputs, new Map(first.inputs.map((x, i) => [x, inputs[i]])))[0];
    const [again] = substitute(condition.inputs, condition.outputs, [...body.outputs, ...body.inputs.slice(carries)]);
    const iteration = placeholder("i64", []);
    const graph = emit.subgraph(
      [iteration, placeholder("bool", []), ...body.inputs.slice(0, carries)],
      [again, ...body.outputs],
      constants,
    );
    return emit.op("Loop", ["", start, ...inputs.slice(0, carries)], { body: graph }, { outputs: carries });
  },
  wasm: {
    scratch: (node) => 16 + 2 * carriesOf(node).reduce((bytes, x) => bytes + sizeInBytes(x), 0),
    // nobody knows how many: loops that search take some
    steps: () => 10,
    programs: ({ params }) => [params.condition, params.body],
    write(w, node) {
      const { code } = w;
      const carries = carriesOf(node);
      const constants = node.inputs.slice(carries.length).map((_, i) => inputAt(w, carries.length + i));
      const loop = pingPong(w, carries, 16);
      // whether to go on
      const again = { ...w.scratch };
      const test = (): void => {
        w.run(0, [...loop.now, ...constants], [again]);
        pushPlace(code, again);
        code.access("i32.load8_u", 0);
      };
      test();
      code.branch(() =>
        code.loop(() => {
          w.run(1, [...loop.now, ...constants], loop.next);
          loop.swap();
          test();
        }),
      );
      loop.finish();
    },
  },
  jvp(inputs, ds, _, { condition, body, carries }: WhileParams) {
    const tangents = body.inputs.map((x, i) => (isFloat(x.dtype) && (i < carries || ds[i]) ? fresh(x) : undefined));
    const dys = pushforward(body.inputs, tangents, body.outputs).map(
      (d, i) => d ?? (isFloat(body.outputs[i].dtype) ? zerosLike(body.outputs[i]) : undefined),
    );
    const dConstants = some(ds.slice(carries));
    const newInputs = [
      ...body.inputs.slice(0, carries),
      ...some(tangents.slice(0, carries)),
      ...body.inputs.slice(carries),
      ...some(tangents.slice(carries)),
    ];
    const floats = some(tangents.slice(0, carries)).length;
    const results = apply(
      whilePrimitive,
      [
        ...inputs.slice(0, carries),
        ...inputs.slice(0, carries).flatMap((x, i) => (isFloat(x.dtype) ? [ds[i] ?? zerosLike(x)] : [])),
        ...inputs.slice(carries),
        ...dConstants,
      ],
      {
        condition: { inputs: newInputs, outputs: substitute(condition.inputs, condition.outputs, body.inputs) },
        body: { inputs: newInputs, outputs: [...body.outputs, ...some(dys)] },
        carries: carries + floats,
      },
    );
    let at = carries;
    return body.outputs.map((y) => (isFloat(y.dtype) ? results[at++] : undefined));
  },
  vjp: (inputs) => fail("whileLoop", "has no derivative in reverse mode; use scan, or stopGradient on its result", inputs),
  work: () => Number.POSITIVE_INFINITY,
  // All rows go on until the last one has stopped; rows that have stopped keep their values.
  batch(inputs, batched, { condition, body, carries }: WhileParams) {
    const size = inputs[batched.indexOf(true)].shape[0];
    const has = inputs.map((_, i) => i < carries || batched[i]);
    const rows = body.inputs.map((x, i) => (has[i] ? placeholder(x.dtype, [size, ...x.shape]) : x));
    const values = rows.map((r, i) => (has[i] ? r : undefined));
    const go = batchProgram(
      { inputs: body.inputs, outputs: substitute(condition.inputs, condition.outputs, body.inputs) },
      values,
      size,
    )[0];
    const next = batchProgram(body, values, size).map((y, i) => where(reshape(go, [size, ...new Array(y.rank - 1).fill(1)]), y, rows[i]));
    const start = inputs.map((x, i) => (i < carries && !batched[i] ? broadcastTo(x, [size, ...x.shape]) : x));
    return apply(whilePrimitive, start, {
      condition: { inputs: rows, outputs: [any(go)] },
      body: { inputs: rows, outputs: next },
      carries,
    });
  },
};

/** Repeats `body` while `condition` holds, inside one run. Differentiable in forward mode; for reverse mode use `scan`. */
export function whileLoop<C>(condition: (carry: C) => Tensor, body: (carry: C) => C, init: C): C {
  const start = tensors("whileLoop", init);
  const carryIn = start.leaves.map(fresh);
  const go = liftOne("whileLoop", condition(unflatten<C>(start.structure, carryIn)), "bool");
  if (go.dtype !== "bool" || go.rank !== 0) fail("whileLoop", "the condition must be one bool", [go]);
  const next = flatten<Value>(body(unflatten<C>(start.structure, carryIn)), isValue).leaves.map((v, i) =>
    liftOne("whileLoop", v, carryIn[i]?.dtype),
  );
  checkCarry("whileLoop", carryIn, next);
  const closure = captured(carryIn, [go, ...next]);
  const { inputs, outputs: all } = closed({ inputs: carryIn, outputs: [go, ...next] }, closure);
  const [test, ...outputs] = all;
  const results = apply(whilePrimitive, [...start.leaves, ...closure], {
    condition: { inputs, outputs: [test] },
    body: { inputs, outputs },
    carries: carryIn.length,
  });
  return unflatten<C>(start.structure, results);
}
