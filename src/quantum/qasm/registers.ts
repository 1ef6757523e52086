/** Names of a program: registers of qubits and bits, and which qubit a bit has measured. */
import { nearest } from "../../errors.ts";
import { type Scope, whole } from "./expressions.ts";
import type { Operand, Selection } from "./statements.ts";
import { mistake } from "./tokens.ts";

/** Qubits of an operand; one that was named alone goes with registers of any size. */
export interface Wires {
  readonly qubits: readonly number[];
  readonly alone: boolean;
}

/** Places of a selection in a register of so many. */
export function selected(selection: Selection | undefined, size: number, scope: Scope, line: number, name: string): readonly number[] {
  if (!selection) return Array.from({ length: size }, (_, i) => i);
  const place = (index: number): number => {
    const at = index < 0 ? index + size : index;
    if (at >= 0 && at < size) return at;
    throw mistake(line, `${name}[${index}] is beyond ${name}, which has ${size === 1 ? "1 place" : `${size} places`}: 0 to ${size - 1}`);
  };
  if (selection.kind === "some") return selection.at.map((expression) => place(whole(expression, scope, "an index")));
  return rangeOf(selection, scope, line, size).map(place);
}

const longest = 1_000_000;

/** Numbers of a range, both ends included; in a register, ends that are left out are its own and negative ones count from its end. */
export function rangeOf(
  { start, step, stop }: Extract<Selection, { kind: "range" }>,
  scope: Scope,
  line: number,
  size?: number,
): readonly number[] {
  if (size === undefined && !(start && stop)) throw mistake(line, "a range needs both ends");
  const by = step ? whole(step, scope, "the step of a range") : 1;
  if (by === 0) throw mistake(line, "the step of a range is 0");
  const end = (value: number): number => (size !== undefined && value < 0 ? value + size : value);
  const from = start ? end(whole(start, scope, "the start of a range")) : by > 0 ? 0 : (size ?? 0) - 1;
  const to = stop ? end(whole(stop, scope, "the end of a range")) : by > 0 ? (size ?? 0) - 1 : 0;
  const count = Math.max(0, Math.floor((to - from) / by) + 1);
  if (count > longest) throw mistake(line, `a range of ${count} numbers is too long`);
  return Array.from({ length: count }, (_, i) => from + i * by);
}

/** What registers there are. */
export interface Registers {
  readonly qubits: Map<string, Wires>;
  readonly bits: Map<string, number>;
  /** By "c[0]". */
  readonly measured: Map<string, number>;
}

export function qubitsOf(registers: Pick<Registers, "qubits">, { name, selection, line }: Operand, scope: Scope): Wires {
  const register = registers.qubits.get(name);
  if (!register) {
    const guess = nearest(name, registers.qubits.keys());
    throw mistake(line, `"${name}" is not a declared register of qubits`, guess && `did you mean ${guess}?`);
  }
  const qubits = selected(selection, register.qubits.length, scope, line, name).map((i) => register.qubits[i]);
  return { qubits, alone: selection ? selection.kind === "some" && !selection.set : register.alone };
}

/** Places of bits as "c[0]". */
export function bitsOf({ bits }: Registers, { name, selection, line }: Operand, scope: Scope): readonly string[] {
  const size = bits.get(name);
  if (size === undefined) {
    const guess = nearest(name, bits.keys());
    throw mistake(line, `"${name}" is not a declared register of bits`, guess && `did you mean ${guess}?`);
  }
  return selected(selection, size, scope, line, name).map((i) => `${name}[${i}]`);
}
