/** Parts of statements: operands, selections, types. */
import { type Expression, readExpression } from "./expressions.ts";
import type { Operand, Selection } from "./statements.ts";
import { type Cursor, mistake } from "./tokens.ts";

/** Types whose values are numbers. */
export const numeric = new Set(["float", "angle", "int", "uint", "bool"]);

export const supportedSubset =
  "known are registers, gates and their definitions, ctrl, inv and pow, for over ranges, if on measured bits, input, const, let, measure, reset, barrier";

export function readType(at: Cursor, version: 2 | 3): void {
  const { text, line } = at.next();
  if (!numeric.has(text)) throw mistake(line, `"${text}" is not a type of number: float, angle, int, uint or bool`);
  readSize(at, version);
}

export function readSize(at: Cursor, version: 2 | 3): Expression | undefined {
  if (!at.take("[")) return undefined;
  const size = readExpression(at, version);
  at.expect("]", "behind a size");
  return size;
}

export function readMeasured(at: Cursor, version: 2 | 3): Operand {
  at.expect("measure", "before what is measured");
  return readOperand(at, version);
}

export function readOperand(at: Cursor, version: 2 | 3): Operand {
  const { text, line } = at.name("a register");
  if (text.startsWith("$")) throw mistake(line, "hardware qubits are not simulated", "declare a register: qubit[n] q;");
  if (!at.take("[")) return { name: text, line };
  const selection = readSelection(at, version);
  at.expect("]", "behind an index");
  return { name: text, selection, line };
}

export function readSelection(at: Cursor, version: 2 | 3): Selection {
  if (at.take("{")) {
    const set = readList(at, version);
    at.expect("}", "behind a set");
    return { kind: "some", at: set, set: true };
  }
  const start = at.peek().text === ":" ? undefined : readExpression(at, version);
  if (!at.take(":")) return { kind: "some", at: start ? [start] : [], set: false };
  const second = at.peek().text === "]" ? undefined : readExpression(at, version);
  if (!at.take(":")) return { kind: "range", start, stop: second };
  return { kind: "range", start, step: second, stop: at.peek().text === "]" ? undefined : readExpression(at, version) };
}

export function readList(at: Cursor, version: 2 | 3): readonly Expression[] {
  const list = [readExpression(at, version)];
  while (at.take(",")) list.push(readExpression(at, version));
  return list;
}

export function readOperands(at: Cursor, version: 2 | 3): readonly Operand[] {
  const operands = [readOperand(at, version)];
  while (at.take(",")) operands.push(readOperand(at, version));
  return operands;
}

export function readNames(at: Cursor, what: string): readonly string[] {
  const names = [at.name(what).text];
  while (at.take(",")) names.push(at.name(what).text);
  return names;
}
