/** Rows of rotations as turns of pairs of qubits. */
import type { Angle } from "./circuit.ts";
import { type Machine, qubitsWithin } from "./machine.ts";
import { angleValue } from "./operations.ts";
import type { Row } from "./passes.ts";

/** The angle of a qubit in a row. */
export const total = (angles: readonly Angle[], parameters: ArrayLike<number>): number =>
  angles.reduce((sum: number, angle) => sum + angleValue(angle, parameters), 0);

/** RY(angle) as [[c, -s], [s, c]] over a factor: see rotations.as.ts. */
export function scaledTurn(angle: number) {
  const [c, s] = [Math.cos(angle / 2), Math.sin(angle / 2)];
  return Math.abs(c) >= Math.abs(s) ? { t: s / c, steep: 0, factor: c, c, s } : { t: c / s, steep: 1, factor: s, c, s };
}

/**
 * Qubits of a row, two and two, those within vectors first, each with one that is not. One alone stands beside a qubit that is not in the row,
 * or has been turned in a pair before.
 */
export function pairsOf(row: Row, machine: Machine): readonly (readonly [a: number, b: number])[] {
  const { qubits: n } = machine;
  const within = qubitsWithin(machine);
  const inRow = [...row.keys()].sort((a, b) => a - b);
  const outer = inRow.filter((q) => q >= within);
  const pairs: [number, number][] = [];
  const beside = (q: number): number => {
    const others = Array.from({ length: n - within }, (_, j) => j + within).filter((j) => j !== q);
    return others.find((j) => !row.has(j)) ?? others.find((j) => pairs.some((pair) => pair.includes(j))) ?? others[0];
  };
  for (const q of inRow.filter((q) => q < within)) pairs.push([q, outer.shift() ?? beside(q)]);
  for (; outer.length >= 2; outer.splice(0, 2)) pairs.push([outer[0], outer[1]]);
  if (outer.length === 1) pairs.push(outer[0] < beside(outer[0]) ? [outer[0], beside(outer[0])] : [beside(outer[0]), outer[0]]);
  return pairs;
}

/** Whether a qubit is within vectors. */
export const isWithin = (machine: Machine, qubit: number): boolean => qubit < qubitsWithin(machine);
