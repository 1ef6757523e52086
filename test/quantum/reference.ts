/** State vectors with one plain loop an operation, to check kernels against. */
import type { Circuit, Gate, Objective } from "../../src/quantum/circuit.ts";
import { type Operation as AnyOperation, angleValue, operationsOf as anyOperationsOf } from "../../src/quantum/operations.ts";

type Operation = Exclude<AnyOperation, { kind: "depolarize" }>;
const operationsOf = (gate: Gate): readonly Operation[] => anyOperationsOf(gate).filter((o) => o.kind !== "depolarize");

interface State {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** Multiplies amplitude k by e^{i angle(k)}. */
function turn({ re, im }: State, angle: (k: number) => number): void {
  for (let k = 0; k < re.length; k++) {
    const [c, s, a, b] = [Math.cos(angle(k)), Math.sin(angle(k)), re[k], im[k]];
    re[k] = c * a - s * b;
    im[k] = s * a + c * b;
  }
}

function apply(state: State, operation: Operation, parameters: ArrayLike<number>, sign: 1 | -1): void {
  const { re, im } = state;
  if (operation.kind === "flip") {
    const { controls, target } = operation;
    for (let k = 0; k < re.length; k++)
      if ((k & controls) === controls && !(k & (1 << target)))
        for (const part of [re, im]) [part[k], part[k | (1 << target)]] = [part[k | (1 << target)], part[k]];
    return;
  }
  const t = sign * angleValue(operation.angle, parameters);
  if (operation.kind === "rz") turn(state, (k) => (k & (1 << operation.qubit) ? t / 2 : -t / 2));
  else if (operation.kind === "phase") turn(state, (k) => ((k & operation.mask) === operation.mask ? t : 0));
  else if (operation.kind === "table") turn(state, (k) => -t * operation.table[k]);
  else {
    const [c, s, bit] = [Math.cos(t / 2), Math.sin(t / 2), 1 << operation.qubit];
    for (let k = 0; k < re.length; k++)
      if (!(k & bit))
        for (const part of [re, im]) [part[k], part[k | bit]] = [c * part[k] - s * part[k | bit], s * part[k] + c * part[k | bit]];
  }
}

/** 2 Re<λ| dU/dt U^† |ψ>, of the operation just undone in neither. */
function slope({ re, im }: State, lambda: State, operation: Exclude<Operation, { kind: "flip" }>): number {
  let sum = 0;
  for (let k = 0; k < re.length; k++) {
    const turned = lambda.re[k] * im[k] - lambda.im[k] * re[k]; // Im(λ̄ψ)
    if (operation.kind === "rz") sum += k & (1 << operation.qubit) ? -turned : turned;
    else if (operation.kind === "phase") sum -= (k & operation.mask) === operation.mask ? 2 * turned : 0;
    else if (operation.kind === "table") sum += 2 * operation.table[k] * turned;
    else {
      const other = k ^ (1 << operation.qubit);
      const product = lambda.re[other] * re[k] + lambda.im[other] * im[k];
      sum += k & (1 << operation.qubit) ? -product : product;
    }
  }
  return sum;
}

const zero = (qubits: number): State => ({ re: new Float64Array(2 ** qubits).fill(1, 0, 1), im: new Float64Array(2 ** qubits) });

/** U|0…0>, up to its phase. */
export function stateOf({ qubits, gates }: Circuit, parameters: ArrayLike<number>): State {
  const state = zero(qubits);
  for (const operation of gates.flatMap(operationsOf)) apply(state, operation, parameters, 1);
  return state;
}

export const probabilities = (circuit: Circuit, parameters: ArrayLike<number>): Float64Array => {
  const { re, im } = stateOf(circuit, parameters);
  return re.map((a, k) => a * a + im[k] * im[k]);
};

export function valueAndGradient(circuit: Circuit, parameters: ArrayLike<number>, objective: Objective) {
  const state = stateOf(circuit, parameters);
  const p = state.re.map((a, k) => a * a + state.im[k] * state.im[k]);
  const { value, slopes } = objective(p);
  const lambda: State = { re: state.re.map((a, k) => a * slopes[k]), im: state.im.map((a, k) => a * slopes[k]) };
  const gradient = new Float64Array(circuit.parameters);
  for (const operation of circuit.gates.flatMap(operationsOf).toReversed()) {
    if (operation.kind !== "flip" && typeof operation.angle !== "number")
      gradient[operation.angle.parameter] += (operation.angle.factor ?? 1) * slope(state, lambda, operation);
    apply(state, operation, parameters, -1);
    apply(lambda, operation, parameters, -1);
  }
  return { value, gradient, probabilities: p };
}
