/** Circuits of gates on qubits, as plain data. Qubit j is bit j of a basis state's index, counted from the least significant. */

/** A number, or `factor` times a free parameter plus `offset`. Radians. */
export type Angle = number | { readonly parameter: number; readonly factor?: number; readonly offset?: number };

/** A gate of the set that is simulated as it is; others are composed of these. */
export interface Gate {
  readonly name:
    | "ry"
    | "rz"
    | "rx"
    | "cx"
    | "h"
    | "x"
    | "y"
    | "z"
    | "s"
    | "sdg"
    | "t"
    | "tdg"
    | "cz"
    | "swap"
    | "u"
    | "cp"
    | "ccx"
    | "table";
  /** Controls first. */
  readonly qubits: readonly number[];
  readonly angles: readonly Angle[];
  /** Of "table", the phase of a diagonal operator as QAOA has it: amplitude k is multiplied by e^{-i angle C_k}. Has no form in OpenQASM. */
  readonly table?: Float64Array;
}

export interface Circuit {
  readonly qubits: number;
  /** How many free parameters its angles refer to. */
  readonly parameters: number;
  readonly gates: readonly Gate[];
}

/** What is made of the probabilities of basis states: a value, and its derivatives c_k = ∂value/∂p_k. */
export type Objective = (probabilities: Float64Array) => { readonly value: number; readonly slopes: Float64Array };

/** Whether a gate is a phase by a table of costs, which no hardware has. */
export const isWithTable = ({ name }: Gate): boolean => name === "table";
