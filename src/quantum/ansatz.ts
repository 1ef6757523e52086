/** Families of circuits. Gates of a row stand in the order of qubits; parameters as the docstrings say. */
import type { Angle, Circuit, Gate } from "./circuit.ts";

const free = (parameter: number): Angle => ({ parameter });
const range = (n: number): readonly number[] => Array.from({ length: n }, (_, j) => j);
const cx = (control: number, target: number): Gate => ({ name: "cx", qubits: [control, target], angles: [] });

/** A rotation of every qubit by parameters first, first + 1, … */
const row = (name: "ry" | "rz", n: number, first: number): readonly Gate[] =>
  range(n).map((j) => ({ name, qubits: [j], angles: [free(first + j)] }));

/** Layers of couplings and rotations; parameters [RY_1, …, RY_depth, RZ_1, …, RZ_depth], each of n. */
const layered = (n: number, depth: number, layer: (d: number, rotations: readonly Gate[]) => readonly Gate[]): Circuit => ({
  qubits: n,
  parameters: 2 * n * depth,
  gates: range(depth).flatMap((d) => layer(d, [...row("ry", n, n * d), ...row("rz", n, n * (depth + d))])),
});

/**
 * Rows d = 1 … depth of CX on neighbours (control j, target j + 1; from qubit 1 in odd rows, from 0 in even ones), RY, RZ. The first row
 * of CX and the last of RZ change no probability. A layer of the paper is two rows.
 *
 * @source  Carrasquilla et al., "Quantum HyperNetworks", arXiv 2301.08292; parameters in the order of its code
 */
export const brick = (n: number, depth: number): Circuit =>
  layered(n, depth, (d, rotations) => [
    ...range(n)
      .filter((j) => j % 2 === (d + 1) % 2 && j + 1 < n)
      .map((j) => cx(j, j + 1)),
    ...rotations,
  ]);

/** RY of every qubit: bits are independent, qubit j is 1 with probability sin²(θ_j / 2). */
export const product = (n: number): Circuit => ({ qubits: n, parameters: n, gates: row("ry", n, 0) });

/** RY and RZ of all, then CX(0, 1), CX(1, 2), … one after the other; parameters as those of `brick`. */
export const linearChain = (n: number, layers: number): Circuit =>
  layered(n, layers, (_, rotations) => [...rotations, ...range(n - 1).map((j) => cx(j, j + 1))]);

/** RY and RZ of all, then CX(i, j) for all i < j; parameters as those of `brick`. */
export const allToAll = (n: number, layers: number): Circuit =>
  layered(n, layers, (_, rotations) => [
    ...rotations,
    ...range(n).flatMap((i) =>
      range(n)
        .slice(i + 1)
        .map((j) => cx(i, j)),
    ),
  ]);

/**
 * |+…+>, then for each layer e^{-iγC} and RX(2β) of every qubit; parameters [γ_1, β_1, γ_2, β_2, …]. Costs should be scaled to [0, 1].
 *
 * @param table  C_k, 2^n of them
 * @source  Farhi, Goldstone & Gutmann, arXiv 1411.4028
 */
export const qaoa = (n: number, layers: number, table: Float64Array): Circuit => ({
  qubits: n,
  parameters: 2 * layers,
  gates: [
    ...range(n).map((j): Gate => ({ name: "h", qubits: [j], angles: [] })),
    ...range(layers).flatMap((l): Gate[] => [
      { name: "table", qubits: range(n), angles: [free(2 * l)], table },
      ...range(n).map((j): Gate => ({ name: "rx", qubits: [j], angles: [{ parameter: 2 * l + 1, factor: 2 }] })),
    ]),
  ],
});
