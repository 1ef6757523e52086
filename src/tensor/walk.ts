/** Walking programs: the nodes between some tensors and others, and rebuilding them elsewhere. */
import { apply, withRounding } from "./primitive.ts";
import { fresh } from "./primitives/constant.ts";
import type { Node, Program, Tensor } from "./tensor.ts";

export type { Program } from "./tensor.ts";

/** All nodes that `outputs` need, in an order in which inputs come first (nodes are numbered as they are made). Stops at `leaves`. */
export function reachable(outputs: readonly Tensor[], leaves: ReadonlySet<Node> = new Set(), oldest = -1): Node[] {
  const seen = new Set<Node>();
  const stack = outputs.map((t) => t.node);
  while (stack.length) {
    const node = stack.pop() as Node;
    if (seen.has(node) || node.id < oldest) continue;
    seen.add(node);
    if (!leaves.has(node)) for (const x of node.inputs) stack.push(x.node);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}

/** The nodes on paths from `inputs` to `outputs`, in order. Inputs must be outputs of nodes of their own (aliases or placeholders). */
export function between(inputs: readonly Tensor[], outputs: readonly Tensor[]): Node[] {
  const sources = new Set(inputs.map((t) => t.node));
  const oldest = Math.min(...inputs.map((t) => t.node.id));
  const touched = new Set<Node>(sources);
  const path: Node[] = [];
  for (const node of reachable(outputs, sources, oldest)) {
    if (sources.has(node) || !node.inputs.some((x) => touched.has(x.node))) continue;
    touched.add(node);
    path.push(node);
  }
  return path;
}

/** The program from `inputs` to `outputs`, applied to other inputs. */
export function substitute(inputs: readonly Tensor[], outputs: readonly Tensor[], replacements: readonly Tensor[]): Tensor[] {
  const value = new Map<Tensor, Tensor>(inputs.map((x, i) => [x, replacements[i]]));
  const at = (x: Tensor): Tensor => value.get(x) ?? x;
  for (const node of between(inputs, outputs)) {
    const results = withRounding(node.rounding, () => apply(node.primitive, node.inputs.map(at), node.params));
    node.outputs.forEach((y, i) => value.set(y, results[i]));
  }
  return outputs.map(at);
}

/** Tensors outside the program from `inputs` to `outputs` that it uses: its closure. Constants stay where they are. */
export function captured(inputs: readonly Tensor[], outputs: readonly Tensor[]): Tensor[] {
  const path = new Set(between(inputs, outputs));
  const sources = new Set(inputs);
  const free = new Set<Tensor>();
  const consider = (x: Tensor): void => {
    if (!sources.has(x) && !path.has(x.node) && !x.node.primitive.constant) free.add(x);
  };
  for (const node of path) node.inputs.forEach(consider);
  outputs.forEach(consider);
  return [...free];
}

/** The program with tensors that it uses from outside as further inputs. */
export function closed({ inputs, outputs }: Program, closure: readonly Tensor[]): Program {
  if (closure.length === 0) return { inputs, outputs };
  const all = [...inputs, ...closure.map(fresh)];
  return { inputs: all, outputs: substitute([...inputs, ...closure], outputs, all) };
}
