/**
 * OpenQASM 2 and 3 as a circuit. Bits that were measured may decide on later gates: a measured qubit that is not disturbed afterwards
 * controls them just as its bit does (deferred measurement), so that the probabilities at the end are the same.
 */
import type { Angle, Circuit, Gate } from "../circuit.ts";
import { defined, expand, gateTable, loopValues, under } from "./calls.ts";
import { controlsOf, disturbed } from "./conditions.ts";
import { evaluate, type Scope, whole } from "./expressions.ts";
import { builtIn, libraries } from "./library.ts";
import { parseProgram } from "./parse.ts";
import { bitsOf, qubitsOf, type Registers } from "./registers.ts";
import type { Statement } from "./statements.ts";
import { mistake } from "./tokens.ts";
import type { Piece } from "./unitary.ts";

export interface QasmCircuit {
  readonly circuit: Circuit;
  readonly version: 2 | 3;
  /** "q[0]", … in the order of declaration: qubit j of the circuit. */
  readonly names: readonly string[];
  /** Free parameters by number. */
  readonly inputs: readonly string[];
  /** Which qubit a bit holds the measurement of. */
  readonly measured: readonly { readonly bit: string; readonly qubit: number }[];
  /** What was assumed, left out or is odd. */
  readonly notes: readonly string[];
}

/** Most qubits that a file may declare. */
const mostDeclared = 4096;

/**
 * @param values  numbers for inputs; those without stay free parameters
 * @throws UserError  with the line of what is wrong or cannot be simulated
 */
export function readQasm(text: string, values: Readonly<Record<string, number>> = {}): QasmCircuit {
  const { version, said, statements } = parseProgram(text);
  const notes: string[] = said ? [] : [`the file does not say its version: read as OpenQASM ${version}`];
  const gates = gateTable();
  for (const [name, gate] of Object.entries(builtIn[version])) gates.known.set(name, gate);
  const scope = new Map<string, Angle>();
  const registers: Registers = { qubits: new Map(), bits: new Map(), measured: new Map() };
  const [names, inputs, made]: [string[], string[], Gate[]] = [[], [], []];
  const measuredIn = new Map<number, number>();
  const touched = new Set<number>();

  const declare = (name: string, line: number): void => {
    if (registers.qubits.has(name) || registers.bits.has(name) || scope.has(name)) throw mistake(line, `"${name}" is declared twice`);
  };
  /** A piece at the top: phases of everything are dropped. `deferred` are controls that stand for measured bits. */
  const emit = (piece: Piece, deferred: ReadonlySet<number>): void => {
    for (const qubit of disturbed(piece)) {
      const line = measuredIn.get(qubit);
      if (line !== undefined && !deferred.has(qubit))
        throw mistake(
          piece.line,
          `${names[qubit]} is acted on after its measurement in line ${line}`,
          "measure at the end, or only control by measured bits",
        );
    }
    for (const qubit of piece.qubits) touched.add(qubit);
    if (piece.name !== "gphase") made.push({ name: piece.name, qubits: piece.qubits, angles: piece.angles });
  };

  const measure = (statement: Extract<Statement, { kind: "measure" }>): void => {
    const { qubits } = qubitsOf(registers, statement.from, scope);
    const bits = statement.to && bitsOf(registers, statement.to, scope);
    if (bits && bits.length !== qubits.length)
      throw mistake(statement.line, `${qubits.length} qubits are measured into ${bits.length} bits`);
    qubits.forEach((qubit, i) => {
      measuredIn.set(qubit, statement.line);
      if (bits) registers.measured.set(bits[i], qubit);
    });
  };

  const perform = (statement: Statement, inner: Scope, top: boolean): void => {
    const { line } = statement;
    switch (statement.kind) {
      case "call":
        for (const piece of expand(statement, gates, inner, registers)) emit(piece, new Set());
        return;
      case "for":
        for (const value of loopValues(statement.values, inner, line)) {
          gates.spend(1, line);
          for (const each of statement.body) perform(each, new Map([...inner, [statement.variable, value]]), false);
        }
        return;
      case "if": {
        for (const [branch, when] of [
          [statement.then, true],
          [statement.otherwise, false],
        ] as const) {
          if (branch.length === 0) continue;
          const controls = controlsOf(statement.condition, when, registers, inner, notes, line);
          if (!controls) continue;
          const list = controls.reduce<readonly Piece[]>((pieces, { qubit, value }) => under(qubit, value, pieces), gatesOf(branch, inner));
          gates.spend(list.length, line);
          for (const piece of list) emit(piece, new Set(controls.map(({ qubit }) => qubit)));
        }
        return;
      }
      case "measure":
        measure(statement);
        return;
      case "barrier":
        for (const operand of statement.operands) qubitsOf(registers, operand, inner);
        return;
      case "reset":
        for (const operand of statement.operands)
          for (const qubit of qubitsOf(registers, operand, inner).qubits)
            if (touched.has(qubit))
              throw mistake(line, `${names[qubit]} is reset after gates`, "resets are read where a qubit is still |0>");
        return;
    }
    if (!top) throw mistake(line, `"${statement.kind}" stands inside of a block`);
    declareStatement(statement);
  };

  /** Gates of a branch, on which a control can be put. */
  const gatesOf = (branch: readonly Statement[], inner: Scope): readonly Piece[] =>
    branch.flatMap((statement) => {
      if (statement.kind === "call") {
        const list = expand(statement, gates, inner, registers);
        // these themselves may not disturb what was measured: checked before their controls hide it
        for (const piece of list)
          for (const qubit of disturbed(piece))
            if (measuredIn.has(qubit))
              throw mistake(statement.line, `${names[qubit]} is acted on after its measurement in line ${measuredIn.get(qubit)}`);
        return list;
      }
      if (statement.kind === "barrier") return [];
      throw mistake(statement.line, `"${statement.kind}" under a condition is not simulated`, "gates may be conditional");
    });

  const declareStatement = (statement: Exclude<Statement, { kind: "call" | "for" | "if" | "measure" | "barrier" | "reset" }>): void => {
    const { line } = statement;
    switch (statement.kind) {
      case "include": {
        const library = Object.hasOwn(libraries, statement.file) ? libraries[statement.file] : undefined;
        if (!library) throw mistake(line, `"${statement.file}" cannot be included`, `known are ${Object.keys(libraries).join(" and ")}`);
        for (const [name, gate] of Object.entries(library)) if (!gates.known.has(name)) gates.known.set(name, gate);
        return;
      }
      case "qubits": {
        declare(statement.name, line);
        const size = statement.size ? whole(statement.size, scope, "the size of a register") : 1;
        if (size < 1) throw mistake(line, `a register of ${size} qubits`, "registers have at least one");
        if (names.length + size > mostDeclared) throw mistake(line, `${(names.length + size).toLocaleString("en")} qubits are too many`);
        registers.qubits.set(statement.name, { qubits: Array.from({ length: size }, (_, i) => names.length + i), alone: !statement.size });
        for (let i = 0; i < size; i++) names.push(statement.size ? `${statement.name}[${i}]` : statement.name);
        return;
      }
      case "bits": {
        declare(statement.name, line);
        const size = statement.size ? whole(statement.size, scope, "the size of a register") : 1;
        if (!(size >= 1 && size <= mostDeclared)) throw mistake(line, `a register of ${size} bits`);
        registers.bits.set(statement.name, size);
        if (statement.from) measure({ kind: "measure", from: statement.from, to: { name: statement.name, line }, line });
        return;
      }
      case "input":
        declare(statement.name, line);
        scope.set(
          statement.name,
          Object.hasOwn(values, statement.name) ? values[statement.name] : { parameter: inputs.push(statement.name) - 1 },
        );
        return;
      case "constant":
        declare(statement.name, line);
        scope.set(statement.name, evaluate(statement.value, scope));
        return;
      case "alias": {
        declare(statement.name, line);
        const qubits = statement.operands.flatMap((operand) => qubitsOf(registers, operand, scope).qubits);
        registers.qubits.set(statement.name, { qubits, alone: false });
        return;
      }
      case "gate":
        gates.known.set(statement.name, defined(statement, gates, scope));
        return;
      case "opaque":
        gates.known.delete(statement.name);
        notes.push(`line ${line}: gate ${statement.name} is opaque; it may not be called`);
    }
  };

  for (const statement of statements) perform(statement, scope, true);
  if (names.length === 0) throw mistake(statements.at(-1)?.line ?? 1, "the circuit is empty: no qubits are declared");
  if (made.length === 0) notes.push(`the circuit is empty: no gate acts on its ${names.length} qubits, which stay 0`);
  const unknown = Object.keys(values).find((name) => !scope.has(name));
  if (unknown !== undefined) notes.push(`there is no input "${unknown}"`);
  const order = [...registers.bits].flatMap(([name, size]) => Array.from({ length: size }, (_, i) => `${name}[${i}]`));
  const measured = order.flatMap((bit) => {
    const qubit = registers.measured.get(bit);
    return qubit === undefined ? [] : [{ bit, qubit }];
  });
  const turned = measured.find(({ qubit }, i) => i > 0 && qubit < measured[i - 1].qubit);
  if (turned)
    notes.push(`bits are measured from qubits in another order (${turned.bit} from ${names[turned.qubit]}): results follow the qubits`);
  return { circuit: { qubits: names.length, parameters: inputs.length, gates: made }, version, names, inputs, measured, notes };
}
