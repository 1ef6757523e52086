/**
 * Density matrices, as vectors of twice the qubits: vec ρ has bit j of the row at j and that of the column at n + j, so that
 * ρ -> U ρ U† is U on the rows and its conjugate on the columns.
 */
import { UserError } from "../errors.ts";
import { type Circuit, type Gate, isWithTable } from "./circuit.ts";
import { runPass } from "./forward.ts";
import { openMachine, view } from "./machine.ts";
import { hardwareGates, keeps, type Noise } from "./noise.ts";
import { affine, checkAngles, checkCircuit, type Operation, operationsOf } from "./operations.ts";
import { schedule } from "./passes.ts";

/** 16 · 4^n bytes: 268 MB at 12. */
export const mostDensityQubits = 12;

/**
 * Probabilities after depolarizing noise behind every gate, exactly.
 *
 * @throws UserError  above 12 qubits, and for phases by tables
 */
export function noisyProbabilities(circuit: Circuit, angles: ArrayLike<number>, noise: Noise): Float64Array {
  checkCircuit(circuit);
  checkAngles(circuit, angles);
  const { qubits: n, gates } = circuit;
  if (n > mostDensityQubits)
    throw new UserError(`the density matrix of ${n} qubits needs ${(4 ** (n - 13)).toLocaleString("en")} GiB`, "use trajectories");
  if (gates.some(isWithTable)) throw new UserError("phases by a table of costs are no gates of hardware: noise on them is not defined");
  const passes = schedule(noisyOperations(hardwareGates(gates), n, noise), 2 * n);
  const machine = openMachine(2 * n, passes, angles, 0);
  for (const pass of passes) runPass(machine, pass);
  const re = view(machine, machine.call.addressOfPsi(), 4 ** n);
  return Float64Array.from({ length: 2 ** n }, (_, k) => machine.scale * re[k + k * 2 ** n]);
}

/** Noise on one qubit commutes with gates on that qubit: it is gathered until a gate joins the qubit with another. */
function noisyOperations(gates: readonly Gate[], n: number, noise: Noise): readonly Operation[] {
  const { one, two } = keeps(noise);
  const pending = new Array<number>(n).fill(1);
  const operations: Operation[] = [];
  const settle = (q: number): void => {
    if (pending[q] !== 1) operations.push({ kind: "depolarize", bits: [[q, n + q]], keep: pending[q] });
    pending[q] = 1;
  };
  for (const gate of gates) {
    const pair = gate.qubits.length === 2;
    if (pair) gate.qubits.forEach(settle);
    for (const operation of operationsOf(gate)) operations.push(operation, conjugate(operation, n));
    if (!pair) pending[gate.qubits[0]] *= one;
    else if (two !== 1) operations.push({ kind: "depolarize", bits: gate.qubits.map((q) => [q, n + q] as const), keep: two });
  }
  pending.forEach((_, q) => settle(q));
  return operations;
}

/** The complex conjugate, on columns. */
function conjugate(operation: Operation, n: number): Operation {
  switch (operation.kind) {
    case "ry":
      return { ...operation, qubit: operation.qubit + n };
    case "rz":
      return { ...operation, qubit: operation.qubit + n, angle: affine(operation.angle, -1) };
    case "flip":
      return { ...operation, controls: operation.controls << n, target: operation.target + n };
    case "phase":
      return { ...operation, mask: operation.mask << n, angle: affine(operation.angle, -1) };
    default:
      return operation;
  }
}
