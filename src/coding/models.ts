/** The models of a graph, each with its ideal size, and the choice among them. */
import { UserError } from "../errors.ts";
import { type Blocks, findBlocks } from "./blocks.ts";
import { gapIdeal, type Reading } from "./gaps.ts";
import { canonicalPairs, type Graph } from "./graph.ts";
import { blockUrnIdeal, degreeCounts, degrees, type EdgeFacts, edgeFacts, fitBias, orderBits, urnBits } from "./ideal.ts";
import { WEIGHT_LIMIT } from "./plan.ts";

/** Names of the models. */
export type GraphModelName = "urn" | "block-urn" | "gaps";

/** A bias β = p / q of urns for first and second ends (the same unless they are separate). */
export interface Bias {
  readonly p: readonly [number, number];
  readonly q: number;
}

/** A model fitted to a graph, with its ideal size. */
export type GraphModel =
  | { readonly name: "urn"; readonly separate: boolean; readonly bias: Bias; readonly bits: number; readonly exact: true }
  | { readonly name: "block-urn"; readonly blocks: Blocks; readonly bits: number; readonly exact: true }
  | { readonly name: "gaps"; readonly reading: Reading; readonly bits: number; readonly exact: boolean };

/** How models are fitted. */
export interface GraphModelOptions {
  /** Urn bias: a number, or "fit" (default) for the likeliest. */
  readonly bias?: number | "fit";
  /** Bytes that may be used: blocks are searched only where they suffice. */
  readonly memoryLimit?: number;
}

/** Bytes a graph takes while a model is fitted to it and coded, edges included: measured, and rounded up. */
export function codingBytes(vertices: number, edges: number, model: GraphModelName | "auto"): number {
  const perEdge = { urn: 48, gaps: 60, auto: 60, "block-urn": BLOCK_SEARCH_BYTES }[model];
  return 20 * vertices + perEdge * edges;
}

/** Bytes an edge that the search for blocks takes. */
const BLOCK_SEARCH_BYTES = 420;

/** A graph with what every model needs of it. */
export interface Prepared {
  readonly graph: Graph;
  readonly facts: EdgeFacts;
}

/** The graph with sorted edges, and their facts. */
export function prepare(g: Graph): Prepared {
  const pairs = canonicalPairs(g);
  return { graph: { ...g, pairs, columns: undefined }, facts: edgeFacts(pairs) }; // columns stand beside the edges as they were given
}

/** The nearest p / q to β that keeps all weights of an urn below 2^31; q = 1 when that costs less than its description. */
function rationalBias(
  wanted: readonly [number, number],
  draws: number,
  vertices: number,
  cost: (b: readonly [number, number]) => number,
): Bias {
  const fits = (q: number) => q * draws + Math.max(...wanted, 1) * q * vertices < WEIGHT_LIMIT;
  const at = (q: number): Bias => ({ p: [Math.max(1, Math.round(wanted[0] * q)), Math.max(1, Math.round(wanted[1] * q))], q });
  const bitsOf = ({ p, q }: Bias) => cost([p[0] / q, p[1] / q]);
  const plain = at(1);
  const fine = at([64, 16, 4].find(fits) ?? 1);
  return bitsOf(fine) + 24 < bitsOf(plain) ? fine : plain;
}

/** The urn model, with one urn for both ends or separate ones (directed graphs), whichever is smaller. */
function urnModel({ graph: g, facts }: Prepared, { bias = "fit" }: GraphModelOptions = {}): GraphModel & { name: "urn" } {
  if (bias !== "fit" && !(bias > 0 && bias <= 1000))
    throw new UserError(`bias ${bias} is not between 0 and 1000`, "1 is the published default; fit finds the best");
  const free = orderBits(facts, g.directed);
  const candidate = (counts: readonly [ReturnType<typeof degreeCounts>, ReturnType<typeof degreeCounts>], separate: boolean) => {
    const best: [number, number] = bias === "fit" ? [fitBias(counts[0]), fitBias(counts[1])] : [bias, bias];
    const cost = ([b0, b1]: readonly [number, number]) => urnBits(counts[0], b0) + (separate ? urnBits(counts[1], b1) : 0) - free;
    const chosen = rationalBias(best, (separate ? 1 : 2) * facts.edges, g.vertices, cost);
    const { p, q } = chosen;
    return { name: "urn", separate, bias: chosen, bits: cost([p[0] / q, p[1] / q]), exact: true } as const;
  };
  const all = degreeCounts(degrees(g));
  const shared = candidate([all, all], false);
  if (!g.directed) return shared;
  const separate = candidate([degreeCounts(degrees(g, 0)), degreeCounts(degrees(g, 1))], true);
  return separate.bits < shared.bits ? separate : shared;
}

/** Above this the tables of the search for blocks do not fit. */
const BLOCK_SEARCH_VERTICES = 2 ** 23;

function blockUrnModel({ graph: g }: Prepared, worth?: number): (GraphModel & { name: "block-urn" }) | undefined {
  if (g.vertices > BLOCK_SEARCH_VERTICES) return undefined;
  const blocks = findBlocks(g, g.pairs, worth);
  return blocks && { name: "block-urn", blocks, bits: blocks.bits, exact: true };
}

function gapsModel({ graph: g }: Prepared): GraphModel & { name: "gaps" } {
  return { name: "gaps", ...gapIdeal(g) };
}

/** Above this the search for blocks takes minutes. */
const BLOCK_SEARCH_EDGES = 4e6;

/** Every model that is worth measuring on this graph, best first. */
export function candidates(g: Prepared, options: GraphModelOptions = {}): GraphModel[] {
  const models: GraphModel[] = [urnModel(g, options)];
  const { vertices } = g.graph;
  // rows of vertices without edges cost nothing in the file, and much time: readers refuse them (see `needsTrust`)
  if (g.facts.edges > 0 && vertices <= 2 ** 22 + 2 ** 9 * g.facts.edges) models.push(gapsModel(g));
  // locality that gaps see is worth more than any blocks; labels of vertices that few edges touch are worth nothing
  const best = Math.min(...models.map(({ bits }) => bits));
  const fits = codingBytes(vertices, g.facts.edges, "block-urn") <= (options.memoryLimit ?? Number.POSITIVE_INFINITY);
  if (fits && g.facts.edges <= BLOCK_SEARCH_EDGES && vertices <= 4 * g.facts.edges && best > 0.6 * models[0].bits) {
    const blocks = blockUrnModel(g, best);
    if (blocks) models.push(blocks);
  }
  return models.sort((a, b) => a.bits - b.bits);
}

/** The named model of a graph; "auto": the smallest. */
export function chooseModel(g: Prepared, name: GraphModelName | "auto", options: GraphModelOptions = {}): GraphModel {
  if (name === "urn") return urnModel(g, options);
  if (name === "gaps") return gapsModel(g);
  if (name === "auto") return candidates(g, options)[0];
  const one = { labels: new Uint16Array(g.graph.vertices), sizes: [g.graph.vertices] };
  return (
    blockUrnModel(g) ?? {
      name: "block-urn",
      blocks: { ...one, bits: blockUrnIdeal(g.graph, g.graph.pairs, one.labels, one.sizes) },
      bits: blockUrnIdeal(g.graph, g.graph.pairs, one.labels, one.sizes),
      exact: true,
    }
  );
}

/**
 * Ideal size of a graph in bits under a model, without coding it. Exact for the urn models; for gaps the coder's own code length,
 * extrapolated from a stretch of rows above 400,000 edges.
 */
export function idealBits(g: Graph, model: GraphModelName | "auto" = "auto", options: GraphModelOptions = {}): number {
  return g.pairs.length === 0 ? 0 : chooseModel(prepare(g), model, options).bits;
}
