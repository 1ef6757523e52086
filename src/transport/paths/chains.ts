/** Chains of rows through all snapshots, drawn from the law of least acceleration, with weights that make their margins right. */
import { ndarray, type Random, randomStream, toNumbers } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { cumsum, jit, less, type Tensor, take } from "../../tensor/index.ts";
import { type ChainLaw, type ChainLawOptions, chainLaw, chainTransitions, type WeightedSnapshots } from "./chain-law.ts";
import type { Cloud } from "./cloud.ts";
import { cumulate, dealt, type Pairs, sortedPairs } from "./pairs.ts";

/** Chains of rows, one a snapshot, [M] each, and how much each of them counts, of sum one. */
export interface RowChains {
  readonly rows: readonly Int32Array[];
  readonly weights: Float64Array;
}

/** Chains through snapshots, and what their user should know of them. */
export interface ChainsFound extends RowChains {
  readonly note?: string;
}

/** For each row of logits [M, n] the first column whose running sum of exponentials reaches u [M] of the whole. */
function columnAt(logits: Tensor, u: Tensor): Tensor {
  const sums = cumsum(logits.sub(logits.max(1, true)).exp(), 1);
  const level = sums.slice(null, [-1, null]).mul(u.expandDims(1));
  return less(sums, level).cast("i32").sum(1);
}

/** Chains that are drawn at once: 20 MB of logits for 600 particles. */
const block = 4096;

/**
 * `each` chains from every row of the first snapshot, exactly by the law: i_1 given i_0, then each i_{k+1} given i_{k-1} and i_k. At every
 * step the uniform numbers of the chains of a row are stratified. The weights are those of the first rows.
 */
export async function drawChains(law: ChainLaw, each: number, rng: Random): Promise<RowChains> {
  const { snapshots, tension, epsilon, potentials } = law;
  const { times, ...data } = snapshots;
  const draw = jit((s: Omit<WeightedSnapshots<Tensor>, "times">, f: readonly Tensor[], at: Tensor, first: Tensor, u: readonly Tensor[]) => {
    const { near, across } = chainTransitions({ times, ...s }, f, tension, at);
    const rows = [first];
    for (const [k, draws] of u.entries()) {
      const neighbours = take(near[k], rows[k]);
      rows.push(columnAt(k === 0 ? neighbours : neighbours.add(take(across[k - 1], rows[k - 1])), draws));
    }
    return rows;
  });
  const [n] = data.mass[0].shape;
  const M = n * each;
  const first = Int32Array.from({ length: M }, (_, c) => Math.floor(c / each));
  const u = times.slice(1).map((_, k) => strata(n, each, rng.fold(k)));
  const rows = times.map(() => new Int32Array(M));
  for (let c = 0; c < M; c += block) {
    const some = [Math.min(block, M - c)];
    const uniform = u.map((values) => ndarray(values.slice(c, c + block), some, "f64"));
    const found = await draw(
      data,
      potentials,
      ndarray(Float64Array.of(epsilon), [], "f64"),
      ndarray(first.slice(c, c + block), some, "i32"),
      uniform,
    );
    for (const [k, part] of found.entries()) rows[k].set(toNumbers(part), c);
  }
  await draw.dispose();
  return { rows, weights: Float64Array.from(first, (i) => data.mass[0].data[i] / each) };
}

/** For each of n rows `each` numbers, one in every part of (0, 1), in random order: [n · each]. */
function strata(n: number, each: number, rng: Random): Float64Array<ArrayBuffer> {
  const place = rng.uniform([n * each], "f64").data;
  const order = Array.from({ length: n }, () => toNumbers(rng.permutation(each)));
  return Float64Array.from(place, (v, c) => (order[Math.floor(c / each)][c % each] + v) / each);
}

/** At most so many rounds of fitting, each of which makes the margins right one after the other. */
const rounds = 500;

/**
 * Chains with weights whose margins are those of the snapshots, by iterative proportional fitting: the last exactly, the others but for
 * `error`, the largest Σ |margin - μ|.
 *
 * @source  Deming & Stephan, Ann. Math. Stat. 11 (1940)
 */
export function fittedChains(
  { rows, weights: given }: RowChains,
  mass: readonly ArrayLike<number>[],
): RowChains & { readonly error: number } {
  const weights = given.slice();
  let error = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds && error > 1e-6; round++) error = Math.max(...rows.map((row, k) => fitMargin(weights, row, mass[k])));
  return { rows, weights, error };
}

/** Makes one margin right, and says how far it was off. What no chain passes is left to the others. */
function fitMargin(weights: Float64Array, row: Int32Array, mass: ArrayLike<number>): number {
  const margin = new Float64Array(mass.length);
  for (let c = 0; c < row.length; c++) margin[row[c]] += weights[c];
  const passed = margin.reduce((sum, m, i) => sum + (m > 0 ? mass[i] : 0), 0);
  const factors = margin.map((m, i) => (m > 0 ? mass[i] / (m * passed) : 0));
  for (let c = 0; c < row.length; c++) weights[c] *= factors[row[c]];
  return margin.reduce((sum, m, i) => sum + Math.abs(m - mass[i]), 0);
}

/** Particles of a part: its two products a knot and sweep take a tenth of a second. */
const partSize = 600;
/** Parts: 6,000 particles take minutes. */
const mostParts = 10;

/** How many parts snapshots of these sizes are dealt into; undefined: they are too large, or too unlike in size. */
export function chainParts(sizes: readonly number[]): number | undefined {
  const count = Math.ceil(Math.max(...sizes) / partSize);
  return count <= mostParts && count <= Math.min(...sizes) ? count : undefined;
}

/** Chains that pass a row, in the mean over the largest snapshot. */
const density = 32;
/** Largest Σ |margin - μ| of chains: a fortieth of the mass is with other particles then, less than the sampling of a snapshot moves. */
const mostOff = 0.05;

/**
 * Chains of least acceleration through clouds. Snapshots of more than 600 particles are dealt at random into equally many parts, and chains
 * lead through parts of one number.
 *
 * @throws RangeError  for clouds that are too large (`chainParts`)
 * @throws UserError   where the chains do not get the margins of the snapshots
 */
export async function chainsThrough(
  times: readonly number[],
  clouds: readonly Cloud[],
  options: ChainLawOptions = {},
): Promise<ChainsFound> {
  const sizes = clouds.map(({ points }) => points.shape[0]);
  const count = chainParts(sizes);
  if (count === undefined)
    throw new RangeError(`chainsThrough: snapshots of ${sizes.join(", ")} particles are too large, or too unlike in size`);
  const parts = clouds.map((cloud, k) => dealt(cloud, count, randomStream(1).fold(k)));
  const found: RowChains[] = [];
  const laws: Pick<ChainLaw, "settled" | "sweeps" | "error">[] = [];
  for (let b = 0; b < count; b++) {
    const part = parts.map((of) => of[b]);
    const law = await chainLaw(
      times,
      part.map(({ cloud }) => cloud),
      options,
    );
    const counts = part.map(({ rows }) => rows.length);
    const drawn = await drawChains(law, Math.ceil((density * Math.max(...counts)) / counts[0]), randomStream(1).fold(`chains ${b}`));
    const { rows, weights, error } = fittedChains(
      drawn,
      law.snapshots.mass.map((m) => m.data),
    );
    if (!(error <= mostOff))
      throw new UserError(
        `--coupling multimarginal: ${percent(error)} of the mass of a snapshot is not on its particles after ${law.sweeps} sweeps; at most ${percent(mostOff)} are allowed`,
        "use --coupling smooth",
      );
    laws.push(law);
    found.push({ rows: rows.map((r, k) => r.map((i) => part[k].rows[i])), weights: weights.map((w) => w / count) });
  }
  return {
    rows: clouds.map((_, k) => Int32Array.from(found.flatMap(({ rows }) => Array.from(rows[k])))),
    weights: Float64Array.from(found.flatMap(({ weights }) => Array.from(weights))),
    ...unsettled(laws),
  };
}

/** Weights make the margins of drawn chains right; what is between them is that of a law which has not been found to the end. */
function unsettled(laws: readonly Pick<ChainLaw, "settled" | "sweeps" | "error">[]): Pick<ChainsFound, "note"> {
  const open = laws.filter(({ settled }) => !settled);
  if (open.length === 0) return {};
  const worst = open.reduce((a, b) => (b.error > a.error ? b : a));
  const where = laws.length === 1 ? "" : ` in ${open.length} of ${laws.length} parts`;
  return {
    note:
      `--coupling multimarginal: after ${worst.sweeps} sweeps ${percent(worst.error)} of the mass of a snapshot was not yet on its ` +
      `particles${where}; weights correct that, but the chains are not quite those of least acceleration: compare with --coupling smooth`,
  };
}

/** Half of Σ |margin - μ|, the mass that is elsewhere. */
const percent = (error: number): string => `${Number((50 * error).toPrecision(2))} %`;

/** The pairs of snapshots k and k + 1 along chains, of n rows in snapshot k. */
export function pairsAlong({ rows, weights }: RowChains, k: number, n: number): Pairs {
  const m = rows[k + 1].reduce((a, b) => Math.max(a, b)) + 1;
  const masses = new Map<number, number>();
  for (const [c, i] of rows[k].entries()) masses.set(i * m + rows[k + 1][c], (masses.get(i * m + rows[k + 1][c]) ?? 0) + weights[c]);
  const entries = [...masses.keys()];
  return sortedPairs({ from: entries.map((e) => Math.floor(e / m)), to: entries.map((e) => e % m), mass: [...masses.values()] }, n);
}

/** Chains as they are drawn by uniform numbers. */
export interface DrawnChains {
  readonly rows: readonly Int32Array[];
  readonly cumulated: Float64Array;
}

export const drawable = ({ rows, weights }: RowChains): DrawnChains => ({ rows, cumulated: cumulate(weights) });
