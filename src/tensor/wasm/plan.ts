/**
 * What is computed by which loop, in which order, and where it lies. Elementwise primitives over one shape, and sums of what they give, are one
 * loop; what only a loop itself reads never reaches memory.
 */
import type { NdArray, Shape } from "../../array/ndarray.ts";
import { lower } from "../lower.ts";
import { broadcastView } from "../primitives/sum.ts";
import { fail, sameShape } from "../shapes.ts";
import type { Node, Tensor } from "../tensor.ts";
import { type Program, reachable } from "../walk.ts";
import { type Width, widthOf } from "./lanes.ts";
import { accumulated } from "./loops.ts";
import { aligned, sizeInBytes } from "./memory.ts";
import { isConstant, type Source, type Sources, type Strided, sourcesOf } from "./sources.ts";

/** What one function, or one primitive, does. */
export interface Unit {
  /** Elementwise primitives and reductions of one loop; or one other primitive. */
  readonly nodes: Node[];
  /** A tensor that is copied into memory. */
  readonly copy?: Tensor;
  readonly isLoop: boolean;
  /** What a loop walks over. */
  readonly shape: Shape;
  width: Width | undefined;
  readonly needs: Set<Unit>;
  /** Programs that a primitive runs. */
  readonly nested: readonly Plan[];
}

export interface Plan {
  readonly program: Program;
  readonly units: readonly Unit[];
  readonly sources: Sources;
  /** Addresses in the plan's own memory of what lies there. */
  readonly addresses: ReadonlyMap<Tensor, number>;
  /** Addresses of what a unit needs for itself. */
  readonly scratch: ReadonlyMap<Unit, number>;
  /** Tensors that are read from memory. */
  readonly read: ReadonlySet<Tensor>;
  /** Outputs that their unit writes where they are wanted; the others are copied in the end. */
  readonly direct: ReadonlyMap<Tensor, number>;
  readonly constants: ReadonlyMap<Tensor, NdArray>;
  readonly bytes: number;
}

/** Members of one loop; beyond, its vectors no longer fit the processor's registers by far. */
const most = 64;

export const isReduction = ({ primitive }: Node): boolean => primitive.accumulates !== undefined;
const inLoop = (node: Node): boolean => node.primitive.lanes !== undefined || isReduction(node);

/** What the loop of a node walks over. */
const domainOf = (node: Node): Shape => (isReduction(node) ? node.inputs[0].shape : node.outputs[0].shape);

/** A source as a loop over this shape reads it. */
export function spreadOver(shape: Shape, x: Tensor, source: Strided): Strided {
  const view = broadcastView(x, shape);
  const lead = shape.length - x.rank;
  return { ...source, strides: view.strides.map((s, i) => (s === 0 ? 0 : source.strides[i - lead])) };
}

/** Strides of a reduction's result along the axes that it is made from. */
export function strides({ inputs: [x], outputs: [y], params }: Node): number[] {
  const gone = new Set<number>(params.axes.map((a: number) => a + x.rank));
  const kept = x.shape.map((n, i) => (gone.has(i) ? 1 : n));
  return broadcastView({ shape: kept }, x.shape).strides.map((s, i) => (gone.has(i) || y.size === 0 ? 0 : s));
}

export function planProgram(given: Program): Plan {
  const program = lower(given, "wasm");
  const order = reachable(program.outputs, new Set(program.inputs.map((x) => x.node)));
  const inputs = new Set(program.inputs);
  const sources = sourcesOf();
  const uses = new Set<Tensor>([...program.outputs, ...order.flatMap((n) => (inputs.has(n.outputs[0]) ? [] : n.inputs))]);
  const unitOf = new Map<Tensor, Unit>();
  const units: Unit[] = [];
  const created = (unit: Unit): Unit => {
    units.push(unit);
    return unit;
  };
  const makerOf = (x: Tensor): Unit | undefined => {
    const from = sources.copies.get(x);
    if (from && !unitOf.has(x)) {
      const needs = new Set<Unit>(isConstant(from) ? [] : some(makerOf(from.base)));
      unitOf.set(x, created({ nodes: [], copy: x, isLoop: true, shape: x.shape, width: widthOf(x.dtype) ?? 4, needs, nested: [] }));
    }
    return unitOf.get(x);
  };
  for (const node of order) {
    const { primitive } = node;
    if (inputs.has(node.outputs[0]) || primitive.constant || primitive.view) continue;
    if (inLoop(node)) place(node, units, unitOf, sources, makerOf);
    else if (primitive.wasm) {
      const { strided = false } = primitive.wasm;
      const found = node.inputs.map((x) => (strided ? sources.source(x) : sources.inMemory(x)));
      const read = found.map((s, i) => (isConstant(s) ? sources.inMemory(node.inputs[i]) : s));
      const used = (y: Tensor): boolean => uses.has(y);
      const nested = (primitive.wasm.programs?.(node, used) ?? []).map(planProgram);
      const needs = new Set(read.flatMap((s) => some(makerOf(s.base))));
      const unit = created({ nodes: [node], isLoop: false, shape: [], width: undefined, needs, nested });
      for (const y of node.outputs) if (uses.has(y)) unitOf.set(y, unit);
    } else fail(primitive.name, "has no WebAssembly form", node.outputs);
  }
  const direct = new Map<Tensor, number>();
  program.outputs.forEach((y, k) => {
    const made = makerOf(y);
    if (made && !direct.has(y)) direct.set(y, k);
    else {
      const source = sources.source(y);
      if (!isConstant(source)) makerOf(source.base);
    }
  });
  return arranged(program, units, unitOf, sources, direct);
}

const some = <T>(x: T | undefined): T[] => (x === undefined ? [] : [x]);

/** Whether a unit has to run after another. */
function reaches(from: Unit, to: Unit, seen = new Set<Unit>()): boolean {
  for (const unit of from.needs) {
    if (unit === to) return true;
    if (seen.has(unit)) continue;
    seen.add(unit);
    if (reaches(unit, to, seen)) return true;
  }
  return false;
}

/** Puts a node into the loop of one of its inputs, if that can run when all others are known; else into one of its own. */
function place(node: Node, units: Unit[], unitOf: Map<Tensor, Unit>, sources: Sources, makerOf: (x: Tensor) => Unit | undefined): void {
  const shape = domainOf(node);
  const widths = [...node.inputs, ...node.outputs].map((x) => widthOf(x.dtype));
  const width = widths.includes(2) ? 2 : widths.includes(4) ? 4 : undefined;
  const fits = (unit: Unit): boolean =>
    unit.isLoop &&
    !unit.copy &&
    unit.nodes.length < most &&
    sameShape(unit.shape, shape) &&
    (!width || !unit.width || unit.width === width);
  const madeIn = (x: Tensor, unit: Unit): boolean => unitOf.get(x) === unit && !isReduction(x.node) && sameShape(x.shape, shape);
  // what it would wait for
  const others = (unit: Unit): Unit[] =>
    node.inputs.flatMap((x) => {
      if (madeIn(x, unit)) return [];
      const source = sources.source(x);
      return isConstant(source) ? [] : some(makerOf(source.base));
    });
  const candidates = new Set(node.inputs.flatMap((x) => (x.node.primitive.lanes ? some(unitOf.get(x)) : [])));
  const home = [...candidates].find((unit) => fits(unit) && others(unit).every((other) => other !== unit && !reaches(other, unit)));
  const unit: Unit = home ?? { nodes: [], isLoop: true, shape, width, needs: new Set(), nested: [] };
  if (!home) units.push(unit);
  for (const other of others(unit)) unit.needs.add(other);
  unit.width ??= width;
  unit.nodes.push(node);
  for (const y of node.outputs) unitOf.set(y, unit);
}

/** Units in an order in which what is needed comes first. */
function sorted(units: readonly Unit[]): Unit[] {
  const done = new Set<Unit>();
  const result: Unit[] = [];
  const visit = (unit: Unit): void => {
    if (done.has(unit)) return;
    done.add(unit);
    for (const needed of unit.needs) visit(needed);
    result.push(unit);
  };
  units.forEach(visit);
  return result;
}

/** What a unit reads from memory. */
export function readsOf(unit: Unit, sources: Sources): Strided[] {
  if (unit.copy) {
    const from = sources.copies.get(unit.copy) as Source;
    return isConstant(from) ? [] : [from];
  }
  const own = new Set(unit.nodes.flatMap((n) => n.outputs));
  return unit.nodes.flatMap((node) =>
    node.inputs.flatMap((x) => {
      if (unit.isLoop && own.has(x)) return [];
      const source = unit.isLoop || node.primitive.wasm?.strided ? sources.source(x) : sources.inMemory(x);
      if (!isConstant(source)) return [source];
      return unit.isLoop ? [] : [sources.inMemory(x)];
    }),
  );
}

/** Bytes that a unit needs for itself. */
function scratchOf(unit: Unit): number {
  const nested = unit.nested.reduce((sum, plan) => sum + aligned(plan.bytes), 0);
  if (!unit.isLoop) return nested + aligned(unit.nodes[0].primitive.wasm?.scratch?.(unit.nodes[0]) ?? 0);
  return unit.nodes.reduce((sum, node) => sum + (isReduction(node) ? totalsOf(node) : 0), 0);
}

/** Bytes of the sums of a reduction in f64. */
export const totalsOf = ({ primitive, outputs: [y] }: Node): number =>
  accumulated(y.dtype, primitive.accumulates ?? "sum") === y.dtype ? 0 : aligned(y.size * 8);

function arranged(
  program: Program,
  units: readonly Unit[],
  unitOf: ReadonlyMap<Tensor, Unit>,
  sources: Sources,
  direct: ReadonlyMap<Tensor, number>,
): Plan {
  const ordered = sorted(units);
  const position = new Map(ordered.map((unit, i) => [unit, i]));
  const last = new Map<Tensor, number>();
  const read = new Set<Tensor>();
  const constants = new Map<Tensor, NdArray>();
  const note = (base: Tensor, at: number): void => {
    read.add(base);
    last.set(base, Math.max(at, last.get(base) ?? 0));
    const value = base.node.primitive.constant?.(base.node.params);
    if (typeof value === "object") constants.set(base, value);
  };
  ordered.forEach((unit, i) => {
    for (const { base } of readsOf(unit, sources)) note(base, i);
  });
  for (const y of program.outputs) {
    if (direct.has(y)) continue;
    const source = sources.source(y);
    if (!isConstant(source)) note(source.base, ordered.length);
  }
  const wanted = [...unitOf].filter(([x, unit]) => !direct.has(x) && (read.has(x) || (!unit.isLoop && last.has(x))));
  const blocks: Block[] = [
    ...wanted.map(([x, unit]) => ({ key: x, bytes: sizeInBytes(x), from: position.get(unit) ?? 0, to: last.get(x) ?? 0 })),
    ...ordered.map((unit, i) => ({ key: unit, bytes: scratchOf(unit), from: i, to: i })),
  ].filter((b) => b.bytes > 0);
  const { at, bytes } = packed(blocks);
  const addresses = new Map<Tensor, number>();
  const scratch = new Map<Unit, number>();
  for (const [key, address] of at) {
    if ("uid" in key) addresses.set(key, address);
    else scratch.set(key, address);
  }
  return { program, units: ordered, sources, addresses, scratch, read, direct, constants, bytes };
}

interface Block {
  readonly key: Tensor | Unit;
  readonly bytes: number;
  readonly from: number;
  readonly to: number;
}

/** Addresses of blocks that live from one unit to another: the lowest gap that is free as long as that. */
function packed(blocks: readonly Block[]): { at: Map<Tensor | Unit, number>; bytes: number } {
  const at = new Map<Tensor | Unit, number>();
  const placed: { from: number; to: number; start: number; end: number }[] = [];
  let bytes = 0;
  for (const { key, bytes: size, from, to } of [...blocks].sort((a, b) => b.bytes - a.bytes || a.from - b.from)) {
    const busy = placed.filter((p) => p.from <= to && p.to >= from).sort((a, b) => a.start - b.start);
    let start = 0;
    for (const p of busy) {
      if (p.start - start >= size) break;
      start = Math.max(start, p.end);
    }
    at.set(key, start);
    placed.push({ from, to, start, end: start + size });
    bytes = Math.max(bytes, start + size);
  }
  return { at, bytes };
}
