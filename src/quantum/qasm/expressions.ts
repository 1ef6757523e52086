/** Expressions of OpenQASM: numbers, or linear in one free parameter. */
import { nearest } from "../../errors.ts";
import type { Angle } from "../circuit.ts";
import { affine } from "../operations.ts";
import { type Cursor, mistake, numberOf, shown } from "./tokens.ts";

export type Expression =
  | { readonly kind: "number"; readonly value: number; readonly line: number }
  | { readonly kind: "name"; readonly name: string; readonly line: number }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[]; readonly line: number }
  | { readonly kind: "binary"; readonly operator: string; readonly left: Expression; readonly right: Expression; readonly line: number };

/** What names stand for: angles, or whole numbers of loops. */
export type Scope = ReadonlyMap<string, Angle>;

const constants: Readonly<Record<string, number>> = {
  ...{ pi: Math.PI, π: Math.PI, tau: 2 * Math.PI, τ: 2 * Math.PI, euler: Math.E, ℇ: Math.E },
};

const functions: Readonly<Record<string, (x: number) => number>> = {
  ...{ sin: Math.sin, cos: Math.cos, tan: Math.tan, exp: Math.exp, ln: Math.log, log: Math.log, sqrt: Math.sqrt },
  ...{ arcsin: Math.asin, arccos: Math.acos, arctan: Math.atan, asin: Math.asin, acos: Math.acos, atan: Math.atan },
  ...{ floor: Math.floor, ceiling: Math.ceil, float: (x) => x, angle: (x) => x, int: Math.trunc, uint: Math.trunc, abs: Math.abs },
};

const precedence: Readonly<Record<string, number>> = { "+": 1, "-": 1, "*": 2, "/": 2, "%": 2, "^": 4, "**": 4 };

const deepest = 200;

/** Reads an expression; `version` 2 has ^ for powers, 3 has **. */
export function readExpression(at: Cursor, version: 2 | 3, depth = 0, above = 0): Expression {
  const { line } = at.peek();
  if (depth > deepest) throw mistake(line, `an expression is nested more than ${deepest} deep`);
  let left: Expression;
  // a sign binds weaker than a power: -2 ** 2 is -4
  if (at.take("-")) left = { kind: "binary", operator: "-", left: zero(line), right: readExpression(at, version, depth + 1, 2), line };
  else if (at.take("+")) left = readExpression(at, version, depth + 1, 2);
  else left = readPrimary(at, version, depth);
  for (;;) {
    const { text, line, kind } = at.peek();
    const strength = kind === "symbol" ? precedence[text] : undefined;
    if (strength === undefined || strength <= above) return left;
    if ((text === "^") !== (version === 2) && strength === 4)
      throw mistake(line, `powers are written ${version === 2 ? "^" : "**"} in OpenQASM ${version}, not ${text}`);
    at.next();
    // powers lead to the right, the rest to the left
    left = { kind: "binary", operator: text, left, right: readExpression(at, version, depth + 1, strength === 4 ? 3 : strength), line };
  }
}

const zero = (line: number): Expression => ({ kind: "number", value: 0, line });

function readPrimary(at: Cursor, version: 2 | 3, depth: number): Expression {
  const token = at.next();
  const { line, text } = token;
  if (token.kind === "number") return { kind: "number", value: numberOf(token), line };
  if (text === "(" && token.kind === "symbol") {
    const inner = readExpression(at, version, depth + 1);
    at.expect(")", "behind an expression");
    return inner;
  }
  if (token.kind !== "name") throw mistake(line, `an expression is missing: found ${shown(token)}`);
  // float[64](x): the width decides nothing here
  if (at.peek().text === "[" && text in functions) {
    at.next();
    readExpression(at, version, depth + 1);
    at.expect("]", "behind the width of a type");
  }
  if (!at.take("(")) return { kind: "name", name: text, line };
  const args: Expression[] = [];
  do args.push(readExpression(at, version, depth + 1));
  while (at.take(","));
  at.expect(")", `behind the arguments of ${text}`);
  return { kind: "call", name: text, args, line };
}

/** The angle that an expression is. @throws UserError  with its line */
export function evaluate(expression: Expression, scope: Scope): Angle {
  const { line } = expression;
  if (expression.kind === "number") return expression.value;
  if (expression.kind === "name") {
    const found = scope.get(expression.name) ?? (Object.hasOwn(constants, expression.name) ? constants[expression.name] : undefined);
    if (found !== undefined) return found;
    const guess = nearest(expression.name, [...scope.keys(), ...Object.keys(constants)]);
    throw mistake(line, `"${expression.name}" has not been declared`, guess && `did you mean ${guess}?`);
  }
  if (expression.kind === "call") {
    const { name, args } = expression;
    const values = args.map((arg) => number(evaluate(arg, scope), line, `${name} of a free parameter`));
    if (["pow", "mod"].includes(name) && values.length === 2)
      return finite(name === "pow" ? values[0] ** values[1] : values[0] % values[1], line, name);
    if (!Object.hasOwn(functions, name))
      throw mistake(line, `there is no function "${name}"`, `there are ${Object.keys(functions).join(", ")}`);
    if (values.length !== 1) throw mistake(line, `${name} takes one number, not ${values.length}`);
    return finite(functions[name](values[0]), line, name);
  }
  const [a, b] = [evaluate(expression.left, scope), evaluate(expression.right, scope)];
  const { operator } = expression;
  if (operator === "+" || operator === "-") return plus(a, affine(b, operator === "+" ? 1 : -1), line);
  if (operator === "*" && typeof a === "number") return checked(affine(b, a), line, "*");
  const right = number(b, line, operator === "*" ? "a product of free parameters" : `${operator} with a free parameter on its right`);
  if (operator === "*") return checked(affine(a, right), line, "*");
  if (operator === "/") return checked(affine(a, 1 / right), line, "/");
  const left = number(a, line, `${operator} of a free parameter`);
  return finite(operator === "%" ? left % right : left ** right, line, operator);
}

/** The sum of two angles, which may depend on one free parameter. */
export function plus(a: Angle, b: Angle, line: number): Angle {
  if (typeof a === "number") return checked(affine(b, 1, a), line, "+");
  if (typeof b === "number") return checked(affine(a, 1, b), line, "+");
  if (a.parameter !== b.parameter)
    throw mistake(line, "an angle depends on two free parameters", "give one of them a number: --parameters name=value");
  const factor = (a.factor ?? 1) + (b.factor ?? 1);
  const offset = (a.offset ?? 0) + (b.offset ?? 0);
  return factor === 0 ? offset : { parameter: a.parameter, factor, offset };
}

function number(value: Angle, line: number, what: string): number {
  if (typeof value === "number") return value;
  throw mistake(line, `${what}: angles are linear in one free parameter`, "give it a number: --parameters name=value");
}

function finite(value: number, line: number, what: string): number {
  if (Number.isFinite(value)) return value;
  throw mistake(line, `${what} gives ${value}, not a finite number`);
}

const checked = (value: Angle, line: number, what: string): Angle => {
  if (typeof value === "number") return finite(value, line, what);
  finite(value.factor ?? 1, line, what);
  finite(value.offset ?? 0, line, what);
  return value;
};

/** A whole number. */
export function whole(expression: Expression, scope: Scope, what: string): number {
  const value = evaluate(expression, scope);
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  throw mistake(expression.line, `${what} is ${typeof value === "number" ? value : "a free parameter"}, not a whole number`);
}
