/**
 * Density matrices, as vectors of twice the qubits: vec ρ has bit j of the row at j and that of the column at n + j, so that
 * ρ -> U ρ U† is U on the rows and its conjugate on the columns.
 */
import { UserError } from "../errors.ts";
import { undoPass } from "./adjoint.ts";
import { type Circuit, type Gate, isWithTable, type Objective } from "./circuit.ts";
import { runPass } from "./forward.ts";
import { isOpen, type Machine, openMachine, partsOf, view } from "./machine.ts";
import { hardwareGates, keeps, type Noise } from "./noise.ts";
import { affine, checkAngles, checkCircuit, type Operation, operationsOf } from "./operations.ts";
import { type Pass, schedule } from "./passes.ts";

/** 16 · 4^n bytes: 268 MB at 12. */
export const mostDensityQubits = 12;

/**
 * Probabilities after depolarizing noise behind every gate, exactly.
 *
 * @throws UserError  above 12 qubits, and for phases by tables
 */
export function noisyProbabilities(circuit: Circuit, angles: ArrayLike<number>, noise: Noise): Float64Array {
  const passes = noisyPasses(circuit, angles, noise);
  return diagonal(evolved(circuit, passes, angles, 0), circuit.qubits);
}

/** Largest factor by which rounding may grow when the noise is undone on the way back. */
const mostGrowth = 1e6;

/**
 * An objective of the noisy probabilities with its gradient, exactly: ρ is carried back through the inverse of each channel, and with it the
 * operator of the slopes, Λ, through its adjoint. E = tr(Λ ρ) is linear in ρ: of <λ|G|ψ> with λ = vec Λ / 2, rows and columns together
 * are the derivative.
 *
 * @throws UserError  besides, where the noise is too strong to be undone
 */
export function noisyValueAndGradient(
  circuit: Circuit,
  angles: ArrayLike<number>,
  noise: Noise,
  objective: Objective,
): { readonly value: number; readonly gradient: Float64Array; readonly probabilities: Float64Array } {
  checkUndoable(circuit, noise);
  const passes = noisyPasses(circuit, angles, noise);
  const machine = evolved(circuit, passes, angles, 2);
  const n = circuit.qubits;
  const p = diagonal(machine, n);
  const { value, slopes } = objective(p);
  if (!isOpen(machine)) throw new Error("an objective has simulated a circuit while its own was being differentiated");
  const { re, im } = partsOf(machine, machine.call.addressOfLambda());
  re.fill(0);
  im.fill(0);
  slopes.forEach((slope, k) => (re[k + k * 2 ** n] = slope / (2 * machine.scale)));
  const gradient = new Float64Array(circuit.parameters);
  for (let i = passes.length - 1; i >= 0; i--) undoPass(machine, passes[i], gradient, i === 0);
  return { value, gradient, probabilities: p };
}

/** @throws UserError  where the inverse of the noise would make rounding grow too far */
export function checkUndoable({ gates }: Circuit, noise: Noise): void {
  const { one, two } = keeps(noise);
  const growth = hardwareGates(gates).reduce((product, { qubits }) => product / (qubits.length === 1 ? one : two), 1);
  if (!(growth > 0 && growth <= mostGrowth))
    throw new UserError(
      "the noise leaves nothing of the circuit: gradients under it are lost in rounding",
      "take less noise, or fewer layers",
    );
}

function noisyPasses(circuit: Circuit, angles: ArrayLike<number>, noise: Noise): readonly Pass[] {
  checkCircuit(circuit);
  checkAngles(circuit, angles);
  const { qubits: n, gates } = circuit;
  if (n > mostDensityQubits)
    throw new UserError(`the density matrix of ${n} qubits needs ${(4 ** (n - 13)).toLocaleString("en")} GiB`, "use trajectories");
  if (gates.some(isWithTable)) throw new UserError("phases by a table of costs are no gates of hardware: noise on them is not defined");
  return schedule(noisyOperations(hardwareGates(gates), n, noise), 2 * n);
}

function evolved({ qubits }: Circuit, passes: readonly Pass[], angles: ArrayLike<number>, states: 0 | 2): Machine {
  const machine = openMachine(2 * qubits, passes, angles, states);
  for (const pass of passes) runPass(machine, pass);
  return machine;
}

/** The diagonal of ρ. */
function diagonal(machine: Machine, n: number): Float64Array {
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
