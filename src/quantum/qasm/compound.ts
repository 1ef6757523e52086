/** Statements that hold others: definitions of gates, conditions, loops. */
import { readExpression } from "./expressions.ts";
import { numeric, readNames, readOperand, readSelection, readType, supportedSubset } from "./parts.ts";
import type { Condition, Statement } from "./statements.ts";
import { type Cursor, mistake, shown } from "./tokens.ts";

/** Reads the block that follows. */
type Block = () => readonly Statement[];

export function readGate(at: Cursor, block: Block): Statement {
  const { line } = at.next();
  const name = at.name("the name of a gate").text;
  const angles = at.take("(") && !at.take(")") ? readNames(at, "a parameter") : [];
  if (angles.length > 0) at.expect(")", "behind the parameters of a gate");
  const qubits = readNames(at, "a qubit of the gate");
  if (at.peek().text !== "{") throw mistake(at.peek().line, `the body of gate ${name} is missing: found ${shown(at.peek())}`);
  return { kind: "gate", name, angles, qubits, body: block(), line };
}

export function readIf(at: Cursor, version: 2 | 3, block: Block): Statement {
  const { line } = at.next();
  at.expect("(", "behind if");
  const negated = at.take("!");
  // int[4](c), bool(c[0]): a cast changes nothing here
  const cast = numeric.has(at.peek().text);
  if (cast) {
    readType(at, version);
    at.expect("(", "behind a type");
  }
  const bits = readOperand(at, version);
  if (cast) at.expect(")", "behind what is cast");
  const { text, line: where } = at.peek();
  const compares = at.take("==") || at.take("!=");
  if (!compares && text !== ")") throw mistake(where, `conditions are ==, != or one bit, not ${shown(at.peek())}`);
  const condition: Condition = { bits, negated: negated !== (text === "!="), value: compares ? readExpression(at, version) : undefined };
  at.expect(")", "behind a condition");
  const then = block();
  return { kind: "if", condition, then, otherwise: at.take("else") ? block() : [], line };
}

export function readFor(at: Cursor, version: 2 | 3, block: Block): Statement {
  const { line } = at.next();
  if (!numeric.has(at.peek().text))
    throw mistake(line, "the variable of a for loop needs a type", `for uint ${at.peek().kind === "name" ? at.peek().text : "i"} in …`);
  readType(at, version);
  const variable = at.name("the variable of a loop").text;
  at.expect("in", "behind the variable of a loop");
  const bracket = at.take("[");
  if (!bracket && at.peek().text !== "{")
    throw mistake(at.peek().line, "loops run over constant ranges [a:b] and sets {a, b}", supportedSubset);
  const values = readSelection(at, version);
  if (bracket) at.expect("]", "behind a range");
  return { kind: "for", variable, values, body: block(), line };
}
