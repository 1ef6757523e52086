/** Rewriting programs by tables of rules: pattern → result. */
import { splat } from "./primitives/constant.ts";
import type { Operator } from "./primitives/elementwise.ts";
import type { MaybeTensor, Params, Primitive, Tensor } from "./tensor.ts";

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
  /** How many read a tensor. */
  uses(x: Tensor): number;
  /** What has become of a tensor so far. */
  at(x: Tensor): Tensor;
}

export type Rule = readonly [
  /** What it says, as an equation. */
  law: string,
  /** The pattern of a node, or a property of its primitive. */
  pattern: Application | ((primitive: Primitive) => boolean),
  /** An equal tensor, or undefined if there is none after all. */
  result: (match: Match, params: Params, inputs: readonly Tensor[], primitive: Primitive, graph: Graph) => MaybeTensor,
];

type Rewriter = (primitive: Primitive, inputs: readonly Tensor[], params: Params, graph: Graph) => MaybeTensor;

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

/** A program of which nothing has changed, whose tensors may all be rewritten. */
export const unchanged: Graph = { uses: () => 1, at: (x) => x };

const nothing: Record<string, Tensor> = {};

/** The result of the first rule that fits a primitive and its inputs. */
export function rewriter(rules: readonly Rule[]): Rewriter {
  const prepared = rules.map((rule) => ({ rule, fits: headOf(rule[1]), tests: typeof rule[1] === "function" ? [] : testsOf(rule[1]) }));
  const chosen = new Map<Primitive, typeof prepared>();
  return (primitive, inputs, params, graph) => {
    let own = chosen.get(primitive);
    if (!own) chosen.set(primitive, (own = prepared.filter(({ fits }) => fits(primitive))));
    if (own.length === 0) return undefined;
    const now = graph === unchanged ? inputs : inputs.map(graph.at);
    for (const { rule, tests } of own) {
      const match: Record<string, Tensor> = tests.length ? {} : nothing;
      if (rule === without || !all(tests, inputs, match, graph)) continue;
      const found = rule[2](match, params, now, primitive, graph);
      if (found) return found;
    }
    return undefined;
  };
}

const primitiveOf = (head: Primitive | Operator<unknown>): Primitive => ("primitive" in head ? head.primitive : head);

function headOf(pattern: Rule[1]): (primitive: Primitive) => boolean {
  if (typeof pattern === "function") return pattern;
  const wanted = primitiveOf(pattern[0]);
  return (primitive) => primitive === wanted;
}

/** Whether a tensor fits a pattern; names that it binds are put into the match. */
type Test = (x: Tensor, match: Record<string, Tensor>, graph: Graph) => boolean;
interface InputTest {
  readonly at: number;
  readonly test: Test;
}

/** The tests of some inputs. Most rules fail, so what takes any tensor comes last. */
const testsOf = ([, ...inputs]: Application): InputTest[] => {
  const takesAny = (p: Pattern): number => Number(typeof p === "string" && !p.startsWith("#"));
  const order = inputs.map((p, at) => ({ p, at })).sort((a, b) => takesAny(a.p) - takesAny(b.p));
  return order.map(({ p, at }) => ({ at, test: testOf(p) }));
};

function testOf(pattern: Pattern): Test {
  if (typeof pattern === "number") return (x) => splat(x) === pattern;
  if (typeof pattern === "function")
    return (x, match, graph) => {
      const found = pattern(x, graph);
      return found !== undefined && Boolean(Object.assign(match, found));
    };
  if (typeof pattern === "string") {
    const constant = pattern.startsWith("#");
    const name = constant ? pattern.slice(1) : pattern;
    return (x, match, graph) => {
      if (constant && splat(x) === undefined) return false;
      match[name] ??= graph.at(x);
      return match[name] === graph.at(x);
    };
  }
  const fits = headOf(pattern);
  const tests = testsOf(pattern);
  return ({ node }, match, graph) => fits(node.primitive) && all(tests, node.inputs, match, graph);
}

function all(tests: readonly InputTest[], inputs: readonly Tensor[], match: Record<string, Tensor>, graph: Graph): boolean {
  for (const { at, test } of tests) if (!test(inputs[at], match, graph)) return false;
  return true;
}
