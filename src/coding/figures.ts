/** Pictures of a graph. */
import * as Plot from "@observablehq/plot";
import { type Figure, palette, plot } from "../plots/index.ts";
import type { Graph } from "./graph.ts";
import { degrees } from "./ideal.ts";
import type { Inspection, StorageSize } from "./inspect.ts";

/** Pictures: sizes as bars, degrees on logarithmic axes. */
export function graphFigures(g: Graph, inspection: Inspection): Figure[] {
  const bars = inspection.sizes.filter((s) => s.bitsPerEdge !== undefined);
  const kinds = { ours: "ours", bound: "for comparison", general: "general compressor" };
  const sizes = plot({
    marginRight: 50,
    height: 76 + 22 * bars.length,
    x: { label: "bits per edge", grid: true },
    y: { label: null, domain: bars.map(({ name }) => name) },
    color: { legend: true, domain: Object.values(kinds) },
    marks: [
      Plot.barX(bars, { x: "bitsPerEdge", y: "name", fill: ({ kind }: StorageSize) => kinds[kind] }),
      Plot.text(bars, { x: "bitsPerEdge", y: "name", text: (s: StorageSize) => s.bitsPerEdge!.toFixed(2), textAnchor: "start", dx: 4 }),
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
    marks: [Plot.dot(points, { x: "degree", y: "vertices", r: 2.5, fill: palette[0], fillOpacity: 0.7 })],
  });
  return [
    {
      name: "sizes",
      title: "StorageSize under each model",
      caption:
        "Bits per edge. Ours: ideal sizes, which files exceed by some bytes. Text: sorted edge list; varint gaps: sorted differences.",
      svg: sizes,
    },
    { name: "degrees", title: "Degrees", caption: "How many vertices have each degree; both axes logarithmic.", svg: degreePlot },
  ];
}
