/** Calls of gates as pieces: modifiers, registers taken place by place, gates that programs define. */
import { nearest } from "../../errors.ts";
import { evaluate, type Scope, whole } from "./expressions.ts";
import type { Known } from "./library.ts";
import { qubitsOf, type Registers, rangeOf, type Wires } from "./registers.ts";
import type { Call, GateDefinition, Selection, Statement } from "./statements.ts";
import { mistake } from "./tokens.ts";
import { controlled, inverse, type Piece, pieces } from "./unitary.ts";

/** Gates by name, and a count of what has been made, so that definitions within definitions end. */
export interface Gates {
  readonly known: Map<string, Known>;
  /** @throws UserError  when there are too many */
  readonly spend: (count: number, line: number) => void;
}

const most = 1_000_000;

export function gateTable(): Gates {
  let spent = 0;
  return {
    known: new Map(),
    spend(count, line) {
      spent += count;
      if (spent > most) throw mistake(line, `the circuit has more than ${most.toLocaleString("en")} gates`);
    },
  };
}

/** e^{ig} of everything. */
const globalPhase: Known = { angles: 1, qubits: 0, make: ([angle], _, line) => [pieces(line)("gphase", [], angle)] };

const plural = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;

function found({ known }: Gates, name: string, line: number): Known {
  const gate = name === "gphase" ? globalPhase : known.get(name);
  if (gate) return gate;
  const guess = nearest(name, known.keys());
  const includes = 'include "qelib1.inc" in OpenQASM 2 or "stdgates.inc" in OpenQASM 3, or define it before';
  throw mistake(line, `gate "${name}" has not been declared`, guess ? `did you mean ${guess}?` : includes);
}

/** The pieces of a call, on every place of its registers. */
export function expand(call: Call, gates: Gates, scope: Scope, registers: Pick<Registers, "qubits">): readonly Piece[] {
  const { name, line, modifiers } = call;
  const gate = found(gates, name, line);
  if (call.angles.length !== gate.angles) throw mistake(line, `${name} takes ${plural(gate.angles, "angle")}, not ${call.angles.length}`);
  const angles = call.angles.map((angle) => evaluate(angle, scope));
  const numbers = modifiers.map(({ kind, argument }) => {
    if (kind === "pow") {
      if (argument) return whole(argument, scope, "a power");
      throw mistake(line, "pow needs its power: pow(2) @");
    }
    const count = argument ? whole(argument, scope, "the number of controls") : 1;
    if (!(count >= 1 && count <= 32)) throw mistake(line, `${count} controls are not 1 to 32`);
    return count;
  });
  const controls = modifiers.reduce((sum, { kind }, i) => (kind === "ctrl" || kind === "negctrl" ? sum + numbers[i] : sum), 0);
  const wires = call.operands.map((operand) => qubitsOf(registers, operand, scope));
  const wanted = controls + gate.qubits;
  if (wires.length !== wanted)
    throw mistake(line, `${name}${controls ? " with its controls" : ""} acts on ${plural(wanted, "qubit")}, not ${wires.length}`);
  return places(wires, line).flatMap((qubits) => {
    if (new Set(qubits).size < qubits.length) throw mistake(line, `${name} acts twice on one qubit`);
    let list = gate.make(angles, qubits.slice(controls), line);
    let from = controls;
    for (let i = modifiers.length - 1; i >= 0; i--) {
      const { kind } = modifiers[i];
      if (kind === "inv") list = inverse(list);
      else if (kind === "pow") list = power(list, numbers[i], gates, line);
      else {
        for (let c = 0; c < numbers[i]; c++) list = under(qubits[--from], kind === "ctrl" ? 1 : 0, list);
      }
      gates.spend(list.length, line);
    }
    gates.spend(list.length, line);
    return list;
  });
}

/** Pieces where the control is 1, or 0. */
export function under(control: number, value: number, list: readonly Piece[]): readonly Piece[] {
  const inner = controlled(control, list);
  if (value === 1 || inner.length === 0) return inner;
  const flip = pieces(inner[0].line)("x", [control]);
  return [flip, ...inner, flip];
}

function power(list: readonly Piece[], exponent: number, gates: Gates, line: number): readonly Piece[] {
  gates.spend(list.length * Math.abs(exponent), line);
  const once = exponent < 0 ? inverse(list) : list;
  return Array.from({ length: Math.abs(exponent) }, () => once).flat();
}

/** Registers go place by place; qubits alone go with every place. */
function places(wires: readonly Wires[], line: number): readonly (readonly number[])[] {
  const registers = wires.filter(({ alone }) => !alone);
  const sizes = new Set(registers.map(({ qubits }) => qubits.length));
  if (sizes.size > 1) throw mistake(line, `registers of ${[...sizes].join(" and ")} qubits do not go together`);
  const [count = 1] = sizes;
  return Array.from({ length: count }, (_, i) => wires.map(({ qubits, alone }) => qubits[alone ? 0 : i]));
}

/** Numbers that a loop goes through. */
export function loopValues(values: Selection, scope: Scope, line: number): readonly number[] {
  if (values.kind === "range") return rangeOf(values, scope, line);
  return values.at.map((expression) => whole(expression, scope, "a value of a loop"));
}

/**
 * A gate that a program defines. Its body is checked where it stands: it may name gates declared before, its own qubits and angles.
 * @throws UserError
 */
export function defined({ name, angles, qubits, body, line }: GateDefinition, gates: Gates, scope: Scope): Known {
  for (const names of [angles, qubits]) if (new Set(names).size < names.length) throw mistake(line, `gate ${name} has one name twice`);
  const before: Gates = { ...gates, known: new Map() };
  const collect = (statements: readonly Statement[]): void => {
    for (const statement of statements)
      if (statement.kind === "call") before.known.set(statement.name, found(gates, statement.name, statement.line));
      else if (statement.kind === "for") collect(statement.body);
      else if (statement.kind !== "barrier")
        throw mistake(statement.line, `the body of a gate holds gates and loops, not "${statement.kind}"`);
  };
  collect(body);
  const run = (statements: readonly Statement[], inner: Scope, registers: Pick<Registers, "qubits">): readonly Piece[] =>
    statements.flatMap((statement) => {
      if (statement.kind === "call") return expand(statement, before, inner, registers);
      if (statement.kind !== "for") return [];
      return loopValues(statement.values, inner, statement.line).flatMap((value) => {
        before.spend(1, statement.line);
        return run(statement.body, new Map([...inner, [statement.variable, value]]), registers);
      });
    });
  const make: Known["make"] = (given, wires) =>
    run(body, new Map([...scope, ...angles.map((angle, i) => [angle, given[i]] as const)]), {
      qubits: new Map(qubits.map((qubit, i) => [qubit, { qubits: [wires[i]], alone: true }])),
    });
  // once, so that a mistake in a gate that is never called is found too
  make(
    angles.map(() => 0.5),
    qubits.map((_, i) => i),
    line,
  );
  return { angles: angles.length, qubits: qubits.length, make };
}
