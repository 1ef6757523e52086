/** What an OpenQASM program consists of. */
import type { Expression } from "./expressions.ts";

/** Qubits or bits: all of a register, or some of it. */
export interface Operand {
  readonly name: string;
  readonly selection?: Selection;
  readonly line: number;
}

export type Selection =
  | { readonly kind: "some"; readonly at: readonly Expression[]; readonly set: boolean }
  /** From start to stop, both included. */
  | { readonly kind: "range"; readonly start?: Expression; readonly step?: Expression; readonly stop?: Expression };

export interface Modifier {
  readonly kind: "ctrl" | "negctrl" | "inv" | "pow";
  readonly argument?: Expression;
}

/** bits == value; without a value, a bit that is 1. */
export interface Condition {
  readonly bits: Operand;
  readonly negated: boolean;
  readonly value?: Expression;
}

export interface Call {
  readonly kind: "call";
  readonly modifiers: readonly Modifier[];
  readonly name: string;
  readonly angles: readonly Expression[];
  readonly operands: readonly Operand[];
  readonly line: number;
}

export interface GateDefinition {
  readonly kind: "gate";
  readonly name: string;
  readonly angles: readonly string[];
  readonly qubits: readonly string[];
  readonly body: readonly Statement[];
  readonly line: number;
}

export type Statement =
  | Call
  | GateDefinition
  | { readonly kind: "include"; readonly file: string; readonly line: number }
  | { readonly kind: "qubits"; readonly name: string; readonly size?: Expression; readonly line: number }
  | { readonly kind: "bits"; readonly name: string; readonly size?: Expression; readonly from?: Operand; readonly line: number }
  | { readonly kind: "input" | "opaque"; readonly name: string; readonly line: number }
  | { readonly kind: "constant"; readonly name: string; readonly value: Expression; readonly line: number }
  | { readonly kind: "alias"; readonly name: string; readonly operands: readonly Operand[]; readonly line: number }
  | { readonly kind: "measure"; readonly from: Operand; readonly to?: Operand; readonly line: number }
  | { readonly kind: "reset" | "barrier"; readonly operands: readonly Operand[]; readonly line: number }
  | {
      readonly kind: "if";
      readonly condition: Condition;
      readonly then: readonly Statement[];
      readonly otherwise: readonly Statement[];
      readonly line: number;
    }
  | {
      readonly kind: "for";
      readonly variable: string;
      readonly values: Selection;
      readonly body: readonly Statement[];
      readonly line: number;
    };
