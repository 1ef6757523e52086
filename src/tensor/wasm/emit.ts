/** Writes a plan as functions of a module: a function a loop, and a driver that calls them in order. */
import { sizeOf } from "../../array/ndarray.ts";
import { stridesOf } from "../shapes.ts";
import type { Node, Tensor } from "../tensor.ts";
import type { Code } from "./code.ts";
import { copied, microseconds } from "./cost.ts";
import { isReduction, type Unit } from "./groups.ts";
import type { Jobs } from "./jobs.ts";
import type { Vector } from "./lanes.ts";
import { cutOf, rowwise, writeLoop, writeNest } from "./loops.ts";
import { aligned, bytesOf } from "./memory.ts";
import type { ModuleWriter } from "./module.ts";
import { type Place, type Pointer, pushPlace } from "./place.ts";
import { type Plan, spreadOver, strides, totalsOf } from "./plan.ts";
import { isConstant, type Source } from "./sources.ts";
import { accumulated, neutral } from "./sums.ts";
import type { Accumulation, Argument, Loop, NodeWriter, Operand } from "./writer.ts";

export interface Emission {
  readonly writer: ModuleWriter;
  /** Addresses of constants. */
  readonly constants: ReadonlyMap<Tensor, number>;
  /** A place that may change, in memory that nobody else has. */
  pointer(): Pointer;
  /** What threads share; none if there is one thread. */
  readonly jobs: Jobs | undefined;
}

interface Scope {
  readonly plan: Plan;
  readonly places: ReadonlyMap<Tensor, Place>;
  /** Address of the plan's own memory. */
  readonly memory: number;
}

/** Writes the calls of a plan into a driver. */
export function emitPlan(
  emission: Emission,
  code: Code,
  plan: Plan,
  memory: number,
  inputs: readonly Place[],
  outputs: readonly Place[],
): void {
  const { program, addresses, direct, constants } = plan;
  const places = new Map<Tensor, Place>([
    ...program.inputs.map((x, i) => [x, inputs[i]] as const),
    ...[...addresses].map(([x, address]) => [x, { offset: memory + address }] as const),
    ...[...constants.keys()].map((x) => [x, { offset: emission.constants.get(x) ?? 0 }] as const),
    ...[...direct].map(([y, k]) => [y, outputs[k]] as const),
  ]);
  const scope: Scope = { plan, places, memory };
  for (const unit of plan.units) {
    if (unit.isLoop) emitLoop(emission, code, scope, unit);
    else emitNode(emission, code, scope, unit);
  }
  program.outputs.forEach((y, k) => {
    if (direct.get(y) === k) return;
    // what one output has by itself lives on; what that was copied from may not
    const source = direct.has(y) ? plan.sources.inMemory(y) : plan.sources.source(y);
    callLoop(emission, code, copyLoop(scope, y, source, outputs[k]));
  });
}

/** @param time  microseconds that it takes by itself; default: those of a copy */
function callLoop({ writer, jobs }: Emission, code: Code, loop: Loop, time = copied * sizeOf(loop.shape)): void {
  if (sizeOf(loop.shape) === 0) return;
  const cut = jobs && cutOf(loop);
  const shared =
    cut &&
    jobs.share(code, { ...cut, microseconds: time }, (part) => writeNest(part.code, loop, writer.imported, { ...part, axis: cut.axis }));
  if (!shared) code.call(writeLoop(writer, loop));
}

/** An operand of a loop over a shape. */
const operandOf = ({ places }: Scope, x: Tensor, source: Exclude<Source, { constant: number }>): Operand => ({
  place: places.get(source.base) ?? { offset: 0 },
  dtype: x.dtype,
  offset: source.offset,
  strides: source.strides,
});

const wide = (x: Tensor): 4 | 2 => (bytesOf[x.dtype] === 8 ? 2 : 4);

/** Copies elements to where they lie one behind another. */
function copyLoop(scope: Scope, x: Tensor, from: Source, to: Place): Loop {
  return {
    shape: x.shape,
    width: wide(x),
    loads: isConstant(from) ? [] : [operandOf(scope, x, from)],
    stores: [{ place: to, dtype: x.dtype, offset: 0, strides: stridesOf(x.shape) }],
    accumulations: [],
    compute: (v, [loaded]) => [isConstant(from) ? v.constant(from.constant, x.dtype) : loaded],
  };
}

function emitLoop(emission: Emission, code: Code, scope: Scope, unit: Unit): void {
  const { plan, places, memory } = scope;
  if (unit.copy) {
    const place = places.get(unit.copy);
    if (place) callLoop(emission, code, copyLoop(scope, unit.copy, plan.sources.copies.get(unit.copy) as Source, place));
    return;
  }
  const { shape } = unit;
  const own = new Set(unit.nodes.flatMap((n) => n.outputs));
  const loads: Operand[] = [];
  const indices = new Map<string, number>();
  const loadOf = new Map<Tensor, number>();
  for (const x of unit.nodes.flatMap((n) => n.inputs)) {
    const source = plan.sources.source(x);
    if (own.has(x) || isConstant(source) || loadOf.has(x)) continue;
    const operand = operandOf(scope, x, spreadOver(shape, x, source));
    const key = `${source.base.uid} ${operand.offset} ${operand.strides.join()} ${x.dtype}`;
    const index = indices.get(key) ?? loads.push(operand) - 1;
    indices.set(key, index);
    loadOf.set(x, index);
  }
  const wanted = (n: Node): boolean => places.has(n.outputs[0]);
  const stored = unit.nodes.filter((n) => !isReduction(n) && wanted(n));
  const reduced = unit.nodes.filter((n) => isReduction(n) && wanted(n));
  const contiguous = stridesOf(shape);
  const placeOf = (n: Node): Place => places.get(n.outputs[0]) ?? { offset: 0 };
  const results = reduced.map((n): Accumulation => {
    const { dtype } = n.outputs[0];
    return { how: n.primitive.accumulates ?? "sum", into: { place: placeOf(n), dtype, offset: 0, strides: strides(n) } };
  });
  const shapeOfLoop: Omit<Loop, "compute"> = {
    ...{ shape, width: unit.width ?? 4, loads },
    stores: stored.map((n) => ({ place: placeOf(n), dtype: n.outputs[0].dtype, offset: 0, strides: contiguous })),
    accumulations: results,
  };
  const once = rowwise(shapeOfLoop);
  let at = memory + (plan.scratch.get(unit) ?? 0);
  const totals = results.map((a, i) => {
    const own = !once[i] && totalsOf(reduced[i]) > 0;
    const place = own ? { offset: at } : a.into.place;
    if (own) at += totalsOf(reduced[i]);
    return { ...a, into: { ...a.into, place } };
  });
  totals.forEach((a, i) => {
    if (!once[i]) callLoop(emission, code, filled(a, reduced[i].outputs[0]));
  });
  const loop: Loop = {
    ...shapeOfLoop,
    accumulations: totals,
    compute(v, loaded) {
      const values = new Map<Tensor, Vector>();
      const value = (x: Tensor): Vector => {
        const known = values.get(x);
        if (known) return known;
        const source = plan.sources.source(x);
        return isConstant(source) ? v.constant(source.constant, x.dtype) : loaded[loadOf.get(x) ?? 0];
      };
      for (const node of unit.nodes)
        if (node.primitive.lanes) values.set(node.outputs[0], node.primitive.lanes(v, node.inputs.map(value), node));
      return [...stored.map((n) => value(n.outputs[0])), ...reduced.map((n) => value(n.inputs[0]))];
    },
  };
  callLoop(emission, code, loop, microseconds(unit.nodes));
  totals.forEach((a, i) => {
    if (a.into.place !== results[i].into.place) callLoop(emission, code, roundedDown(a, results[i].into.place, reduced[i].outputs[0]));
  });
}

/** Fills what elements are added to. */
function filled({ how, into }: Accumulation, y: Tensor): Loop {
  const dtype = accumulated(into.dtype, how);
  return {
    ...{ shape: [y.size], width: bytesOf[dtype] === 8 ? 2 : 4, loads: [], accumulations: [] },
    stores: [{ place: into.place, dtype, offset: 0, strides: [1] }],
    compute: (v) => [neutral(v, how, dtype)],
  };
}

/** Sums in f64 as f32. */
function roundedDown({ into }: Accumulation, to: Place, y: Tensor): Loop {
  return {
    ...{ shape: [y.size], width: 2, accumulations: [] },
    loads: [{ place: into.place, dtype: "f64", offset: 0, strides: [1] }],
    stores: [{ place: to, dtype: "f32", offset: 0, strides: [1] }],
    compute: (v, [x]) => [v.convert(x, "f32")],
  };
}

function emitNode(emission: Emission, code: Code, scope: Scope, unit: Unit): void {
  const { plan, places, memory } = scope;
  const [node] = unit.nodes;
  const rule = node.primitive.wasm;
  const { writer } = emission;
  let nested = memory + (plan.scratch.get(unit) ?? 0);
  const programs = plan.nested.get(unit) ?? [];
  const starts = programs.map((p) => {
    const start = nested;
    nested += aligned(p.bytes);
    return start;
  });
  const output = (i: number): Place => places.get(node.outputs[i]) ?? { offset: 0 };
  const calling =
    (to: Code): NodeWriter["call"] =>
    (kernel, ...args) => {
      for (const a of args) pushArgument(to, a);
      to.call(writer.imported(kernel));
    };
  const scratch: Place = { offset: nested };
  rule?.write(
    {
      code,
      output,
      used: (i) => places.has(node.outputs[i]),
      scratch,
      input(i) {
        const x = node.inputs[i];
        const found = rule.strided ? plan.sources.source(x) : plan.sources.inMemory(x);
        return operandOf(scope, x, isConstant(found) ? plan.sources.inMemory(x) : found);
      },
      call: calling(code),
      share(work, write) {
        if (emission.jobs?.share(code, work, (part) => write({ ...part, call: calling(part.code) }))) return;
        const start = (place: Place) => () => pushPlace(code, place);
        write({ code, count: work.length, start, room: () => pushPlace(code, scratch), call: calling(code) });
      },
      loop: (loop) => callLoop(emission, code, loop),
      run: (k, inputs, outputs) => emitPlan(emission, code, programs[k], starts[k], inputs, outputs),
      pointer: emission.pointer,
      move(to, from, bytes) {
        pushPlace(code, to);
        pushPlace(code, from);
        code.i32(bytes);
        code.memoryCopy();
      },
    },
    node,
  );
}

function pushArgument(code: Code, argument: Argument): void {
  if (typeof argument === "number") code.i32(argument);
  else if (typeof argument === "function") argument();
  else pushPlace(code, argument);
}
