/** Bits that were measured, as controls. */
import { type Scope, whole } from "./expressions.ts";
import { bitsOf, type Registers, selected } from "./registers.ts";
import type { Condition, Operand } from "./statements.ts";
import { mistake } from "./tokens.ts";
import type { Piece } from "./unitary.ts";

/** Qubits whose probabilities a piece changes: neither controls nor those that only get phases. */
export function disturbed({ name, qubits }: Piece): readonly number[] {
  if (["rz", "z", "s", "sdg", "t", "tdg", "cz", "cp", "gphase"].includes(name)) return [];
  return name === "cx" || name === "ccx" ? qubits.slice(-1) : qubits;
}

/**
 * Measured qubits and their values where a condition is `when`; nothing if it never is. Bits that were not measured are 0.
 * @throws UserError  for "else" of several bits
 */
export function controlsOf(
  { bits, negated, value }: Condition,
  when: boolean,
  registers: Registers,
  scope: Scope,
  notes: string[],
  line: number,
): readonly { readonly qubit: number; readonly value: number }[] | undefined {
  const wanted = value ? whole(value, scope, "the value of a condition") : 1;
  const holds = when !== negated;
  const constant = scope.get(bits.name);
  if (typeof constant === "number") {
    const actual = bits.selection ? bitOf(constant, bits, scope) : constant;
    return (value ? actual === wanted : actual !== 0) === holds ? [] : undefined;
  }
  const places = bitsOf(registers, bits, scope);
  if (!value && places.length > 1) throw mistake(line, `a condition of ${places.length} bits needs a value: ==`);
  if (wanted < 0 || wanted >= 2 ** places.length) return holds ? undefined : [];
  const pattern = places.map((bit, i) => ({ qubit: registers.measured.get(bit), value: Math.floor(wanted / 2 ** i) % 2 }));
  const known = pattern.flatMap(({ qubit, value }) => (qubit === undefined ? [] : [{ qubit, value }]));
  const said = `bits of ${bits.name} are 0 until they are measured (first in line `;
  if (known.length < pattern.length && !notes.some((note) => note.startsWith(said))) notes.push(`${said}${line})`);
  // a bit that was not measured is 0: a 1 in its place never holds
  if (pattern.some(({ qubit, value }) => qubit === undefined && value === 1)) return holds ? undefined : [];
  if (holds) return known;
  if (known.length === 0) return undefined;
  if (known.length > 1)
    throw mistake(line, "a condition that several bits differ from a number is not simulated", "use == or a single bit");
  return [{ qubit: known[0].qubit, value: 1 - known[0].value }];
}

/** A bit of a whole number that the program has declared, as a_in[2]. */
function bitOf(constant: number, { selection, line, name }: Operand, scope: Scope): number {
  const [place, ...more] = selected(selection, 32, scope, line, name);
  if (place === undefined || more.length > 0) throw mistake(line, "a condition on several bits of a number is not simulated");
  return Math.floor(constant / 2 ** place) % 2;
}
