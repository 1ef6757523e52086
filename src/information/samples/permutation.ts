/** Is there any dependence at all? Pairs against pairs whose partners were exchanged. */
import type { Random } from "../../array/index.ts";
import { type Side, takeRows } from "./side.ts";

/** What a permutation test found. */
export interface PermutationTest {
  /** The statistic of the pairs, and of each exchange; nats. */
  readonly observed: number;
  readonly shuffled: readonly number[];
  /** (1 + exchanges with at least the observed value) / (1 + exchanges): below α with probability at most α if X and Z are independent. */
  readonly p: number;
}

/** Z with its rows in random order: independent of X, each side as it was. */
export const shuffled = (z: Side, rng: Random): Side => takeRows(z, rng.permutation(z.rows).data);

/** How a test is made. */
export interface PermutationOptions {
  readonly permutations: number;
  readonly rng: Random;
  /** Called after each exchange. */
  readonly exchanged?: () => void;
  /** Asked before each exchange. */
  readonly stop?: () => boolean;
}

/**
 * @param statistic  larger for more dependence
 * @source  Phipson & Smyth, Stat. Appl. Genet. Mol. Biol. 9 (2010)
 */
export async function permutationTest(
  statistic: (x: Side, z: Side) => Promise<number>,
  [x, z]: readonly [Side, Side],
  { permutations, rng, exchanged, stop }: PermutationOptions,
): Promise<PermutationTest> {
  const observed = await statistic(x, z);
  const values: number[] = [];
  for (let p = 0; p < permutations && !stop?.(); p++) {
    values.push(await statistic(x, shuffled(z, rng.fold(p))));
    exchanged?.();
  }
  // equal but for rounding counts as reached
  const reached = values.filter((v) => v >= observed - 1e-12).length;
  return { observed, shuffled: values, p: (1 + reached) / (1 + values.length) };
}
