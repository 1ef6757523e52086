/** Choices of branches as choices of elements: for branches that are no more than what a loop over elements does by the way. */
import { lower } from "./lower.ts";
import { apply, withRounding } from "./primitive.ts";
import { where } from "./primitives/arithmetic.ts";
import { type Branches, condPrimitive } from "./primitives/cond.ts";
import type { Node, Program, Tensor } from "./tensor.ts";
import { reachable, substitute } from "./walk.ts";
import { isReduction } from "./wasm/groups.ts";

/** Elementwise nodes, and views, which are read in place by what comes after them. */
export const isLoop = ({ primitive: { elementwise, lanes, view } }: Node): boolean => Boolean((elementwise && lanes) || view);

/** Whether a node is a choice between branches that do nothing but pass over their operands. */
export function choosesPasses({ primitive, params }: Node): boolean {
  if (primitive !== condPrimitive) return false;
  const { yes, no }: Branches = params;
  return [yes, no].every((branch) => {
    const { inputs, outputs } = lower(branch, "wasm");
    const given = new Set(inputs.map((x) => x.node));
    return reachable(outputs, given).every((node) => given.has(node) || node.primitive.constant || isLoop(node) || isReduction(node));
  });
}

/** The program in which, of the choices among some nodes, both branches are computed and their elements chosen. */
export function withoutBranches({ inputs, outputs }: Program, nodes: ReadonlySet<Node>): Program {
  const value = new Map<Tensor, Tensor>();
  const at = (x: Tensor): Tensor => value.get(x) ?? x;
  for (const node of reachable(outputs, new Set(inputs.map((x) => x.node)))) {
    const xs = node.inputs.map(at);
    const made = (): readonly Tensor[] => {
      if (node.primitive === condPrimitive && nodes.has(node)) return chosen(xs, node.params);
      return xs.every((x, i) => x === node.inputs[i]) ? node.outputs : apply(node.primitive, xs, node.params);
    };
    const results = withRounding(node.rounding, made);
    node.outputs.forEach((y, i) => value.set(y, results[i]));
  }
  return { inputs, outputs: outputs.map(at) };
}

function chosen([test, ...xs]: readonly Tensor[], { yes, no }: Branches): Tensor[] {
  const [a, b] = [yes, no].map((branch) => substitute(branch.inputs, branch.outputs, xs));
  return a.map((y, i) => where(test, y, b[i]));
}
