/** What is computed in which order, and where it lies; what only a loop itself reads never reaches memory. */
import type { NdArray, Shape } from "../../array/ndarray.ts";
import { lower } from "../lower.ts";
import { broadcastView } from "../primitives/sum.ts";
import type { Node, Tensor } from "../tensor.ts";
import { type Program, reachable } from "../walk.ts";
import { isReduction, type Unit, unitsFrom } from "./groups.ts";
import { aligned, sizeInBytes } from "./memory.ts";
import { isConstant, type Source, type Sources, type Strided, sourcesOf } from "./sources.ts";
import { accumulated } from "./sums.ts";

export interface Plan {
  readonly program: Program;
  readonly units: readonly Unit[];
  readonly sources: Sources;
  /** Addresses in the plan's own memory of what lies there. */
  readonly addresses: ReadonlyMap<Tensor, number>;
  /** Addresses of what a unit needs for itself. */
  readonly scratch: ReadonlyMap<Unit, number>;
  /** Programs that the primitive of a unit runs. */
  readonly nested: ReadonlyMap<Unit, readonly Plan[]>;
  /** Tensors that are read from memory. */
  readonly read: ReadonlySet<Tensor>;
  /** Outputs that their unit writes where they are wanted; the others are copied in the end. */
  readonly direct: ReadonlyMap<Tensor, number>;
  readonly constants: ReadonlyMap<Tensor, NdArray>;
  readonly bytes: number;
}

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
  const computed = order.filter((n) => !inputs.has(n.outputs[0]));
  const uses = new Set<Tensor>([...program.outputs, ...computed.flatMap((n) => n.inputs)]);
  const sources = sourcesOf();
  const units = unitsFrom(sources, uses);
  for (const node of computed) if (!node.primitive.constant && !node.primitive.view) units.add(node);
  const direct = new Map<Tensor, number>();
  program.outputs.forEach((y, k) => {
    if (units.makerOf(y) && !direct.has(y)) return direct.set(y, k);
    const source = sources.source(y);
    // a copy that is wanted is a unit too
    if (!isConstant(source)) units.makerOf(source.base);
  });
  const ordered = units.sorted();
  const nested = new Map(
    ordered.flatMap((unit) => {
      const [node] = unit.nodes;
      const programs = unit.isLoop ? undefined : node.primitive.wasm?.programs?.(node, (y) => uses.has(y));
      return programs ? [[unit, programs.map(planProgram)] as const] : [];
    }),
  );
  return { program, units: ordered, sources, direct, nested, ...arranged(program, ordered, nested, units.makerOf, sources, direct) };
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
function scratchOf(unit: Unit, nested: readonly Plan[]): number {
  const bytes = nested.reduce((sum, plan) => sum + aligned(plan.bytes), 0);
  if (!unit.isLoop) return bytes + aligned(unit.nodes[0].primitive.wasm?.scratch?.(unit.nodes[0]) ?? 0);
  return unit.nodes.reduce((sum, node) => sum + (isReduction(node) ? totalsOf(node) : 0), 0);
}

/** Bytes of the sums of a reduction in f64. */
export const totalsOf = ({ primitive, outputs: [y] }: Node): number =>
  accumulated(y.dtype, primitive.accumulates ?? "sum") === y.dtype ? 0 : aligned(y.size * 8);

/** Addresses of what lies in memory, each for as long as it is wanted. */
function arranged(
  program: Program,
  units: readonly Unit[],
  nested: Plan["nested"],
  makerOf: (x: Tensor) => Unit | undefined,
  sources: Sources,
  direct: Plan["direct"],
): Pick<Plan, "addresses" | "scratch" | "read" | "constants" | "bytes"> {
  const position = new Map(units.map((unit, i) => [unit, i]));
  const last = new Map<Tensor, number>();
  units.forEach((unit, i) => {
    for (const { base } of readsOf(unit, sources)) last.set(base, i);
  });
  for (const y of program.outputs) {
    const source = sources.source(y);
    if (!direct.has(y) && !isConstant(source)) last.set(source.base, units.length);
  }
  const read = new Set(last.keys());
  const constants = new Map<Tensor, NdArray>();
  const blocks: Block[] = [];
  for (const [x, to] of last) {
    const { primitive, params } = x.node;
    const value = primitive.constant?.(params);
    if (typeof value === "object") constants.set(x, value);
    const maker = makerOf(x);
    if (maker && !direct.has(x)) blocks.push({ key: x, bytes: sizeInBytes(x), from: position.get(maker) ?? 0, to });
  }
  units.forEach((unit, i) => {
    const bytes = scratchOf(unit, nested.get(unit) ?? []);
    if (bytes > 0) blocks.push({ key: unit, bytes, from: i, to: i });
  });
  const { at, bytes } = packed(blocks);
  const addresses = new Map<Tensor, number>();
  const scratch = new Map<Unit, number>();
  for (const [key, address] of at) {
    if ("uid" in key) addresses.set(key, address);
    else scratch.set(key, address);
  }
  return { addresses, scratch, read, constants, bytes };
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
