/** `pushforward graph inspect`: what a graph is, and what each way of storing it costs. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as Plot from "@observablehq/plot";
import type { Graph } from "../../coding/graph.ts";
import { degrees, lnGamma, uniformIdeal } from "../../coding/ideal.ts";
import { candidates, type Model, prepare } from "../../coding/models.ts";
import { edgeLines } from "../../data/graph-write.ts";
import { toPng } from "../../lab/png.ts";
import { type Figure, plot } from "../../plots/figure.ts";
import { gapBytes, peerSizes } from "./peers.ts";

export interface Inspection {
  readonly vertices: number;
  readonly edges: number;
  readonly directed: boolean;
  readonly isolated: number;
  readonly loops: number;
  readonly repeats: number;
  readonly meanDegree: number;
  readonly largestDegree: number;
  /** Fraction of directed edges whose reverse is there too. */
  readonly reciprocal: number | undefined;
  /** Name, bits per edge; ideal sizes of our models, then others. */
  readonly sizes: readonly Size[];
}

interface Size {
  readonly name: string;
  readonly kind: "ours" | "bound" | "general";
  readonly bits: number | undefined;
  readonly bitsPerEdge: number | undefined;
}

const describe = (model: Model): string =>
  model.name === "urn"
    ? `urn${model.separate ? ", separate" : ""} (bias ${(model.bias.p[0] / model.bias.q).toPrecision(3)})`
    : model.name === "block-urn"
      ? `block urn (${model.blocks.sizes.length} blocks)`
      : `gaps${model.exact ? "" : " (estimate)"}`;

/** Measures everything. `quick` leaves out the general compressors. */
export function inspectGraph(g: Graph, quick: boolean): Inspection {
  const prepared = prepare(g);
  const { graph, facts } = prepared;
  const d = degrees(graph);
  const m = facts.edges;
  const models = m === 0 ? [] : candidates(prepared);
  const size = (name: string, kind: Size["kind"], bits: number | undefined): Size => ({
    name,
    kind,
    bits,
    bitsPerEdge: bits === undefined || m === 0 ? undefined : bits / m,
  });
  const urn = models.find(({ name }) => name === "urn");
  const general = quick || m === 0 ? [] : generalSizes(graph);
  const simple = facts.loops === 0 && facts.repeats === 0 && m > 0;
  return {
    vertices: graph.vertices,
    edges: m,
    directed: graph.directed,
    isolated: d.reduce((n, x) => n + (x === 0 ? 1 : 0), 0),
    loops: facts.loops,
    repeats: facts.repeats,
    meanDegree: graph.vertices === 0 ? 0 : (2 * m) / graph.vertices,
    largestDegree: d.reduce((a, b) => Math.max(a, b), 0),
    reciprocal: graph.directed && m > 0 ? reciprocity(graph) : undefined,
    sizes: [
      ...models.map((model) => size(describe(model), "ours", model.bits)),
      ...(simple ? [size("uniform simple graph", "bound", uniformIdeal(graph.vertices, m, graph.directed))] : []),
      ...(urn ? [size("urn, order kept", "bound", urn.bits + lnGamma(m + 1) / Math.LN2 + (graph.directed ? 0 : m - facts.loops))] : []),
      ...general.map(({ name, bytes }) => size(name, "general", bytes === undefined ? undefined : 8 * bytes)),
    ],
  };
}

function generalSizes(g: Graph) {
  const text = Buffer.concat([...edgeLines({ ...g, names: undefined }, "edges")].slice(1));
  return [
    ...peerSizes(text).map(({ name, bytes }) => ({ name: `text, ${name}`, bytes })),
    ...peerSizes(gapBytes(g.pairs)).map(({ name, bytes }) => ({ name: `varint gaps, ${name}`, bytes })),
  ];
}

/** Fraction of sorted pairs whose reverse is there too. */
function reciprocity({ pairs }: Graph): number {
  const holds = (a: number, b: number) => {
    let [low, high] = [0, pairs.length / 2];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (pairs[2 * middle] < a || (pairs[2 * middle] === a && pairs[2 * middle + 1] < b)) low = middle + 1;
      else high = middle;
    }
    return pairs[2 * low] === a && pairs[2 * low + 1] === b;
  };
  let both = 0;
  for (let i = 0; i < pairs.length; i += 2) if (holds(pairs[i + 1], pairs[i])) both++;
  return (2 * both) / pairs.length;
}

/** Pictures: sizes as bars, degrees on logarithmic axes. */
export function inspectionFigures(g: Graph, inspection: Inspection): Figure[] {
  const bars = inspection.sizes.filter((s) => s.bitsPerEdge !== undefined);
  const kinds = { ours: "ours", bound: "for comparison", general: "general compressor" };
  const sizes = plot({
    marginRight: 50,
    height: 76 + 22 * bars.length,
    x: { label: "bits per edge", grid: true },
    y: { label: null, domain: bars.map(({ name }) => name) },
    color: { legend: true, domain: Object.values(kinds) },
    marks: [
      Plot.barX(bars, { x: "bitsPerEdge", y: "name", fill: ({ kind }: Size) => kinds[kind] }),
      Plot.text(bars, { x: "bitsPerEdge", y: "name", text: (s: Size) => s.bitsPerEdge!.toFixed(2), textAnchor: "start", dx: 4 }),
      Plot.ruleX([0]),
    ],
  });
  const tally = new Map<number, number>();
  for (const d of degrees(g)) if (d > 0) tally.set(d, (tally.get(d) ?? 0) + 1);
  const points = [...tally].map(([degree, vertices]) => ({ degree, vertices }));
  const degreePlot = plot({
    height: 360,
    x: { type: "log", label: "degree", grid: true, tickFormat: "~s" },
    y: { type: "log", label: "vertices", grid: true, tickFormat: "~s" },
    marks: [Plot.dot(points, { x: "degree", y: "vertices", r: 2.5, fill: "#4269d0", fillOpacity: 0.7 })],
  });
  return [
    {
      name: "sizes",
      title: "Size under each model",
      caption:
        "Bits per edge. Ours: ideal sizes, which files exceed by some bytes. Text: sorted edge list; varint gaps: sorted differences.",
      svg: sizes,
    },
    { name: "degrees", title: "Degrees", caption: "How many vertices have each degree; both axes logarithmic.", svg: degreePlot },
  ];
}

/** Writes the pictures as SVG and PNG, and the numbers as JSON. */
export async function writeInspection(folder: string, g: Graph, inspection: Inspection): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "inspection.json"), JSON.stringify(inspection, undefined, 2) + "\n");
  const written = ["inspection.json"];
  for (const { name, svg } of inspectionFigures(g, inspection)) {
    writeFileSync(join(folder, `${name}.svg`), svg);
    writeFileSync(join(folder, `${name}.png`), await toPng(svg));
    written.push(`${name}.svg`, `${name}.png`);
  }
  return written.map((name) => join(folder, name));
}
