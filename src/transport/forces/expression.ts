/**
 * Formulas in coordinates and time as fields: numbers, names, + - * / ^, parentheses and the functions exp, log, sqrt, sin, cos, tanh, abs,
 * min, max. `-2*(pc1-1)^2 + exp(-t)*pc2`.
 */
import * as t from "../../tensor/index.ts";
import { scalar, type Tensor } from "../../tensor/index.ts";

/** A parsed formula: values of the names -> value, all of one shape. */
export type Formula = (names: Readonly<Record<string, Tensor>>) => Tensor;

const functions: Record<string, (...args: Tensor[]) => Tensor> = {
  exp: (x) => x.exp(),
  log: (x) => x.log(),
  sqrt: (x) => x.sqrt(),
  sin: (x) => x.sin(),
  cos: (x) => x.cos(),
  tanh: (x) => x.tanh(),
  abs: (x) => x.abs(),
  min: (x, y) => t.minimum(x, y),
  max: (x, y) => t.maximum(x, y),
};

/**
 * @param known  names that a formula may use
 * @throws SyntaxError  saying what was found, where, and what was expected
 */
export function parseFormula(text: string, known: readonly string[]): Formula {
  // longer names first: names of columns may hold any sign, and one may begin with another
  const names = [...known].sort((a, b) => b.length - a.length);
  let at = 0;
  const space = (): void => {
    while (/\s/.test(text[at] ?? "")) at++;
  };
  const fail = (expected: string): never => {
    const found = at < text.length ? `"${text.slice(at, at + 12)}"` : "the end";
    throw new SyntaxError(`"${text}", position ${at + 1}: expected ${expected}, found ${found}`);
  };
  const eat = (sign: string): boolean => {
    space();
    if (!text.startsWith(sign, at)) return false;
    at += sign.length;
    return true;
  };
  const sum = (): Formula => {
    let left = product();
    for (;;) {
      const before = left;
      if (eat("+")) left = binary(before, product(), (a, b) => a.add(b));
      else if (eat("-")) left = binary(before, product(), (a, b) => a.sub(b));
      else return left;
    }
  };
  const product = (): Formula => {
    let left = unary();
    for (;;) {
      const before = left;
      if (eat("*")) left = binary(before, unary(), (a, b) => a.mul(b));
      else if (eat("/")) left = binary(before, unary(), (a, b) => a.div(b));
      else return left;
    }
  };
  const unary = (): Formula => {
    if (!eat("-")) return power();
    const inner = unary();
    return (v) => inner(v).neg();
  };
  const power = (): Formula => {
    const base = atom();
    if (!eat("^")) return base;
    const negative = eat("-");
    const exponent = number() ?? fail("a number after ^");
    const n = negative ? -exponent : exponent;
    // repeated products are defined for negative bases, which general powers are not
    return (v) => (Number.isInteger(n) && n >= 1 && n <= 16 ? repeated(base(v), n) : base(v).pow(n));
  };
  const number = (): number | undefined => {
    space();
    const found = /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?/i.exec(text.slice(at))?.[0];
    if (found === undefined) return undefined;
    at += found.length;
    return Number(found);
  };
  const atom = (): Formula => {
    if (eat("(")) {
      const inner = sum();
      if (!eat(")")) fail('")"');
      return inner;
    }
    space();
    const name = names.find((n) => text.startsWith(n, at) && !/\w/.test(text[at + n.length] ?? ""));
    if (name !== undefined) {
      at += name.length;
      return (v) => v[name];
    }
    const call = Object.keys(functions).find((f) => text.startsWith(`${f}(`, at));
    if (call !== undefined) return invocation(call);
    const value = number();
    if (value === undefined) return fail(`a number, a function or one of ${known.slice(0, 8).join(", ")}${known.length > 8 ? ", …" : ""}`);
    return (v) => scalar(value, Object.values(v)[0].dtype as "f32").broadcastTo(Object.values(v)[0].shape);
  };
  const invocation = (call: string): Formula => {
    at += call.length + 1;
    const args = [sum()];
    while (eat(",")) args.push(sum());
    if (!eat(")")) fail('")"');
    const wanted = call === "min" || call === "max" ? 2 : 1;
    if (args.length !== wanted)
      throw new SyntaxError(`"${text}": ${call} takes ${wanted} ${wanted > 1 ? "values" : "value"}, not ${args.length}`);
    return (v) => functions[call](...args.map((a) => a(v)));
  };
  const formula = sum();
  space();
  if (at < text.length) fail("an operator or the end");
  return formula;
}

const binary =
  (a: Formula, b: Formula, f: (x: Tensor, y: Tensor) => Tensor): Formula =>
  (v) =>
    f(a(v), b(v));

const repeated = (x: Tensor, n: number): Tensor => (n === 1 ? x : n % 2 ? repeated(x, n - 1).mul(x) : repeated(x, n / 2).square());
