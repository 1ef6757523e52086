/**
 * Ideal sizes: -log2 of the probability that a model gives a graph. They need only degrees and multiplicities, so that the size of a file
 * is known before it is written.
 */
import type { Graph } from "./graph.ts";

const HALF_LOG_2PI = 0.9189385332046727;

/** ln Γ(x), x > 0: recurrence up to 12, then Stirling's series (error below 1e-15 relative). */
export function lnGamma(x: number): number {
  let shift = 0;
  for (; x < 12; x++) shift -= Math.log(x);
  const z = 1 / (x * x);
  const series = (1 / 12 - z * (1 / 360 - z * (1 / 1260 - z * (1 / 1680 - z * (1 / 1188 - (z * 691) / 360360))))) / x;
  return shift + (x - 0.5) * Math.log(x) - x + HALF_LOG_2PI + series;
}

/** ψ(x), the derivative of ln Γ. */
function digamma(x: number): number {
  let shift = 0;
  for (; x < 12; x++) shift -= 1 / x;
  const z = 1 / (x * x);
  return shift + Math.log(x) - 0.5 / x - z * (1 / 12 - z * (1 / 120 - z * (1 / 252 - z * (1 / 240 - z / 132))));
}

const log2Factorial = (n: number) => (n < 2 ? 0 : lnGamma(n + 1) / Math.LN2);
/** log2 of the rising factorial x (x + 1) ... (x + k - 1). */
const log2Rising = (x: number, k: number) => (k === 0 ? 0 : (lnGamma(x + k) - lnGamma(x)) / Math.LN2);

/** How many vertices have each degree. */
type DegreeCounts = ReadonlyMap<number, number>;

/** How many vertices have each degree. */
export function degreeCounts(degrees: ArrayLike<number>): DegreeCounts {
  const counts = new Map<number, number>();
  for (let v = 0; v < degrees.length; v++) counts.set(degrees[v], (counts.get(degrees[v]) ?? 0) + 1);
  return counts;
}

/** Degrees of the vertices; a loop counts twice. `end`: only first (0) or second (1) ends. */
export function degrees({ pairs, vertices }: Graph, end?: 0 | 1): Uint32Array {
  const d = new Uint32Array(vertices);
  for (let i = end ?? 0; i < pairs.length; i += end === undefined ? 1 : 2) d[pairs[i]]++;
  return d;
}

/**
 * Bits of a sequence of draws from one Pólya urn: log2 (nβ)^(k) - Σ_v log2 β^(d_v), x^(k) the rising factorial.
 * @source equation (2) of Random Edge Coding
 */
export function urnBits(counts: DegreeCounts, bias: number): number {
  let vertices = 0;
  let draws = 0;
  const gains: number[] = [];
  for (const [degree, count] of counts) {
    vertices += count;
    draws += degree * count;
    gains.push(count * log2Rising(bias, degree));
  }
  return log2Rising(vertices * bias, draws) - exactSum(gains);
}

/** d/dβ of `urnBits`, in bits. */
export function urnBitsSlope(counts: DegreeCounts, bias: number): number {
  let vertices = 0;
  let draws = 0;
  let gain = 0;
  for (const [degree, count] of counts) {
    vertices += count;
    draws += degree * count;
    gain += count * (digamma(bias + degree) - digamma(bias));
  }
  return (vertices * (digamma(vertices * bias + draws) - digamma(vertices * bias)) - gain) / Math.LN2;
}

/** Sum with Kahan's compensation. */
function exactSum(terms: Iterable<number>): number {
  let sum = 0;
  let lost = 0;
  for (const term of terms) {
    const y = term - lost;
    const t = sum + y;
    lost = t - sum - y;
    sum = t;
  }
  return sum;
}

/** The bias that makes the draws likeliest, in [e^-8, e^5]: golden section over ln β. Regular graphs push it to the end. */
export function fitBias(counts: DegreeCounts): number {
  const cost = (t: number) => urnBits(counts, Math.exp(t));
  const ratio = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [-8, 5];
  while (high - low > 1e-4) {
    const [x, y] = [high - ratio * (high - low), low + ratio * (high - low)];
    if (cost(x) < cost(y)) high = y;
    else low = x;
  }
  return Math.exp((low + high) / 2);
}

/** What the edges of a graph, sorted, say beside their degrees. */
export interface EdgeFacts {
  readonly edges: number;
  readonly loops: number;
  /** Σ_e log2 μ_e! over distinct edges. */
  readonly repeatBits: number;
  readonly repeats: number;
}

/** Facts of sorted edges. */
export function edgeFacts(sorted: Uint32Array): EdgeFacts {
  let loops = 0;
  let repeats = 0;
  let repeatBits = 0;
  for (let i = 0, run = 1; i < sorted.length; i += 2) {
    if (sorted[i] === sorted[i + 1]) loops++;
    run = i > 0 && sorted[i] === sorted[i - 2] && sorted[i + 1] === sorted[i - 1] ? run + 1 : 1;
    if (run > 1) {
      repeats++;
      repeatBits += Math.log2(run);
    }
  }
  return { edges: sorted.length / 2, loops, repeatBits, repeats };
}

/** Bits that order and orientation would cost, and that bits back regains: log2 of the number of sequences that describe the graph. */
export const orderBits = ({ edges, loops, repeatBits }: EdgeFacts, directed: boolean): number =>
  log2Factorial(edges) - repeatBits + (directed ? 0 : edges - loops);

/**
 * Ideal bits of the urn model, equation (3): urn bits of all ends, less the order. With `separate` urns for first and second ends of
 * directed edges, the sum of both.
 */
export function urnIdeal(g: Graph, facts: EdgeFacts, bias: number | [number, number], separate = false): number {
  const [first, second] = typeof bias === "number" ? [bias, bias] : bias;
  const sequence = separate
    ? urnBits(degreeCounts(degrees(g, 0)), first) + urnBits(degreeCounts(degrees(g, 1)), second)
    : urnBits(degreeCounts(degrees(g)), first);
  return sequence - orderBits(facts, g.directed);
}

/** Bits of an adaptive urn over K labels for n vertices: log2 K^(n) - Σ_k log2 n_k!. */
export const labelBits = (sizes: readonly number[]): number => {
  const n = sizes.reduce((a, b) => a + b, 0);
  return log2Rising(sizes.length, n) - exactSum(sizes.map(log2Factorial));
};

/**
 * Ideal bits of the block urn, equation (5), labels included: the urn over T pairs of blocks, one urn a block, less the order and the
 * orientation of edges inside blocks. Directed graphs have separate urns for first and second ends, T = K² and no orientation.
 */
export function blockUrnIdeal(g: Graph, sorted: Uint32Array, labels: ArrayLike<number>, sizes: readonly number[]): number {
  const K = sizes.length;
  const { directed } = g;
  const types = new Float64Array(K * K);
  const ends = [degrees(g, 0), degrees(g, 1)];
  if (!directed) for (let v = 0; v < g.vertices; v++) ends[0][v] += ends[1][v];
  let inside = 0;
  for (let i = 0; i < sorted.length; i += 2) {
    const [a, b] = [labels[sorted[i]], labels[sorted[i + 1]]];
    types[directed ? a * K + b : Math.min(a, b) * K + Math.max(a, b)]++;
    if (a === b && sorted[i] !== sorted[i + 1]) inside++;
  }
  const facts = edgeFacts(sorted);
  let bits = labelBits(sizes) + log2Rising(directed ? K * K : (K * (K + 1)) / 2, facts.edges) - exactSum(Array.from(types, log2Factorial));
  for (const d of directed ? ends : [ends[0]]) {
    const draws = new Float64Array(K);
    for (let v = 0; v < g.vertices; v++) {
      draws[labels[v]] += d[v];
      bits -= log2Factorial(d[v]);
    }
    for (let k = 0; k < K; k++) bits += log2Rising(sizes[k], draws[k]);
  }
  return bits - log2Factorial(facts.edges) + facts.repeatBits - (directed ? 0 : inside);
}

/** Bits of naming one of all simple graphs with these many vertices and edges: log2 C(pairs, edges). */
export function uniformIdeal(vertices: number, edges: number, directed: boolean): number {
  const pairs = directed ? vertices * (vertices - 1) : (vertices * (vertices - 1)) / 2;
  return edges > pairs ? Number.POSITIVE_INFINITY : log2Factorial(pairs) - log2Factorial(edges) - log2Factorial(pairs - edges);
}
