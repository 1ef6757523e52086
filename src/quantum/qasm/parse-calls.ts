/** Calls of gates with their modifiers, and measurements as assignments. */
import { readExpression } from "./expressions.ts";
import { readList, readMeasured, readOperands, readSelection, supportedSubset } from "./parts.ts";
import type { Modifier, Statement } from "./statements.ts";
import { type Cursor, mistake } from "./tokens.ts";

export function readCallOrAssignment(at: Cursor, version: 2 | 3): Statement {
  const { line } = at.peek();
  const modifiers: Modifier[] = [];
  for (;;) {
    const { text } = at.peek();
    if (text !== "ctrl" && text !== "negctrl" && text !== "inv" && text !== "pow") break;
    at.next();
    const argument = at.take("(") ? readExpression(at, version) : undefined;
    if (argument) at.expect(")", `behind the number of ${text}`);
    at.expect("@", `behind ${text}`);
    modifiers.push({ kind: text, argument });
  }
  const { text: name, line: where } = at.name("the name of a gate");
  const following = at.peek().text;
  if (modifiers.length === 0 && (following === "=" || following === "[")) return readAssignment(at, version, name, where);
  const angles = at.take("(") && !at.take(")") ? readList(at, version) : [];
  if (angles.length > 0) at.expect(")", `behind the angles of ${name}`);
  const operands = at.peek().text === ";" ? [] : readOperands(at, version);
  at.expect(";", "at the end of a statement");
  return { kind: "call", modifiers, name, angles, operands, line };
}

/** c = measure q; */
function readAssignment(at: Cursor, version: 2 | 3, name: string, line: number): Statement {
  const selection = at.take("[") ? readSelection(at, version) : undefined;
  if (selection) at.expect("]", "behind an index");
  at.expect("=", `behind ${name}`);
  if (at.peek().text !== "measure") throw mistake(line, `${name} is assigned; only measurements are`, supportedSubset);
  const from = readMeasured(at, version);
  at.expect(";", "at the end of a statement");
  return { kind: "measure", from, to: { name, selection, line }, line };
}
