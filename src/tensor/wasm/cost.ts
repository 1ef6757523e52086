/**
 * How long a program takes natively, by ONNX Runtime, and in WebAssembly on one thread: microseconds, fitted to measurements (docs/engine.md).
 * A native node costs the same however small it is; a loop of WebAssembly costs what its elements cost. The estimate depends on the program
 * alone, so that one program runs on one target everywhere, and a run that goes on goes on to the same bits.
 */
import { splat } from "../primitives/constant.ts";
import type { Node, Program, Tensor } from "../tensor.ts";
import { reachable } from "../walk.ts";
import { isReduction } from "./groups.ts";

interface Cost {
  readonly native: number;
  readonly wasm: number;
}

const plus = (a: Cost, b: Cost, times = 1): Cost => ({ native: a.native + b.native * times, wasm: a.wasm + b.wasm * times });

/** Primitives that one of several is made of, about. */
const composite = 6;

/** Microseconds to copy an element. */
export const copied = 5e-4;

/** What a native node costs however small it is: in a graph, and in the body of a loop. */
const alone = 0.8;
const inLoops = 0.4;

function nodeCost(node: Node, overhead: number): Cost {
  const { primitive, inputs, outputs } = node;
  if (primitive.constant || inputs.length === 0) return { native: 0, wasm: 0 };
  const elements = Math.max(...[...inputs, ...outputs].map((x) => x.size));
  const programs = primitive.wasm?.programs?.(node, () => true) ?? [];
  if (programs.length > 0) {
    const times = primitive.wasm?.steps?.(node) ?? 1;
    return programs.map((body) => programCost(body, inLoops)).reduce((sum, inner) => plus(sum, inner, times), { native: 5, wasm: 0.2 });
  }
  const native = overhead + elements * (primitive.slow ? 1e-3 : 4e-4);
  if (primitive.work) return { native: 1 + primitive.work(node) / 45_000, wasm: 0.2 + primitive.work(node) / 20_000 };
  if (primitive.view) return { native, wasm: 0 };
  if (primitive.lanes) return { native, wasm: elements * (primitive.slow ? 2e-3 : 1.5e-4) };
  if (isReduction(node) || primitive.wasm) return { native, wasm: 0.1 + elements * (isReduction(node) ? 2e-4 : 1e-3) };
  return { native: composite * native, wasm: composite * (0.1 + elements * 5e-4) };
}

/** Microseconds that these nodes take in WebAssembly, as one loop. */
export const microseconds = (nodes: readonly Node[]): number => nodes.reduce((sum, node) => sum + nodeCost(node, 0).wasm, 0);

function programCost({ inputs, outputs }: Program, overhead: number): Cost {
  const nodes = reachable(outputs, new Set(inputs.map((x) => x.node)));
  return nodes.map((node) => nodeCost(node, overhead)).reduce((sum, cost) => plus(sum, cost), { native: 0, wasm: 0 });
}

/**
 * Microseconds that a step saves if these nodes, its last, run in WebAssembly: native nodes one after another and a copy of every output, against
 * one loop and a copy of what the loop takes from the rest.
 */
export function tailGain(nodes: ReadonlySet<Node>): number {
  const made = new Set([...nodes].flatMap((node) => node.outputs));
  const inner = new Set([...nodes].flatMap((node) => node.inputs).filter((x) => made.has(x)));
  const border = new Set(
    [...nodes].flatMap((node) => node.inputs).filter((x) => !made.has(x) && splat(x) === undefined && x.node.inputs.length > 0),
  );
  const size = (xs: Iterable<Tensor>): number => [...xs].reduce((sum, x) => sum + 1 + x.size * copied, 0);
  const { native, wasm } = [...nodes].map((node) => nodeCost(node, alone)).reduce((sum, cost) => plus(sum, cost), { native: 0, wasm: 0 });
  const ends = [...made].filter((y) => !inner.has(y));
  return native + size(ends) - wasm - size(border) - 6;
}

/** Elements of all operations beyond which it is not asked. */
const large = 500_000;

/** Whether a program is so small that WebAssembly is faster by more than the estimate is wrong. */
export function isFasterInWasm(program: Program): boolean {
  const nodes = reachable(program.outputs, new Set(program.inputs.map((x) => x.node)));
  if (nodes.reduce((sum, node) => sum + Math.max(...node.outputs.map((y) => y.size)), 0) > large) return false;
  const ports = program.inputs.length + program.outputs.length;
  const start: Cost = { native: 12 + 0.7 * ports, wasm: 1 + 0.2 * ports };
  const { native, wasm } = plus(start, programCost(program, alone));
  return wasm < 0.6 * native;
}
