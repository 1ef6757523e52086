/** From a traced program to one of primitives that the target has: composites are expanded, aliases dropped, equal nodes merged once more. */
import { apply, withRounding } from "./primitive.ts";
import type { Node, Target, Tensor } from "./tensor.ts";
import { type Program, reachable } from "./walk.ts";

export function lower({ inputs, outputs }: Program, target: Target = "onnx"): Program {
  const value = new Map<Tensor, Tensor>();
  const final = new Set<Node>(inputs.map((t) => t.node));
  const at = (x: Tensor): Tensor => value.get(x) ?? x;
  const visit = (tensors: readonly Tensor[]): Tensor[] => {
    for (const node of reachable(tensors, final)) {
      if (final.has(node) || node.outputs.every((y) => value.has(y))) continue;
      const xs = node.inputs.map(at);
      const expanded = node.primitive.expand?.(xs, node.params, target);
      let results: readonly Tensor[];
      if (expanded) results = visit(expanded);
      else if (xs.every((x, i) => x === node.inputs[i])) results = node.outputs;
      else {
        results = apply(node.primitive, xs, node.params);
        // A simplification may have brought in new composites.
        if (results.some((y) => y.node.primitive !== node.primitive)) results = visit(results);
      }
      for (const y of results) final.add(y.node);
      node.outputs.forEach((y, i) => value.set(y, results[i]));
    }
    return tensors.map(at);
  };
  return { inputs, outputs: withRounding(undefined, () => visit(outputs)) };
}
