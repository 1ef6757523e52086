/**
 * Formulas as programs, such as fields in coordinates and time: numbers, names, + - * / ^, parentheses and the functions exp, log, sqrt, sin, cos, tanh, abs,
 * min, max. `-2*(pc1-1)^2 + exp(-t)*pc2`.
 */
import "./methods.ts";
import { maximum, minimum } from "./primitives/arithmetic.ts";
import { scalar } from "./primitives/constant.ts";
import type { Tensor } from "./tensor.ts";

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
  min: (x, y) => minimum(x, y),
  max: (x, y) => maximum(x, y),
};

/** A text that is read from left to right, and the names that may occur in it. */
interface Reader {
  readonly text: string;
  readonly known: readonly string[];
  at: number;
}

/**
 * The formula of a text.
 *
 * @param known  names that it may use
 * @throws SyntaxError  saying what was found, where, and what was expected
 */
export function parseFormula(text: string, known: readonly string[]): Formula {
  const reader = { text, known, at: 0 };
  const formula = sum(reader);
  space(reader);
  if (reader.at < text.length) fail(reader, "an operator or the end");
  return formula;
}

function fail({ text, at }: Reader, expected: string): never {
  const found = at < text.length ? `"${text.slice(at, at + 12)}"` : "the end";
  throw new SyntaxError(`"${text}", position ${at + 1}: expected ${expected}, found ${found}`);
}

function space(r: Reader): void {
  while (/\s/.test(r.text[r.at] ?? "")) r.at++;
}

/** Reads a sign, if it comes next. */
function eat(r: Reader, sign: string): boolean {
  space(r);
  if (!r.text.startsWith(sign, r.at)) return false;
  r.at += sign.length;
  return true;
}

/** product, then + product or - product */
function sum(r: Reader): Formula {
  let left = product(r);
  for (;;) {
    const before = left;
    if (eat(r, "+")) left = binary(before, product(r), (a, b) => a.add(b));
    else if (eat(r, "-")) left = binary(before, product(r), (a, b) => a.sub(b));
    else return left;
  }
}

/** unary, then * unary or / unary */
function product(r: Reader): Formula {
  let left = unary(r);
  for (;;) {
    const before = left;
    if (eat(r, "*")) left = binary(before, unary(r), (a, b) => a.mul(b));
    else if (eat(r, "/")) left = binary(before, unary(r), (a, b) => a.div(b));
    else return left;
  }
}

/** - unary, or power */
function unary(r: Reader): Formula {
  if (!eat(r, "-")) return power(r);
  const inner = unary(r);
  return (v) => inner(v).neg();
}

/** atom, or atom ^ number */
function power(r: Reader): Formula {
  const base = atom(r);
  if (!eat(r, "^")) return base;
  const negative = eat(r, "-");
  const exponent = number(r) ?? fail(r, "a number after ^");
  const n = negative ? -exponent : exponent;
  // repeated products are defined for negative bases, which general powers are not
  return (v) => (Number.isInteger(n) && n >= 1 && n <= 16 ? repeated(base(v), n) : base(v).pow(n));
}

function number(r: Reader): number | undefined {
  space(r);
  const found = /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?/i.exec(r.text.slice(r.at))?.[0];
  if (found === undefined) return undefined;
  r.at += found.length;
  return Number(found);
}

/** ( sum ), a name, a function of sums, or a number */
function atom(r: Reader): Formula {
  if (eat(r, "(")) {
    const inner = sum(r);
    if (!eat(r, ")")) fail(r, '")"');
    return inner;
  }
  space(r);
  const { text, known, at } = r;
  // longer names first: names of columns may hold any sign, and one may begin with another
  const names = [...known].sort((a, b) => b.length - a.length);
  const name = names.find((n) => text.startsWith(n, at) && !/\w/.test(text[at + n.length] ?? ""));
  if (name !== undefined) {
    r.at += name.length;
    return (v) => v[name];
  }
  const call = Object.keys(functions).find((f) => text.startsWith(`${f}(`, at));
  if (call !== undefined) return invocation(r, call);
  const value = number(r);
  if (value === undefined) return fail(r, `a number, a function or one of ${known.slice(0, 8).join(", ")}${known.length > 8 ? ", …" : ""}`);
  return (v) => scalar(value, Object.values(v)[0].dtype).broadcastTo(Object.values(v)[0].shape);
}

function invocation(r: Reader, call: string): Formula {
  r.at += call.length + 1;
  const args = [sum(r)];
  while (eat(r, ",")) args.push(sum(r));
  if (!eat(r, ")")) fail(r, '")"');
  const wanted = call === "min" || call === "max" ? 2 : 1;
  if (args.length !== wanted)
    throw new SyntaxError(`"${r.text}": ${call} takes ${wanted} ${wanted > 1 ? "values" : "value"}, not ${args.length}`);
  return (v) => functions[call](...args.map((a) => a(v)));
}

const binary =
  (a: Formula, b: Formula, f: (x: Tensor, y: Tensor) => Tensor): Formula =>
  (v) =>
    f(a(v), b(v));

const repeated = (x: Tensor, n: number): Tensor => (n === 1 ? x : n % 2 ? repeated(x, n - 1).mul(x) : repeated(x, n / 2).square());
