/** Circuits as OpenQASM 2 (the header of the paper suffices) and 3. */
import { UserError } from "../../errors.ts";
import type { Angle, Circuit, Gate } from "../circuit.ts";
import { angleValue, checkCircuit } from "../operations.ts";

export interface QasmOptions {
  readonly version?: 2 | 3;
  /** Values of the parameters. OpenQASM 3 can leave them as inputs t0, t1, …; 2 cannot. */
  readonly angles?: ArrayLike<number>;
  /** Lines of comment at the top. */
  readonly comments?: readonly string[];
  /** Whether all qubits are measured at the end (default: yes). */
  readonly measure?: boolean;
}

/** Names in qelib1.inc as the paper has it, and in stdgates.inc. */
const names: Readonly<Record<2 | 3, Partial<Record<Gate["name"], string>>>> = { 2: { u: "u3", cp: "cu1" }, 3: { u: "u3" } };

/**
 * The circuit as text. Qubit j is q[j], measured into c[j]; amplitudes agree up to the phase of the whole.
 * @throws UserError  for phases by a table, and for free parameters in OpenQASM 2
 */
export function writeQasm(circuit: Circuit, { version = 3, angles, comments = [], measure = true }: QasmOptions = {}): string {
  checkCircuit(circuit);
  const { qubits: n, parameters, gates } = circuit;
  if (angles && angles.length !== parameters) throw new UserError(`the circuit has ${parameters} parameters, not ${angles.length}`);
  if (!angles && parameters > 0 && version === 2)
    throw new UserError("OpenQASM 2 has no free parameters", "give their values, or write OpenQASM 3");
  const said = (angle: Angle): string => {
    if (typeof angle === "number") return String(angle);
    if (angles) return String(angleValue(angle, angles));
    const { factor = 1, offset = 0, parameter } = angle;
    return `${factor === 1 ? "" : `${factor} * `}t${parameter}${offset === 0 ? "" : offset < 0 ? ` - ${-offset}` : ` + ${offset}`}`;
  };
  const line = ({ name, qubits, angles: turns }: Gate): readonly string[] => {
    const wires = (...q: readonly number[]): string => q.map((j) => `q[${j}]`).join(", ");
    if (name === "table") throw new UserError("phases by a table of costs have no form in OpenQASM", "QAOA can be simulated, not exported");
    if (name === "swap" && version === 2) {
      const [a, b] = qubits;
      return [`cx ${wires(a, b)};`, `cx ${wires(b, a)};`, `cx ${wires(a, b)};`];
    }
    return [`${names[version][name] ?? name}${turns.length > 0 ? `(${turns.map(said).join(", ")})` : ""} ${wires(...qubits)};`];
  };
  const inputs = angles ? 0 : parameters;
  return [
    `OPENQASM ${version}.0;`,
    ...comments.flatMap((comment) => comment.split(/[\r\n]+/).map((text) => `// ${text}`)),
    "// q[0] is the least significant bit of a basis state's index",
    version === 2 ? 'include "qelib1.inc";' : 'include "stdgates.inc";',
    ...Array.from({ length: inputs }, (_, i) => `input float[64] t${i};`),
    version === 2 ? `qreg q[${n}];` : `qubit[${n}] q;`,
    ...(measure ? [version === 2 ? `creg c[${n}];` : `bit[${n}] c;`] : []),
    ...gates.flatMap(line),
    ...(measure ? [version === 2 ? "measure q -> c;" : "c = measure q;"] : []),
    "",
  ].join("\n");
}
