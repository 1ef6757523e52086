/** What every attack is: from a target and public knowledge to samples of every class. */
import type { NdArray, Random } from "../../array/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import type { Classifier } from "../classifier.ts";
import type { Prior } from "../prior.ts";

/** What an attacker has, and is asked for. No private data are among it. */
export interface Attacked {
  readonly target: Classifier;
  readonly prior: Prior;
  /** Public inputs as rows [m, D], in the units of the data. */
  readonly publicRows: NdArray<"f32">;
  /** Classes that are attacked, by number. */
  readonly classes: readonly number[];
  /** Samples of each. */
  readonly n: number;
  /** Logit of being data, x [n, D] -> [n]: a discriminator of public data, where there is one. */
  readonly realism?: (x: Tensor) => Tensor;
}

/** Samples of an attack. */
export interface Attempt {
  /** Rows [J, n, D] of each class that was attacked. */
  readonly inputs: NdArray<"f32">;
  /** Of each class, where the attack is a distribution with a density. */
  readonly posteriors?: readonly Posterior[];
  /** What was guessed or left out. */
  readonly notes?: readonly string[];
}

/** What a variational attack knows of its own distribution: see `PosteriorScore`. */
export interface Posterior {
  readonly gamma: number;
  readonly loss: number;
  readonly kl: number;
  readonly gap: number;
  readonly ess: number;
  readonly outside: number;
}

/** An attack by name. */
export interface Attack {
  readonly name: string;
  /** What it does, in a line. */
  readonly title: string;
  /** Steps that it takes, for the line of progress. */
  readonly steps: number;
  /** @param watch  told of every step */
  run(attacked: Attacked, rng: Random, watch: () => void): Promise<Attempt>;
}
