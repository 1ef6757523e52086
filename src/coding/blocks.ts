/** Finds blocks of vertices for the block urn: communities, then single moves by the exact change of the ideal size. */
import type { Graph } from "./graph.ts";
import { blockUrnIdeal } from "./ideal.ts";

/** Vertices in blocks. */
export interface Blocks {
  readonly labels: Uint16Array;
  readonly sizes: readonly number[];
  /** Ideal bits of the graph with these blocks, labels included. */
  readonly bits: number;
}

/** Blocks of a model; more cost more than they tell on graphs of the sizes that one machine holds. */
const MOST_BLOCKS = 512;

interface Network {
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly weights: Float64Array;
  /** Weighted degrees; a loop counts twice. */
  readonly degrees: Float64Array;
}

/** The undirected network of a graph, loops dropped, as neighbour lists. */
function network({ vertices, pairs }: Graph): Network {
  const starts = new Uint32Array(vertices + 1);
  for (let i = 0; i < pairs.length; i += 2)
    if (pairs[i] !== pairs[i + 1]) {
      starts[pairs[i] + 1]++;
      starts[pairs[i + 1] + 1]++;
    }
  for (let v = 0; v < vertices; v++) starts[v + 1] += starts[v];
  const at = starts.slice(0, vertices);
  const ends = new Uint32Array(starts[vertices]);
  for (let i = 0; i < pairs.length; i += 2)
    if (pairs[i] !== pairs[i + 1]) {
      ends[at[pairs[i]]++] = pairs[i + 1];
      ends[at[pairs[i + 1]]++] = pairs[i];
    }
  return {
    starts,
    ends,
    weights: new Float64Array(ends.length).fill(1),
    degrees: Float64Array.from(at, (_, v) => starts[v + 1] - starts[v]),
  };
}

/** One level of Louvain's local moving, in vertex order, until a sweep gains little. Returns dense labels. */
function localMoves({ starts, ends, weights, degrees }: Network): Uint32Array {
  const n = degrees.length;
  const total = degrees.reduce((a, b) => a + b, 0);
  const label = Uint32Array.from(degrees, (_, v) => v);
  const mass = degrees.slice();
  const near = new Float64Array(n);
  for (let sweep = 0, moved = n; sweep < 20 && moved > n / 200; sweep++) {
    moved = 0;
    for (let v = 0; v < n; v++) {
      const touched: number[] = [];
      for (let i = starts[v]; i < starts[v + 1]; i++) {
        const c = label[ends[i]];
        if (ends[i] === v) continue;
        if (near[c] === 0) touched.push(c);
        near[c] += weights[i];
      }
      const own = label[v];
      mass[own] -= degrees[v];
      let [best, gain] = [own, near[own] - (degrees[v] * mass[own]) / total];
      for (const c of touched) {
        const g = near[c] - (degrees[v] * mass[c]) / total;
        if (g > gain + 1e-12) [best, gain] = [c, g];
        near[c] = 0;
      }
      mass[best] += degrees[v];
      if (best !== own) moved++;
      label[v] = best;
    }
  }
  return dense(label);
}

/** Renumbers labels 0, 1, ... in order of appearance. */
function dense(label: ArrayLike<number>): Uint32Array {
  const names = new Map<number, number>();
  return Uint32Array.from(label, (c) => {
    const known = names.get(c) ?? names.size;
    names.set(c, known);
    return known;
  });
}

/** Communities become vertices. */
function aggregate({ starts, ends, weights, degrees }: Network, label: Uint32Array, size: number): Network {
  const rows = Array.from({ length: size }, () => new Map<number, number>());
  const mass = new Float64Array(size);
  for (let v = 0; v < degrees.length; v++) {
    mass[label[v]] += degrees[v];
    const row = rows[label[v]];
    for (let i = starts[v]; i < starts[v + 1]; i++) row.set(label[ends[i]], (row.get(label[ends[i]]) ?? 0) + weights[i]);
  }
  const next = new Uint32Array(size + 1);
  rows.forEach((row, c) => (next[c + 1] = next[c] + row.size));
  return {
    starts: next,
    ends: Uint32Array.from(rows.flatMap((row) => [...row.keys()])),
    weights: Float64Array.from(rows.flatMap((row) => [...row.values()])),
    degrees: mass,
  };
}

/** Louvain's hierarchy, finest first. @source Blondel et al., J. Stat. Mech. (2008) P10008 */
function hierarchy(g: Graph): Uint32Array[] {
  let net = network(g);
  let label = Uint32Array.from({ length: g.vertices }, (_, v) => v);
  const levels: Uint32Array[] = [];
  for (;;) {
    const moved = localMoves(net);
    const size = moved.reduce((a, b) => Math.max(a, b + 1), 0);
    if (size === net.degrees.length) return levels;
    label = label.map((c) => moved[c]);
    levels.push(label);
    net = aggregate(net, moved, size);
  }
}

/** At most `limit` labels: the biggest blocks stay, the vertices of the others go to the last. */
function capped(label: Uint32Array, limit: number): Uint32Array {
  const sizes = new Map<number, number>();
  for (const c of label) sizes.set(c, (sizes.get(c) ?? 0) + 1);
  if (sizes.size <= limit) return dense(label);
  const kept = new Map(
    [...sizes]
      .sort((a, b) => b[1] - a[1])
      .slice(0, limit - 1)
      .map(([c], i) => [c, i]),
  );
  return dense(label.map((c) => kept.get(c) ?? limit - 1));
}

/**
 * Moves single vertices to the block of a neighbour whenever that lowers the ideal size of equation (5), sweep after sweep. Undirected
 * graphs. The part of (5) that depends on labels, in nats:
 *   -Σ_t ln m_t! + Σ_k [ln Γ(n_k + D_k) - ln Γ(n_k) - ln n_k!] - ln 2 · (edges inside blocks)
 */
function refine(g: Graph, label: Uint32Array, sweeps: number): Uint32Array {
  const { starts, ends } = network(g);
  const K = label.reduce((a, b) => Math.max(a, b + 1), 0);
  const logFactorial = new Float64Array(g.pairs.length + g.vertices + 2);
  for (let i = 2; i < logFactorial.length; i++) logFactorial[i] = logFactorial[i - 1] + Math.log(i);
  const between = new Float64Array(K * K); // edges, symmetric; inside blocks once
  const size = new Float64Array(K);
  const mass = new Float64Array(K);
  const loops = new Uint32Array(g.vertices);
  for (const c of label) size[c]++;
  for (let i = 0; i < g.pairs.length; i += 2) {
    const [u, v] = [g.pairs[i], g.pairs[i + 1]];
    const [a, b] = [label[u], label[v]];
    mass[a]++;
    mass[b]++;
    between[a * K + b]++;
    if (a !== b) between[b * K + a]++;
    if (u === v) loops[u]++;
  }
  const urn = (n: number, d: number) => (n === 0 ? 0 : logFactorial[n + d - 1] - logFactorial[n - 1] - logFactorial[n]);
  const near = new Float64Array(K);
  for (let sweep = 0, moved = 1; sweep < sweeps && moved > g.vertices / 1000; sweep++) {
    moved = 0;
    for (let v = 0; v < g.vertices; v++) {
      const blocks: number[] = [];
      for (let i = starts[v]; i < starts[v + 1]; i++) {
        const c = label[ends[i]];
        if (near[c]++ === 0) blocks.push(c);
      }
      const r = label[v];
      const d = starts[v + 1] - starts[v] + 2 * loops[v];
      let [best, gain] = [r, -1e-9];
      for (const s of blocks) {
        if (s === r) continue;
        let change = urn(size[r] - 1, mass[r] - d) - urn(size[r], mass[r]) + urn(size[s] + 1, mass[s] + d) - urn(size[s], mass[s]);
        for (const c of blocks) {
          if (c === r || c === s) continue;
          const x = near[c];
          change += logFactorial[between[r * K + c]] - logFactorial[between[r * K + c] - x];
          change += logFactorial[between[s * K + c]] - logFactorial[between[s * K + c] + x];
        }
        const [rr, rs, ss] = [between[r * K + r], between[r * K + s], between[s * K + s]];
        change += logFactorial[rr] - logFactorial[rr - near[r] - loops[v]] + logFactorial[ss] - logFactorial[ss + near[s] + loops[v]];
        change += logFactorial[rs] - logFactorial[rs + near[r] - near[s]] + Math.LN2 * (near[r] - near[s]);
        if (change < gain) [best, gain] = [s, change];
      }
      if (best !== r) {
        const s = best;
        for (const c of blocks) {
          const x = near[c];
          if (c === r || c === s) continue;
          between[r * K + c] -= x;
          between[c * K + r] -= x;
          between[s * K + c] += x;
          between[c * K + s] += x;
        }
        between[r * K + r] -= near[r] + loops[v];
        between[s * K + s] += near[s] + loops[v];
        between[r * K + s] += near[r] - near[s];
        between[s * K + r] = between[r * K + s];
        size[r]--;
        size[s]++;
        mass[r] -= d;
        mass[s] += d;
        label[v] = s;
        moved++;
      }
      for (const c of blocks) near[c] = 0;
    }
  }
  return dense(label);
}

function described(g: Graph, sorted: Uint32Array, label: Uint32Array): Blocks {
  const sizes: number[] = [];
  for (const c of label) sizes[c] = (sizes[c] ?? 0) + 1;
  return { labels: Uint16Array.from(label), sizes, bits: blockUrnIdeal(g, sorted, label, sizes) };
}

/**
 * The best blocks found: every level of the hierarchy that has at least two is tried, and the best is refined, unless even that is far
 * above `worth` bits, which another model takes. Undefined when there are none.
 */
export function findBlocks(g: Graph, sorted: Uint32Array, worth = Number.POSITIVE_INFINITY): Blocks | undefined {
  // more pairs of blocks than edges tell nothing
  const limits = [16, 64, 192, MOST_BLOCKS].filter((limit) => limit === 16 || limit * limit <= 2 * sorted.length);
  const trials = hierarchy(g)
    .flatMap((label) => {
      const size = label.reduce((a, b) => Math.max(a, b + 1), 0);
      return limits.filter((_, i) => i === 0 || limits[i - 1] < size).map((limit) => capped(label.slice(), limit));
    })
    .map((label) => described(g, sorted, label))
    .filter(({ sizes }) => sizes.length > 1);
  if (trials.length === 0) return undefined;
  const ranked = trials.sort((a, b) => a.bits - b.bits);
  if (g.directed || ranked[0].bits > 1.05 * worth) return ranked[0];
  const refined = ranked.slice(0, 3).map(({ labels }) => described(g, sorted, refine(g, Uint32Array.from(labels), 12)));
  return [...refined, ranked[0]].filter(({ sizes }) => sizes.length > 1).sort((a, b) => a.bits - b.bits)[0];
}
