/** Mutual information of labels, by counting; numbers come in bins. */
import { meanRanks } from "./ranks.ts";
import { codes, countsOf, isLabel, type Side } from "./side.ts";

/** Entropy or information from counts, in nats. */
export interface Counted {
  /** With frequencies in the place of probabilities. */
  readonly plugin: number;
  /** With the correction of Miller and Madow. */
  readonly value: number;
  readonly se: number;
}

/**
 * H = -Σ p log p + (m - 1) / (2N), over m labels that occur.
 *
 * @source  Miller, Information Theory in Psychology (1955); Paninski, Neural Computation 15 (2003), section 3
 */
export function entropy(code: Int32Array): Counted {
  const n = code.length;
  const counts = countsOf(code);
  const log = Float64Array.from(counts, (c) => -Math.log(c / n));
  const plugin = counts.reduce((sum, c, a) => sum + (c / n) * log[a], 0);
  const spread = counts.reduce((sum, c, a) => sum + (c / n) * (log[a] - plugin) ** 2, 0);
  return { plugin, value: plugin + (counts.length - 1) / (2 * n), se: Math.sqrt(spread / n) };
}

/**
 * I = H(X) + H(Z) - H(X, Z), all of counts (never of neighbours: their biases do not cancel), each with its correction:
 * (m_x + m_z - m_xz - 1) / (2N) in all. The error is that of the mean of log p(x, z) / p(x) p(z) (the delta method).
 */
export function tableInformation(x: Int32Array, z: Int32Array): Counted {
  const n = x.length;
  const width = z.reduce((a, b) => Math.max(a, b), 0) + 1;
  const known = new Map<number, number>();
  const both = Int32Array.from(x, (a, i) => {
    const key = a * width + z[i];
    if (!known.has(key)) known.set(key, known.size);
    return known.get(key) ?? 0;
  });
  const [nx, nz, nxz] = [countsOf(x), countsOf(z), countsOf(both)];
  const local = Float64Array.from(x, (a, i) => Math.log((nxz[both[i]] * n) / (nx[a] * nz[z[i]])));
  const plugin = local.reduce((s, v) => s + v, 0) / n;
  const spread = local.reduce((s, v) => s + (v - plugin) ** 2, 0) / n;
  return { plugin, value: plugin + (nx.length + nz.length - nxz.length - 1) / (2 * n), se: Math.sqrt(spread / n) };
}

/** Rows that each cell of the joint table should have on average, were it uniform. */
const rowsPerCell = 5;

/** Bins of each column of numbers for n rows, as many as leave five rows a cell; labels keep their own. Below 2: no histogram. */
export function binsFor(x: Side, z: Side): number {
  const numbers = [x, z].flatMap((side) => side.levels.filter((m) => m === 0)).length;
  const cells = [x, z].flatMap((side) => side.levels).reduce((product, m) => product * Math.max(1, m), 1);
  return numbers === 0 ? 1 : Math.floor((x.rows / rowsPerCell / cells) ** (1 / numbers));
}

/** Each row's cell: columns of numbers in bins of equally many rows, whatever their units; equal values share one. */
export function binned(side: Side, bins: number): Int32Array {
  const columns = side.columns.map((values, c) => (isLabel(side, c) ? values : quantileBins(values, bins)));
  return codes([{ ...side, columns, levels: columns.map((_, c) => side.levels[c] || bins) }]);
}

const quantileBins = (values: Float64Array, bins: number): Float64Array =>
  meanRanks(values).map((rank) => Math.floor((rank * bins) / values.length));
