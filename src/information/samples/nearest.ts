/** Estimates from neighbours, with errors, baselines and what makes them doubtful. */
import type { Random } from "../../array/index.ts";
import { formatNumber } from "../../numbers.ts";
import { blockErrors, type OnRows, onHalves } from "./blocks.ts";
import { digamma } from "./digamma.ts";
import { firstTerms, meanOf, secondTerms } from "./ksg.ts";
import type { Measured, Part } from "./measured.ts";
import { nothing } from "./measured.ts";
import { type Neighbourhoods, type Neighbours, neighbours } from "./neighbours.ts";
import { shuffled } from "./permutation.ts";
import { codes, countsOf, isContinuous, isDiscrete, type Side, takeRows } from "./side.ts";
import { withoutTies } from "./ties.ts";

/** Rows, in random order, that an O(n²) estimate uses at most. */
export const someRows = (n: number, most: number, rng: Random): Int32Array => rng.permutation(n).data.slice(0, Math.min(n, most));

/** Shuffles whose mean and spread are the baseline. */
const shuffles = 5;

/** Mean of an estimate over shuffled pairs, and its spread: the error of one. */
export async function baselineOf(
  estimate: (x: Side, z: Side) => Promise<readonly number[]>,
  [x, z]: readonly [Side, Side],
  rng: Random,
): Promise<{ mean: number; se: number }[]> {
  const values: (readonly number[])[] = [];
  for (let s = 0; s < shuffles; s++) values.push(await estimate(x, shuffled(z, rng.fold(s))));
  return values[0].map((_, e) => {
    const mean = meanOf(values.map((v) => v[e]));
    return { mean, se: Math.sqrt((meanOf(values.map((v) => (v[e] - mean) ** 2)) * shuffles) / (shuffles - 1)) };
  });
}

/** Rows whose labels occur once have no neighbour of their kind. */
function withoutSingles([x, z]: readonly [Side, Side]): { sides: [Side, Side]; singles: number } {
  const code = codes([x, z]);
  const counts = countsOf(code);
  const rows = Array.from(code.keys()).filter((i) => counts[code[i]] > 1);
  return { sides: [takeRows(x, rows), takeRows(z, rows)], singles: x.rows - rows.length };
}

/** How neighbours are counted. */
export interface NearestOptions {
  readonly k: number;
  /** Rows used at most: the work grows with their square. */
  readonly most: number;
  readonly rng: Random;
  /** The compiled counter, where there is one for such pairs. */
  readonly count?: Neighbours;
}

/**
 * KSG-1 and KSG-2 of numbers, their ties spread; of labels against numbers Ross's estimator; of everything else the mixed one; each with
 * its error from blocks, its baseline and its drift. Labels on both sides are counted instead (`table.ts`).
 */
export async function nearest(pairs: readonly [Side, Side], { k, most, rng, count = neighbours(pairs, k) }: NearestOptions): Promise<Part> {
  if (pairs.every(isDiscrete)) return skip("labels on both sides are counted (plug-in), not measured by distances");
  const { sides, singles } = withoutSingles(pairs);
  if (sides[0].rows < k + 2) return skip(`only ${sides[0].rows} rows have labels that occur twice`);
  const rows = someRows(sides[0].rows, most, rng.fold("rows"));
  const [x, z] = sides.map((side, s) => takeRows(withoutTies(side, rng.fold(s)), rows));
  const all = await count(x, z);
  const plain = isContinuous(x) && isContinuous(z);
  const read = (found: Neighbourhoods): number[] => [firstTerms(found), ...(plain ? [secondTerms(found)] : [])].map(meanOf);
  const values = read(all);
  const onRows: OnRows = async (some) => read(await count(takeRows(x, some), takeRows(z, some)));
  const errors =
    (await blockErrors(onRows, rows.length, rng.fold("blocks"), rowsPerNeighbour * k)) ??
    values.map((_, e) => naiveError(e === 0 ? firstTerms(all) : secondTerms(all)));
  const halves =
    rows.length >= Math.max(limits.rows, 2 * rowsPerNeighbour * k) ? await onHalves(onRows, rows.length, rng.fold("halves")) : values;
  const baselines = await baselineOf(async (a, b) => read(await count(a, b)), [x, z], rng.fold("shuffles"));
  const names = namesOf(x, z);
  const cap = plain ? digamma(rows.length) - digamma(k) : undefined;
  const dimensions = x.columns.length + z.columns.length;
  const measured = values.map((mean, e): Measured => {
    const doubt = doubts({ k, mean, se: errors[e], drift: mean - halves[e], cap, dimensions, rows: rows.length });
    return {
      ...{ method: "ksg", name: names[e], kind: "estimate", mean, se: errors[e], baseline: baselines[e], cap, pairs: rows.length },
      valid: doubt === undefined,
      why: doubt ?? `the same from half of the rows as from all, with ${k} neighbours`,
    };
  });
  const notes = [
    ...(singles > 0 ? [`${singles} rows with labels that occur once have no neighbour of their kind: left out of ${names[0]}`] : []),
    ...(rows.length < sides[0].rows ? [`neighbours: ${rows.length} of ${sides[0].rows} rows, drawn at random (--rows)`] : []),
  ];
  return { ...nothing, measured, notes };
}

/** Rows that a block needs for each neighbour: fewer, and neighbours are as far as the block is wide. */
const rowsPerNeighbour = 4;

/** Names of the first and the second estimator on such columns. */
function namesOf(x: Side, z: Side): readonly string[] {
  if (isContinuous(x) && isContinuous(z)) return ["KSG-1", "KSG-2"];
  const pure = (isDiscrete(x) && isContinuous(z)) || (isContinuous(x) && isDiscrete(z));
  return [pure ? "Ross" : "mixed KSG"];
}

/** As if terms were independent: for fewer rows than blocks need. */
const naiveError = (terms: Float64Array): number => {
  const mean = meanOf(terms);
  return Math.sqrt(meanOf(terms.map((t) => (t - mean) ** 2)) / (terms.length - 1));
};

const skip = (why: string): Part => ({ ...nothing, skipped: [{ method: "ksg", why }] });

/** Columns of both sides from which neighbours are too far apart: see the tables of docs/measurements/information-samples.md. */
export const mostColumns = 6;

/** Smallest drift that matters, in nats; fewest rows for judging one; most columns. */
const limits = { drift: 0.03, rows: 100, dimensions: mostColumns };

interface Judged {
  readonly k: number;
  readonly mean: number;
  readonly se: number;
  /** From half of the rows to all. */
  readonly drift: number;
  readonly cap: number | undefined;
  readonly dimensions: number;
  readonly rows: number;
}

/** Why an estimate from neighbours is not to be believed. */
function doubts({ k, mean, se, drift, cap, dimensions, rows }: Judged): string | undefined {
  if (rows < Math.max(limits.rows, 2 * rowsPerNeighbour * k))
    return `${rows} rows are too few to see whether it still moves with their number`;
  if (cap !== undefined && mean > cap - 1)
    return `within a nat of ${formatNumber(cap)}, the most that neighbours of ${rows} rows can give: the truth may be anything above`;
  if (Math.abs(drift) > Math.max(limits.drift, 2 * se))
    return `moved by ${formatNumber(drift)} nats from half of the rows to all: biased by their number, and by about as much again`;
  if (dimensions > limits.dimensions && mean > 3 * se)
    return `${dimensions} columns in all: neighbours are too far apart to see dependence at full strength, and the number is too low`;
  return undefined;
}
