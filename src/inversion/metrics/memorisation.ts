/** Whether samples are nearer to what a classifier was trained on than to items of the same classes that it never saw. */
import type { Random } from "../../array/index.ts";
import { nearestRows, rowsOf, type Withheld } from "../../distances/index.ts";
import type { Labelled } from "../labelled.ts";
import { binomialTail, type Proportion, wilson } from "./intervals.ts";
import { rowsWith } from "./rows.ts";

/**
 * A test of H₀: an item of the training part is as likely to be the nearest as one that was held out, t = 1/2.
 */
export interface Memory {
  /** t: share of samples whose nearest item was trained on. */
  readonly share: Proportion;
  /** Samples exactly as near to both parts: left out, as in a sign test. */
  readonly ties: number;
  /** P(as many or more | H₀), one-sided, as if every sample were a trial of its own. */
  readonly binomial: number;
  /**
   * The same when each item, not each sample, is a coin: samples near one item fall together, and an attack that makes one picture 200
   * times has made one trial. Equal to the binomial where no item is the nearest of two samples.
   */
  readonly p: number;
  /** Different items that are nearest to a sample. */
  readonly items: number;
}

/** The test by class and pooled. */
export interface Memorisation {
  /** Of each class that has samples. */
  readonly classes: readonly ({ readonly class: number } & (Memory | Withheld))[];
  readonly pooled: Memory | Withheld;
}

/** Held-out items that a class needs: of fewer, the nearest is far for both parts, and which is nearer is chance. */
const fewestItems = 20;

/** Relative difference of squared distances that is rounding: copies in both parts are equally near. */
const rounding = 1e-9;

/** How many samples of a class each item is the nearest of. */
interface Tally {
  readonly train: readonly number[];
  readonly heldOut: readonly number[];
  readonly ties: number;
}

/**
 * For every sample its nearest item of its class among as many trained on as held out; the larger part is thinned at random.
 *
 * @param samples  in any space of features, in which both parts are given too
 */
export async function memorisation(samples: Labelled, train: Labelled, heldOut: Labelled, rng: Random): Promise<Memorisation> {
  const tallies: Tally[] = [];
  const classes: ({ readonly class: number } & (Memory | Withheld))[] = [];
  for (const c of [...new Set(samples.y)].toSorted((a, b) => a - b)) {
    const parts = [train, heldOut].map(({ x, y }) => ({ x, rows: rowsWith(y, c) }));
    const count = Math.min(...parts.map(({ rows }) => rows.length));
    if (count < fewestItems) {
      const [trained, out] = parts.map(({ rows }) => rows.length);
      classes.push({ class: c, none: `${out} held-out and ${trained} training items: ${fewestItems} of each are needed` });
      continue;
    }
    const [a, b] = parts.map(({ x, rows }, part) => {
      const order = rng.fold(c).fold(part).permutation(rows.length).data;
      return rowsOf(
        x,
        Array.from(order.subarray(0, count), (i) => rows[i]),
      );
    });
    const tally = await tallyOf(rowsOf(samples.x, rowsWith(samples.y, c)), a, b);
    tallies.push(tally);
    classes.push({ class: c, ...memoryOf(tally) });
  }
  if (tallies.length === 0) return { classes, pooled: { none: `no class has ${fewestItems} items in both parts` } };
  return { classes, pooled: memoryOf(pooled(tallies)) };
}

async function tallyOf(samples: Labelled["x"], train: Labelled["x"], heldOut: Labelled["x"]): Promise<Tally> {
  const [a, b] = [await nearestRows(samples, train, 1), await nearestRows(samples, heldOut, 1)];
  const counts = [new Array<number>(train.shape[0]).fill(0), new Array<number>(heldOut.shape[0]).fill(0)];
  let ties = 0;
  a.squares.forEach((square, i) => {
    if (Math.abs(square - b.squares[i]) <= rounding * square) ties++;
    else if (square < b.squares[i]) counts[0][a.indices[i]]++;
    else counts[1][b.indices[i]]++;
  });
  return { train: counts[0], heldOut: counts[1], ties };
}

const pooled = (tallies: readonly Tally[]): Tally => ({
  train: tallies.flatMap(({ train }) => train),
  heldOut: tallies.flatMap(({ heldOut }) => heldOut),
  ties: tallies.reduce((sum, { ties }) => sum + ties, 0),
});

function memoryOf({ train, heldOut, ties }: Tally): Memory | Withheld {
  const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);
  const [hits, trials] = [sum(train), sum(train) + sum(heldOut)];
  if (trials === 0) return { none: `all ${ties} samples are exactly as near to both parts` };
  const weights = [...train, ...heldOut].filter((count) => count > 0);
  return {
    share: wilson(hits, trials),
    ties,
    binomial: binomialTail(hits, trials),
    p: coinTail(weights, hits),
    items: weights.length,
  };
}

/**
 * P(Σ wᵢ Bᵢ ≥ hits) of independent fair coins Bᵢ with whole weights, exactly: the law of the sum, a coin at a time.
 */
export function coinTail(weights: readonly number[], hits: number): number {
  const total = weights.reduce((a, b) => a + b, 0);
  let law = Float64Array.of(1);
  for (const w of weights) {
    const next = new Float64Array(law.length + w);
    law.forEach((p, s) => {
      next[s] += p / 2;
      next[s + w] += p / 2;
    });
    law = next;
  }
  return Math.min(
    1,
    law.subarray(Math.min(hits, total)).reduce((a, b) => a + b, 0),
  ); // not 1 + 4e-16
}
