/**
 * Which primitives are one loop. Elementwise primitives over one shape, and sums of what they give, are joined as long as all that the loop
 * waits for can be known before it begins.
 */
import type { Shape } from "../../array/ndarray.ts";
import { fail, sameShape } from "../shapes.ts";
import type { Node, Tensor } from "../tensor.ts";
import { type Width, widthOf } from "./lanes.ts";
import { isConstant, type Sources } from "./sources.ts";

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
}

/** Members of one loop; beyond, its vectors no longer fit the processor's registers by far. */
const most = 64;

export const isReduction = ({ primitive }: Node): boolean => primitive.accumulates !== undefined;
const inLoop = (node: Node): boolean => node.primitive.lanes !== undefined || isReduction(node);

/** What the loop of a node walks over. */
const domainOf = (node: Node): Shape => (isReduction(node) ? node.inputs[0].shape : node.outputs[0].shape);

/** Units that are being made. */
export interface Units {
  /** Puts a node into a loop, or makes it a unit of its own. */
  add(node: Node): void;
  /** What makes a tensor that lies in memory; nothing does inputs and constants. */
  makerOf(x: Tensor): Unit | undefined;
  /** In an order in which what is needed comes first. */
  sorted(): Unit[];
}

export function unitsFrom(sources: Sources, uses: ReadonlySet<Tensor>): Units {
  const units = new Set<Unit>();
  const unitOf = new Map<Tensor, Unit>();
  const created = (unit: Unit, made: readonly Tensor[]): Unit => {
    units.add(unit);
    for (const y of made) unitOf.set(y, unit);
    return unit;
  };
  const makerOf = (x: Tensor): Unit | undefined => {
    const from = sources.copies.get(x);
    if (from && !unitOf.has(x)) {
      const needs = new Set(isConstant(from) ? [] : some(makerOf(from.base)));
      created({ nodes: [], copy: x, isLoop: true, shape: x.shape, width: widthOf(x.dtype) ?? 4, needs }, [x]);
    }
    return unitOf.get(x);
  };

  /** Whether an element of x is computed by the loop just where it is needed. */
  const isInside = (x: Tensor, unit: Unit): boolean => unitOf.get(x) === unit && !isReduction(x.node) && sameShape(x.shape, unit.shape);
  /** What has to be in memory before a loop that computes these nodes begins. */
  const awaited = (nodes: readonly Node[], unit: Unit): Unit[] =>
    nodes.flatMap((node) =>
      node.inputs.flatMap((x) => {
        if (isInside(x, unit)) return [];
        const source = sources.source(x);
        return isConstant(source) ? [] : some(makerOf(source.base));
      }),
    );

  /** One loop instead of two, if nothing has to run between them. */
  const merge = (a: Unit, b: Unit): void => {
    const together = new Set([...a.needs, ...b.needs]);
    const rest = [...together].filter((unit) => unit !== a && unit !== b);
    const between = reaches(rest, a, b);
    const inTurn = awaited(a.nodes, b).includes(b) || awaited(b.nodes, a).includes(a);
    if (between || inTurn || a.nodes.length + b.nodes.length > most || (a.width && b.width && a.width !== b.width)) return;
    units.delete(b);
    a.width ??= b.width;
    a.nodes.push(...b.nodes);
    a.nodes.sort((m, n) => m.id - n.id);
    for (const node of b.nodes) for (const y of node.outputs) unitOf.set(y, a);
    for (const unit of together) a.needs.add(unit);
    for (const unit of units) if (unit.needs.delete(b)) unit.needs.add(a);
    a.needs.delete(a);
    a.needs.delete(b);
  };

  const addToLoop = (node: Node): void => {
    const shape = domainOf(node);
    const widths = [...node.inputs, ...node.outputs].map((x) => widthOf(x.dtype));
    const width = widths.includes(2) ? 2 : widths.includes(4) ? 4 : undefined;
    const fits = (unit: Unit): boolean =>
      unit.isLoop &&
      !unit.copy &&
      unit.nodes.length < most &&
      sameShape(unit.shape, shape) &&
      (!width || !unit.width || unit.width === width);
    const others = (unit: Unit): Unit[] => awaited([node], unit);
    const candidates = [...new Set(node.inputs.flatMap((x) => (x.node.primitive.lanes ? some(unitOf.get(x)) : [])))].filter(fits);
    const home = candidates.find((unit) => !others(unit).includes(unit) && !reaches(others(unit), unit));
    const unit = home ?? created({ nodes: [], isLoop: true, shape, width, needs: new Set() }, []);
    for (const other of others(unit)) unit.needs.add(other);
    unit.width ??= width;
    unit.nodes.push(node);
    for (const y of node.outputs) unitOf.set(y, unit);
    for (const other of candidates) if (home && other !== home) merge(home, other);
  };

  return {
    makerOf,
    sorted: () => sorted(units),
    add(node) {
      const { primitive } = node;
      if (inLoop(node)) return addToLoop(node);
      if (!primitive.wasm) fail(primitive.name, "has no WebAssembly form", node.outputs);
      const { strided = false } = primitive.wasm;
      const read = node.inputs.map((x) => {
        const source = sources.source(x);
        return strided && !isConstant(source) ? source : sources.inMemory(x);
      });
      const needs = new Set(read.flatMap((source) => some(makerOf(source.base))));
      const made = node.outputs.filter((y) => uses.has(y));
      created({ nodes: [node], isLoop: false, shape: [], width: undefined, needs }, made);
    },
  };
}

const some = <T>(x: T | undefined): T[] => (x === undefined ? [] : [x]);

// Programs are deeper than calls may be: both walks keep a list of their own.

/** Whether one of some units has to run after one of others. */
function reaches(from: readonly Unit[], ...to: readonly Unit[]): boolean {
  const seen = new Set(from);
  // a set is walked over while it grows
  for (const unit of seen) {
    if (to.some((other) => unit.needs.has(other))) return true;
    for (const needed of unit.needs) seen.add(needed);
  }
  return false;
}

function sorted(units: ReadonlySet<Unit>): Unit[] {
  const result = new Set<Unit>();
  const open = [...units].reverse();
  while (open.length > 0) {
    const unit = open[open.length - 1];
    const missing = result.has(unit) ? [] : [...unit.needs].filter((needed) => !result.has(needed));
    if (missing.length > 0) open.push(...missing.reverse());
    else result.add(open.pop() as Unit);
  }
  return [...result];
}
