/**
 * Gates in terms of five operations, up to a phase of the whole state that no probability sees:
 *
 *   RX(t) = RZ(-π/2) RY(t) RZ(π/2),   H = RY(π/2) Z,   U(t, f, l) ∝ RZ(f) RY(t) RZ(l),   Z ∝ RZ(π),   S ∝ RZ(π/2),   T ∝ RZ(π/4),   Y ∝ X Z
 */
import { UserError } from "../errors.ts";
import type { Angle, Circuit, Gate } from "./circuit.ts";

export type Operation =
  /** exp(-i angle Y/2) or exp(-i angle Z/2). */
  | { readonly kind: "ry" | "rz"; readonly qubit: number; readonly angle: Angle }
  /** Flips the target where all bits of `controls` are 1. */
  | { readonly kind: "flip"; readonly controls: number; readonly target: number }
  /** e^{i angle} where all bits of `mask` are 1. */
  | { readonly kind: "phase"; readonly mask: number; readonly angle: Angle }
  /** e^{-i angle C_k}. */
  | { readonly kind: "table"; readonly table: Float64Array; readonly angle: Angle }
  /** Of a density matrix, bits (row, column) of one or two qubits: what is not the identity there is multiplied by `keep`. */
  | { readonly kind: "depolarize"; readonly bits: readonly (readonly [row: number, column: number])[]; readonly keep: number };

/** The number that an angle is. */
export const angleValue = (angle: Angle, parameters: ArrayLike<number>): number =>
  typeof angle === "number" ? angle : (angle.factor ?? 1) * parameters[angle.parameter] + (angle.offset ?? 0);

/** factor · angle + offset, an angle again. */
export const affine = (angle: Angle, factor: number, offset = 0): Angle =>
  typeof angle === "number"
    ? factor * angle + offset
    : { parameter: angle.parameter, factor: factor * (angle.factor ?? 1), offset: factor * (angle.offset ?? 0) + offset };

const ry = (qubit: number, angle: Angle): Operation => ({ kind: "ry", qubit, angle });
const rz = (qubit: number, angle: Angle): Operation => ({ kind: "rz", qubit, angle });
const flip = (target: number, ...controls: number[]): Operation => ({ kind: "flip", controls: maskOf(controls), target });
const maskOf = (qubits: readonly number[]): number => qubits.reduce((mask, q) => mask | (1 << q), 0);

/** Operations in the order in which they are applied. */
type Rule = (qubits: readonly number[], angles: readonly Angle[]) => readonly Operation[];

const rules: Readonly<Record<Exclude<Gate["name"], "table">, Rule>> = {
  ry: ([q], [t]) => [ry(q, t)],
  rz: ([q], [t]) => [rz(q, t)],
  rx: ([q], [t]) => [rz(q, Math.PI / 2), ry(q, t), rz(q, -Math.PI / 2)],
  h: ([q]) => [rz(q, Math.PI), ry(q, Math.PI / 2)],
  x: ([q]) => [flip(q)],
  y: ([q]) => [rz(q, Math.PI), flip(q)],
  z: ([q]) => [rz(q, Math.PI)],
  s: ([q]) => [rz(q, Math.PI / 2)],
  sdg: ([q]) => [rz(q, -Math.PI / 2)],
  t: ([q]) => [rz(q, Math.PI / 4)],
  tdg: ([q]) => [rz(q, -Math.PI / 4)],
  u: ([q], [t, f, l]) => [rz(q, l), ry(q, t), rz(q, f)],
  cx: ([c, t]) => [flip(t, c)],
  cz: (qubits) => [{ kind: "phase", mask: maskOf(qubits), angle: Math.PI }],
  cp: (qubits, [angle]) => [{ kind: "phase", mask: maskOf(qubits), angle }],
  swap: ([a, b]) => [flip(b, a), flip(a, b), flip(b, a)],
  ccx: ([a, b, t]) => [flip(t, a, b)],
};

/** How many qubits and angles gates have. */
const arities: Readonly<Record<Exclude<Gate["name"], "table">, readonly [qubits: number, angles: number]>> = {
  ...{ ry: [1, 1], rz: [1, 1], rx: [1, 1], h: [1, 0], x: [1, 0], y: [1, 0], z: [1, 0], s: [1, 0], sdg: [1, 0], t: [1, 0], tdg: [1, 0] },
  ...{ u: [1, 3], cx: [2, 0], cz: [2, 0], cp: [2, 1], swap: [2, 0], ccx: [3, 0] },
};

export function operationsOf({ name, qubits, angles, table }: Gate): readonly Operation[] {
  if (name !== "table") return rules[name](qubits, angles);
  return table ? [{ kind: "table", table, angle: angles[0] }] : [];
}

/** Most qubits of a state vector: its two parts in doubles, and those of the adjoint, fill 2 GiB at 26. */
export const mostQubits = 26;

/** @throws UserError  for more qubits than a state vector may have */
export function checkSize(n: number): void {
  if (n > mostQubits)
    throw new UserError(
      `a state of ${n} qubits needs ${(2 ** (n - 26)).toLocaleString("en")} GiB`,
      `at most ${mostQubits} qubits are simulated; product states are drawn from without a state`,
    );
}

/** @throws UserError  for what is no circuit */
export function checkCircuit({ qubits: n, parameters, gates }: Circuit): void {
  if (!(Number.isInteger(n) && n >= 1)) throw new UserError(`a circuit needs qubits, not ${n}`);
  gates.forEach(({ name, qubits, angles, table }, at) => {
    const said = `gate ${at + 1} (${name})`;
    const [wires, turns] = name === "table" ? [n, 1] : arities[name];
    if (qubits.length !== wires || angles.length !== turns)
      throw new UserError(`${said} has ${qubits.length} qubits and ${angles.length} angles, not ${wires} and ${turns}`);
    if (qubits.some((q) => !(Number.isInteger(q) && q >= 0 && q < n)))
      throw new UserError(`${said} acts on qubits ${qubits.join(", ")} of 0 to ${n - 1}`);
    if (new Set(qubits).size < qubits.length) throw new UserError(`${said} has one qubit twice`);
    if (name === "table" && table?.length !== 2 ** n) throw new UserError(`${said} needs ${2 ** n} costs, not ${table?.length ?? 0}`);
    for (const angle of angles)
      if (typeof angle === "number" ? !Number.isFinite(angle) : !(angle.parameter >= 0 && angle.parameter < parameters))
        throw new UserError(`${said} has the angle ${JSON.stringify(angle)}, with parameters 0 to ${parameters - 1}`);
  });
}

/** @throws UserError  if the angles are not those of the circuit's parameters */
export function checkAngles({ parameters }: Circuit, angles: ArrayLike<number>): void {
  if (angles.length !== parameters) throw new UserError(`the circuit has ${parameters} parameters, not ${angles.length}`);
  for (let i = 0; i < angles.length; i++)
    if (!Number.isFinite(angles[i])) throw new UserError(`parameter ${i} of the circuit is ${angles[i]}`);
}
