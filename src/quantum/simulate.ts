/** Probabilities of a circuit, and gradients of whatever is made of them. */
import { UserError } from "../errors.ts";
import { undoPass } from "./adjoint.ts";
import type { Circuit, Objective } from "./circuit.ts";
import { runPass } from "./forward.ts";
import { isOpen, type Machine, openMachine, type Precision, partsOf, view } from "./machine.ts";
import { checkAngles, checkCircuit, checkSize, operationsOf } from "./operations.ts";
import { type Pass, passesOf, schedule } from "./passes.ts";

const planned = new WeakMap<Circuit, readonly Pass[]>();
const plannedWhole = new WeakMap<Circuit, readonly Pass[]>();

/**
 * Passes of a circuit that has been checked; kept, for an optimizer asks a thousand times.
 * @param whole  for amplitudes, not probabilities
 */
function plan(circuit: Circuit, whole = false): readonly Pass[] {
  const kept = whole ? plannedWhole : planned;
  const known = kept.get(circuit);
  if (known) return known;
  checkCircuit(circuit);
  checkSize(circuit.qubits);
  const passes = whole ? schedule(circuit.gates.flatMap(operationsOf), circuit.qubits, true) : passesOf(circuit);
  kept.set(circuit, passes);
  return passes;
}

function run(
  circuit: Circuit,
  angles: ArrayLike<number>,
  states: 1 | 2,
  precision: Precision,
): { machine: Machine; passes: readonly Pass[] } {
  const passes = plan(circuit);
  checkAngles(circuit, angles);
  const machine = openMachine(circuit.qubits, passes, angles, states, precision);
  for (const pass of passes) runPass(machine, pass);
  return { machine, passes };
}

/** Amplitudes of U|0…0>; where gates are known up to a phase only (see operations.ts), up to a phase of the whole. */
export function stateVector(circuit: Circuit, angles: ArrayLike<number>): { readonly re: Float64Array; readonly im: Float64Array } {
  const passes = plan(circuit, true);
  checkAngles(circuit, angles);
  const machine = openMachine(circuit.qubits, passes, angles, 0);
  for (const pass of passes) runPass(machine, pass);
  const { re, im } = partsOf(machine, machine.call.addressOfPsi());
  const scaled = (part: Float64Array | Float32Array): Float64Array =>
    Float64Array.from(part.subarray(0, 2 ** circuit.qubits), (x) => machine.scale * x);
  return { re: scaled(re), im: scaled(im) };
}

/** Weights of the kernel: those of idle qubits are beyond the first 2^n. */
const weights = (machine: Machine, n: number): Float64Array | Float32Array => view(machine, machine.call.addressOfWeights(), 2 ** n);

function squared(machine: Machine, n: number): Float64Array {
  machine.call.square(machine.scale ** 2);
  return Float64Array.from(weights(machine, n));
}

/**
 * p_k = |<k|U|0…0>|², bit j of k that of qubit j.
 *
 * @param precision  of amplitudes: singles are twice as fast, and right to about 1e-6
 */
export const probabilities = (circuit: Circuit, angles: ArrayLike<number>, precision: Precision = "f64"): Float64Array =>
  squared(run(circuit, angles, 1, precision).machine, circuit.qubits);

/**
 * The objective of the probabilities and its gradient in all angles, by adjoint differentiation: about four times the work of the value.
 *
 * @param objective  any function of the probabilities, with its slopes c_k = ∂value/∂p_k; may not itself simulate
 */
export function valueAndGradient(
  circuit: Circuit,
  angles: ArrayLike<number>,
  objective: Objective,
  precision: Precision = "f64",
): { readonly value: number; readonly gradient: Float64Array; readonly probabilities: Float64Array } {
  const { machine, passes } = run(circuit, angles, 2, precision);
  const p = squared(machine, circuit.qubits);
  const { value, slopes } = objective(p);
  if (!Number.isFinite(value)) throw new UserError(`the objective is ${value}`, "costs must be finite numbers");
  if (slopes.length !== p.length) throw new UserError(`the objective has ${slopes.length} slopes for ${p.length} probabilities`);
  if (!isOpen(machine)) throw new Error("an objective has simulated a circuit while its own was being differentiated");
  weights(machine, circuit.qubits).set(slopes);
  machine.call.weigh();
  const gradient = new Float64Array(circuit.parameters);
  for (let i = passes.length - 1; i >= 0; i--) undoPass(machine, passes[i], gradient, i === 0);
  return { value, gradient, probabilities: p };
}
