/** Rewriting programs by tables of rules: pattern → result. */
import { splat } from "./primitives/constant.ts";
import type { Operator } from "./primitives/elementwise.ts";
import type { MaybeTensor, Node, Params, Primitive, Tensor } from "./tensor.ts";

/**
 * What a tensor must be. "x": anything (the same name again: the same tensor). "#c": anything known to be one number everywhere. A number:
 * that number everywhere. A list: the result of a primitive on such inputs; those that are not listed may be anything. A function: what it
 * finds, with names.
 */
type Pattern = string | number | Application | ((x: Tensor, graph: Graph) => Match | undefined);
export type Application = readonly [Primitive | Operator<unknown>, ...Pattern[]];
export type Match = Readonly<Record<string, Tensor>>;

/** The program around what is matched. */
export interface Graph {
  /** Whether nothing else reads a tensor. */
  once(x: Tensor): boolean;
  /** What has become of a tensor so far. */
  at(x: Tensor): Tensor;
}

export type Rule = readonly [
  /** What it says, as an equation. */
  law: string,
  /** The pattern of a node, or a property of its primitive. */
  pattern: Application | ((primitive: Primitive) => boolean),
  /** An equal tensor, or undefined if there is none after all. */
  result: (match: Match, params: Params, inputs: readonly Tensor[], primitive: Primitive) => MaybeTensor,
];

type Applied = Pick<Node, "primitive" | "inputs" | "params">;

let without: Rule | undefined;

/** Runs f as if the tables lacked a rule: for tests that compare. */
export function withoutRule<T>(rule: Rule, f: () => T): T {
  without = rule;
  try {
    return f();
  } finally {
    without = undefined;
  }
}

/** The result of the first rule that fits a node. */
export function rewriter(rules: readonly Rule[]): (node: Applied, graph: Graph) => MaybeTensor {
  const chosen = new Map<Primitive, readonly Rule[]>();
  const rulesFor = (primitive: Primitive): readonly Rule[] => {
    let own = chosen.get(primitive);
    if (!own) {
      own = rules.filter(([, p]) => (typeof p === "function" ? p(primitive) : primitiveOf(p[0]) === primitive));
      chosen.set(primitive, own);
    }
    return own;
  };
  return ({ primitive, inputs, params }, graph) => {
    for (const rule of rulesFor(primitive)) {
      const [, pattern, result] = rule;
      const match: Record<string, Tensor> = {};
      if (rule === without || (typeof pattern !== "function" && !matchInputs(pattern, inputs, match, graph))) continue;
      const found = result(match, params, inputs.map(graph.at), primitive);
      if (found) return found;
    }
    return undefined;
  };
}

const primitiveOf = (head: Primitive | Operator<unknown>): Primitive => ("primitive" in head ? head.primitive : head);

const matchInputs = ([, ...patterns]: Application, inputs: readonly Tensor[], match: Record<string, Tensor>, graph: Graph): boolean =>
  patterns.every((p, i) => matches(p, inputs[i], match, graph));

function matches(pattern: Pattern, x: Tensor, match: Record<string, Tensor>, graph: Graph): boolean {
  if (typeof pattern === "number") return splat(x) === pattern;
  if (typeof pattern === "string") {
    const constant = pattern.startsWith("#");
    const name = constant ? pattern.slice(1) : pattern;
    match[name] ??= graph.at(x);
    return match[name] === graph.at(x) && !(constant && splat(x) === undefined);
  }
  if (typeof pattern === "function") {
    const found = pattern(x, graph);
    return found !== undefined && Boolean(Object.assign(match, found));
  }
  return x.node.primitive === primitiveOf(pattern[0]) && matchInputs(pattern, x.node.inputs, match, graph);
}
