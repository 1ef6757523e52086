/** What a trial wave function is: parameters, what each electron is alone, and what all are together. Walkers are the last axis everywhere. */
import type { NdArray, Random } from "../../array/index.ts";
import type { Tensor } from "../../tensor/index.ts";

/** A linear map that electrons share: weight [inputs, outputs], bias [outputs]. */
export interface Linear<T> {
  readonly weight: T;
  readonly bias?: T;
}

/** Parameters by name. All others than linear maps have a last axis of length 1, along which walkers stand when each gets a copy of its own. */
export interface Parameters<T> {
  readonly linear: Readonly<Record<string, Linear<T>>>;
  readonly other: Readonly<Record<string, T>>;
}

/** How a wave function uses its parameters. */
export interface WaveNetwork {
  /** W^T x + b along the first axis of x: [inputs, ..., walkers] -> [outputs, ..., walkers]. */
  readonly linear: (name: string, x: Tensor) => Tensor;
  /** [..., 1], or [..., walkers] where each walker has a copy. */
  readonly other: (name: string) => Tensor;
}

/** ψ = sign · e^logAbs of each walker: [walkers]. */
export interface Wave {
  readonly logAbs: Tensor;
  readonly sign: Tensor;
}

type PairArguments = [rows: readonly Tensor[], columns: readonly Tensor[], all: readonly Tensor[]];

/** A trial wave function of N electrons; positions x are [dimension, N, walkers]. */
export interface Ansatz {
  readonly name: string;
  readonly init: (rng: Random) => Parameters<NdArray>;
  /** What electrons are before they meet: tensors [..., N, walkers] of which column i depends on electron i alone. */
  readonly electrons: (x: Tensor, network: WaveNetwork) => readonly Tensor[];
  /**
   * What electrons are to each other when they first meet. `rows` and `columns` are tensors of `electrons` that broadcast against each other as
   * [..., N, 1, walkers] and [..., 1, N, walkers]; elements i, j of the results [..., N, N, walkers] depend on electrons i and j alone, and on
   * `all`, of which no derivative is taken. Their sums over j follow the electrons in what `wave` and `orbitals` are given.
   */
  readonly pairs?: (...of: PairArguments) => readonly Tensor[];
  /** log |ψ| and its sign. */
  readonly wave: (x: Tensor, electrons: readonly Tensor[], network: WaveNetwork) => Wave;
  /** Orbitals of all determinants [determinants, orbital, electron, walkers], for training on given ones. */
  readonly orbitals?: (x: Tensor, electrons: readonly Tensor[], network: WaveNetwork) => Tensor;
}

/** Arguments of `pairs` of a wave function inside another that has electrons of its own before. */
export const afterFirst = (count: number, [rows, columns, all]: PairArguments): PairArguments => [
  rows.slice(count),
  columns.slice(count),
  all.slice(count),
];

/** [..., N, walkers] -> [..., N, 1, walkers]. */
export const asRows = (t: Tensor): Tensor => t.expandDims(t.rank - 1);
/** [..., N, walkers] -> [..., 1, N, walkers]. */
export const asColumns = (t: Tensor): Tensor => t.expandDims(t.rank - 2);

/** Electrons alone, then what they get of the others when they first meet: what `wave` and `orbitals` are given. */
export function electronsOfWave(ansatz: Ansatz, x: Tensor, network: WaveNetwork): readonly Tensor[] {
  const alone = ansatz.electrons(x, network);
  const met = ansatz.pairs?.(alone.map(asRows), alone.map(asColumns), alone) ?? [];
  return [...alone, ...met.map((t) => t.sum(-2))];
}

/** The wave function at x. */
export const waveOf = (ansatz: Ansatz, x: Tensor, network: WaveNetwork): Wave =>
  ansatz.wave(x, electronsOfWave(ansatz, x, network), network);
