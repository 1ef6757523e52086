/** Probabilities of a circuit, and gradients of whatever is made of them. */
import { UserError } from "../errors.ts";
import { undoPass } from "./adjoint.ts";
import type { Circuit, Objective } from "./circuit.ts";
import { isOpen, type Machine, openMachine, runPass, view } from "./machine.ts";
import { checkCircuit } from "./operations.ts";
import { type Pass, passesOf } from "./passes.ts";

const planned = new WeakMap<Circuit, readonly Pass[]>();

/** Passes of a circuit that has been checked; kept, for an optimizer asks a thousand times. */
function plan(circuit: Circuit): readonly Pass[] {
  const known = planned.get(circuit);
  if (known) return known;
  checkCircuit(circuit);
  const passes = passesOf(circuit);
  planned.set(circuit, passes);
  return passes;
}

function run(circuit: Circuit, angles: ArrayLike<number>, states: 1 | 2): { machine: Machine; passes: readonly Pass[] } {
  const passes = plan(circuit);
  if (angles.length !== circuit.parameters) throw new UserError(`the circuit has ${circuit.parameters} parameters, not ${angles.length}`);
  for (let i = 0; i < angles.length; i++)
    if (!Number.isFinite(angles[i])) throw new UserError(`parameter ${i} of the circuit is ${angles[i]}`);
  const machine = openMachine(circuit.qubits, passes, angles, states);
  for (const pass of passes) runPass(machine, pass);
  return { machine, passes };
}

/** Weights of the kernel: those of idle qubits are beyond the first 2^n. */
const weights = (machine: Machine, n: number): Float64Array => view(machine, machine.call.addressOfWeights(), 2 ** n);

function squared(machine: Machine, n: number): Float64Array {
  machine.call.square(machine.scale ** 2);
  return weights(machine, n).slice();
}

/** p_k = |<k|U|0…0>|², bit j of k that of qubit j. */
export const probabilities = (circuit: Circuit, angles: ArrayLike<number>): Float64Array =>
  squared(run(circuit, angles, 1).machine, circuit.qubits);

/**
 * The objective of the probabilities and its gradient in all angles, by adjoint differentiation: about four times the work of the value.
 *
 * @param objective  any function of the probabilities, with its slopes c_k = ∂value/∂p_k; may not itself simulate
 */
export function valueAndGradient(
  circuit: Circuit,
  angles: ArrayLike<number>,
  objective: Objective,
): { readonly value: number; readonly gradient: Float64Array; readonly probabilities: Float64Array } {
  const { machine, passes } = run(circuit, angles, 2);
  const p = squared(machine, circuit.qubits);
  const { value, slopes } = objective(p);
  if (!isOpen(machine)) throw new Error("an objective has simulated a circuit while its own was being differentiated");
  weights(machine, circuit.qubits).set(slopes);
  machine.call.weigh();
  const gradient = new Float64Array(circuit.parameters);
  for (let i = passes.length - 1; i >= 0; i--) undoPass(machine, passes[i], gradient, i === 0);
  return { value, gradient, probabilities: p };
}
