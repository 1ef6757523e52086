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

/** A trial wave function of N electrons; positions x are [dimension, N, walkers]. */
export interface Ansatz {
  readonly name: string;
  readonly init: (rng: Random) => Parameters<NdArray>;
  /** What electrons are before they meet: tensors [..., N, walkers] of which column i depends on electron i alone. */
  readonly electrons: (x: Tensor, network: WaveNetwork) => readonly Tensor[];
  /** log |ψ| and its sign. */
  readonly wave: (x: Tensor, electrons: readonly Tensor[], network: WaveNetwork) => Wave;
  /** Orbitals of all determinants [determinants, orbital, electron, walkers], for training on given ones. */
  readonly orbitals?: (x: Tensor, electrons: readonly Tensor[], network: WaveNetwork) => Tensor;
}

/** The wave function at x. */
export const waveOf = (ansatz: Ansatz, x: Tensor, network: WaveNetwork): Wave => ansatz.wave(x, ansatz.electrons(x, network), network);
