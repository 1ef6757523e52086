/** OpenQASM 2 and 3 as statements. */

import { readFor, readGate, readIf } from "./compound.ts";
import { readExpression } from "./expressions.ts";
import { readCallOrAssignment } from "./parse-calls.ts";
import { numeric, readMeasured, readOperand, readOperands, readSize, readType, supportedSubset } from "./parts.ts";
import type { Statement } from "./statements.ts";
import { type Cursor, cursor, mistake, numberOf, shown, type Token, tokensOf } from "./tokens.ts";

export interface Program {
  readonly version: 2 | 3;
  /** Whether the file says its version. */
  readonly said: boolean;
  readonly statements: readonly Statement[];
}

const words3 = new Set([
  "qubit",
  "bit",
  "input",
  "for",
  "ctrl",
  "negctrl",
  "inv",
  "gphase",
  "let",
  "const",
  "while",
  "switch",
  "def",
  "int",
  "float",
]);
const unsupported: Readonly<Record<string, string>> = {
  ...{
    while: "while loops",
    switch: "switches",
    def: "subroutines",
    extern: "extern functions",
    cal: "calibrations",
    defcal: "calibrations",
  },
  ...{ defcalgrammar: "calibrations", box: "box", delay: "delays", duration: "durations", stretch: "durations", output: "outputs" },
  ...{
    array: "arrays",
    complex: "complex numbers",
    return: "subroutines",
    break: "break",
    continue: "continue",
    end: "end",
    durationof: "durations",
  },
};
const deepest = 100;

/** @throws UserError  with a line */
export function parseProgram(text: string): Program {
  const tokens = tokensOf(text);
  const at = cursor(tokens);
  const said = at.peek().text === "OPENQASM";
  const version = said ? readVersion(at) : guessedVersion(tokens);
  const statements: Statement[] = [];
  while (at.peek().kind !== "end") statements.push(...readStatement(at, version, 0));
  return { version, said, statements };
}

function readVersion(at: Cursor): 2 | 3 {
  at.next();
  const token = at.next();
  const major = token.kind === "number" ? Math.floor(numberOf(token)) : 0;
  if (major !== 2 && major !== 3) throw mistake(token.line, `OpenQASM ${token.text} is not known`, "versions 2.0 and 3.x are read");
  at.expect(";", "behind the version");
  return major;
}

/** Old words alone, or the old header, tell of version 2. */
function guessedVersion(tokens: readonly Token[]): 2 | 3 {
  if (tokens.some(({ kind, text }) => kind === "string" && text.includes("qelib1.inc"))) return 2;
  if (tokens.some(({ kind, text }) => kind === "name" && words3.has(text))) return 3;
  return tokens.some(({ text }) => text === "qreg" || text === "creg") ? 2 : 3;
}

/** A statement, or the several that it stands for. */
function readStatement(at: Cursor, version: 2 | 3, depth: number): readonly Statement[] {
  const token = at.peek();
  const { text, line } = token;
  if (depth > deepest) throw mistake(line, `blocks are nested more than ${deepest} deep`);
  if (at.take(";")) return [];
  if (token.kind !== "name") throw mistake(line, `a statement is missing: found ${shown(token)}`);
  if (version === 2 && words3.has(text))
    throw mistake(line, `"${text}" belongs to OpenQASM 3, and the file is OpenQASM 2`, "OPENQASM 3.0; as the first line");
  if (Object.hasOwn(unsupported, text)) throw mistake(line, `${unsupported[text]} are not simulated`, supportedSubset);
  if (text === "pragma" || text.startsWith("#")) throw mistake(line, "pragmas are not simulated", supportedSubset);
  const block = (): readonly Statement[] => readBlock(at, version, depth);
  const end = (): void => void at.expect(";", "at the end of a statement");
  switch (text) {
    case "OPENQASM":
      throw mistake(line, "the version stands on the first line only");
    case "include": {
      at.next();
      const file = at.next();
      if (file.kind !== "string") throw mistake(file.line, "include needs the name of a file in quotes");
      end();
      return [{ kind: "include", file: file.text.slice(1, -1), line }];
    }
    case "qreg":
    case "creg": {
      at.next();
      const name = at.name("the name of a register").text;
      const size = readSize(at, version);
      end();
      return [{ kind: text === "qreg" ? "qubits" : "bits", name, size, line }];
    }
    case "qubit":
    case "bit": {
      at.next();
      const size = readSize(at, version);
      const name = at.name("the name of a register").text;
      const from = text === "bit" && at.take("=") ? readMeasured(at, version) : undefined;
      end();
      return [text === "qubit" ? { kind: "qubits", name, size, line } : { kind: "bits", name, size, from, line }];
    }
    case "input":
      at.next();
      if (!numeric.has(at.peek().text)) throw mistake(line, `inputs are numbers: float, angle or int, not ${shown(at.peek())}`);
      readType(at, version);
      return [finished({ kind: "input", name: at.name("the name of an input").text, line })];
    case "const":
    case "float":
    case "angle":
    case "int":
    case "uint":
    case "bool": {
      at.take("const");
      readType(at, version);
      const name = at.name("the name of a number").text;
      at.expect("=", `behind ${name}: only numbers with a value are known`);
      return [finished({ kind: "constant", name, value: readExpression(at, version), line })];
    }
    case "gate":
      return [readGate(at, block)];
    case "opaque": {
      at.next();
      const { text: name } = at.name("the name of a gate");
      while (at.peek().text !== ";" && at.peek().kind !== "end") at.next();
      return [finished({ kind: "opaque", name, line })];
    }
    case "let": {
      at.next();
      const name = at.name("the name of an alias").text;
      at.expect("=", `behind ${name}`);
      const operands = [readOperand(at, version)];
      while (at.take("++")) operands.push(readOperand(at, version));
      return [finished({ kind: "alias", name, operands, line })];
    }
    case "measure": {
      const from = readMeasured(at, version);
      const to = at.take("->") ? readOperand(at, version) : undefined;
      return [finished({ kind: "measure", from, to, line })];
    }
    case "reset":
    case "barrier":
      at.next();
      return [finished({ kind: text, operands: at.peek().text === ";" ? [] : readOperands(at, version), line })];
    case "if":
      return [readIf(at, version, block)];
    case "for":
      return [readFor(at, version, block)];
  }
  return [readCallOrAssignment(at, version)];

  function finished(statement: Statement): Statement {
    end();
    return statement;
  }
}

function readBlock(at: Cursor, version: 2 | 3, depth: number): readonly Statement[] {
  const { line } = at.peek();
  if (!at.take("{")) return readStatement(at, version, depth + 1);
  const body: Statement[] = [];
  while (!at.take("}")) {
    if (at.peek().kind === "end") throw mistake(line, "a block is not closed", "end it with }");
    body.push(...readStatement(at, version, depth + 1));
  }
  return body;
}
