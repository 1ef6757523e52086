/**
 * Depolarizing noise behind every gate: with probability q a Pauli string other than the identity, all alike (3 on one qubit, 15 on two).
 * Expectations of Pauli strings on the gate's qubits shrink by 1 - 4q/3 and 1 - 16q/15.
 */
import type { Random } from "../array/random.ts";
import { UserError } from "../errors.ts";
import type { Circuit, Gate, Objective } from "./circuit.ts";
import { probabilities, valueAndGradient } from "./simulate.ts";

/** Probabilities of an error after a gate on one qubit, and on two. */
export interface Noise {
  readonly one: number;
  readonly two: number;
}

/** The noise of the paper's scale p: 0.001 p and 0.00375 p. */
export const depolarizing = (scale: number): Noise => ({ one: 0.001 * scale, two: 0.00375 * scale });

/** What is left of a Pauli expectation. @throws UserError  where the noise is no channel */
export function keeps({ one, two }: Noise): Noise {
  if (!(one >= 0 && one <= 1 && two >= 0 && two <= 1))
    throw new UserError(`errors of probability ${one} and ${two} are not between 0 and 1`, "choose a smaller noise");
  return { one: 1 - (4 * one) / 3, two: 1 - (16 * two) / 15 };
}

/** Gates on three qubits as six CX and nine gates on one qubit (Nielsen & Chuang, fig. 4.9): noise is said of one and two qubits. */
export function hardwareGates(gates: readonly Gate[]): readonly Gate[] {
  return gates.flatMap((gate) => {
    if (gate.name !== "ccx") return [gate];
    const [a, b, c] = gate.qubits;
    const on = (name: Gate["name"], ...qubits: readonly number[]): Gate => ({ name, qubits, angles: [] });
    return [
      ...[on("h", c), on("cx", b, c), on("tdg", c), on("cx", a, c), on("t", c), on("cx", b, c), on("tdg", c), on("cx", a, c)],
      ...[on("t", b), on("t", c), on("h", c), on("cx", a, b), on("t", a), on("tdg", b), on("cx", a, b)],
    ];
  });
}

const errorRate = (gate: Gate, { one, two }: Noise): number => (gate.name === "table" ? 0 : gate.qubits.length === 1 ? one : two);

/** Errors that a circuit has on average, and the probability that it has none. */
export function errorsOf(circuit: Circuit, noise: Noise): { readonly mean: number; readonly none: number } {
  const rates = hardwareGates(circuit.gates).map((gate) => errorRate(gate, noise));
  return { mean: rates.reduce((sum, q) => sum + q, 0), none: rates.reduce((product, q) => product * (1 - q), 1) };
}

export interface Trajectories {
  /** Means over trajectories. */
  readonly probabilities: Float64Array;
  /** Of `probabilities`, each by itself. */
  readonly errors: Float64Array;
  /** The mean of the values, if there are some, and its standard error. */
  readonly value?: { readonly mean: number; readonly error: number };
}

/**
 * Noise by pure states: after each gate a Pauli string with probability q. Unbiased for every expectation. States of one pattern of errors
 * are computed once while there is room.
 *
 * @param values  by basis state, of which the mean is wanted
 */
export function trajectories(
  circuit: Circuit,
  angles: ArrayLike<number>,
  noise: Noise,
  { count, random, values }: { readonly count: number; readonly random: Random; readonly values?: ArrayLike<number> },
): Trajectories {
  keeps(noise);
  const gates = hardwareGates(circuit.gates);
  const rates = gates.map((gate) => errorRate(gate, noise));
  const size = 2 ** circuit.qubits;
  const known = new Map<string, Float64Array>();
  const room = Math.max(1, Math.floor(2 ** 22 / size));
  const [sum, squares] = [new Float64Array(size), new Float64Array(size)];
  let [total, totalSquares] = [0, 0];
  for (let t = 0; t < count; t++) {
    const errors = pattern(gates, rates, random);
    const key = errors.map(({ at, string }) => `${at}:${string}`).join();
    const p = known.get(key) ?? probabilities({ ...circuit, gates: withErrors(gates, errors) }, angles);
    if (known.size < room) known.set(key, p);
    let value = 0;
    for (let k = 0; k < size; k++) {
      sum[k] += p[k];
      squares[k] += p[k] * p[k];
      if (values) value += p[k] * values[k];
    }
    total += value;
    totalSquares += value * value;
  }
  const error = (first: number, second: number): number =>
    Math.sqrt(Math.max(0, second / count - (first / count) ** 2) / Math.max(1, count - 1));
  return {
    probabilities: sum.map((x) => x / count),
    errors: sum.map((x, k) => error(x, squares[k])),
    value: values && { mean: total / count, error: error(total, totalSquares) },
  };
}

/** Circuits with the errors of some runs, each once, with its share of the runs. */
function noisyRuns(circuit: Circuit, noise: Noise, count: number, random: Random) {
  keeps(noise);
  const gates = hardwareGates(circuit.gates);
  const rates = gates.map((gate) => errorRate(gate, noise));
  const found = new Map<string, { readonly circuit: Circuit; share: number }>();
  for (let t = 0; t < count; t++) {
    const errors = pattern(gates, rates, random);
    const key = errors.map(({ at, string }) => `${at}:${string}`).join();
    const known = found.get(key);
    if (known) known.share += 1 / count;
    else found.set(key, { circuit: { ...circuit, gates: withErrors(gates, errors) }, share: 1 / count });
  }
  return [...found.values()];
}

/**
 * An objective of the mean probabilities p̄ of noisy runs, and the gradient of c · p̄ with its slopes c: without bias where the objective is
 * linear in p, or its slopes are so in the mean.
 */
export function trajectoryGradient(
  circuit: Circuit,
  angles: ArrayLike<number>,
  noise: Noise,
  { count, random }: { readonly count: number; readonly random: Random },
  objective: Objective,
): { readonly value: number; readonly gradient: Float64Array; readonly probabilities: Float64Array } {
  const runs = noisyRuns(circuit, noise, count, random);
  const mean = new Float64Array(2 ** circuit.qubits);
  for (const run of runs) probabilities(run.circuit, angles).forEach((q, k) => (mean[k] += run.share * q));
  const { value, slopes } = objective(mean);
  const gradient = new Float64Array(circuit.parameters);
  for (const run of runs) {
    const own = valueAndGradient(run.circuit, angles, () => ({ value, slopes })).gradient;
    own.forEach((g, i) => (gradient[i] += run.share * g));
  }
  return { value, gradient, probabilities: mean };
}

interface PauliError {
  /** Behind which gate. */
  readonly at: number;
  /** In base 4, a digit a qubit of the gate: 1 is X, 2 is Y, 3 is Z. */
  readonly string: number;
}

function pattern(gates: readonly Gate[], rates: readonly number[], random: Random): readonly PauliError[] {
  const { data } = random.uniform([Math.max(1, gates.length)], "f64");
  return rates.flatMap((q, at) => {
    if (!(data[at] < q)) return [];
    // given that it is below q, the number is uniform below q: it chooses the string too
    const strings = 4 ** gates[at].qubits.length - 1;
    return [{ at, string: 1 + Math.min(strings - 1, Math.floor((data[at] / q) * strings)) }];
  });
}

const paulis = ["x", "y", "z"] as const;

function withErrors(gates: readonly Gate[], errors: readonly PauliError[]): readonly Gate[] {
  const behind = new Map(errors.map(({ at, string }) => [at, string]));
  return gates.flatMap((gate, at) => {
    const string = behind.get(at);
    if (string === undefined) return [gate];
    const digits = gate.qubits.map((qubit, i) => ({ qubit, pauli: (string >> (2 * i)) & 3 }));
    return [
      gate,
      ...digits
        .filter(({ pauli }) => pauli > 0)
        .map(({ qubit, pauli }): Gate => ({ name: paulis[pauli - 1], qubits: [qubit], angles: [] })),
    ];
  });
}

/** Probabilities of what is read, where every bit is read wrong with probability r. */
export function readOut(p: Float64Array, r: number): Float64Array {
  if (!(r >= 0 && r <= 1)) throw new UserError(`a bit cannot be read wrong with probability ${r}`, "choose a number from 0 to 0.5");
  const read = p.slice();
  for (let bit = 1; bit < p.length; bit *= 2)
    for (let k = 0; k < p.length; k++)
      if (!(k & bit)) {
        const [zero, one] = [read[k], read[k | bit]];
        read[k] = (1 - r) * zero + r * one;
        read[k | bit] = (1 - r) * one + r * zero;
      }
  return read;
}
