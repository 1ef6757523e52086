/** `pushforward graph inspect`. */
import { join } from "node:path";
import { z } from "zod";
import { decodeGraph } from "../../coding/decode.ts";
import type { Graph } from "../../coding/graph.ts";
import { type Inspection, inspectGraph } from "../../coding/inspect.ts";
import { job } from "../../lab/command.ts";
import { makeFolder, writeAside } from "../../lab/files.ts";
import { loadFile, loadGraph, opening, reading } from "./input.ts";
import { byteSize, count } from "./output.ts";

export const inspect = job({
  name: "graph inspect",
  summary: "what a graph is, and its size under every model and under general compressors",
  arguments: [{ name: "<input>", description: "as for compress, or a .pfg file" }],
  examples: ["pushforward graph inspect roads.txt.gz --out roads-report"],
  options: z.object({
    out: z.string().optional().describe("write numbers and pictures here").meta({ short: "o", placeholder: "folder" }),
    quick: z.boolean().default(false).describe("leave the general compressors out"),
    ...opening,
    ...reading,
  }),
  async run([input], options) {
    const g = input.endsWith(".pfg")
      ? decodeGraph(await loadFile(input), { memoryLimit: byteSize(options.memory), trust: options.trust })
      : await loadGraph(input, options);
    const others = options.quick ? undefined : (await import("../../coding/compressors.ts")).compressedSizes;
    const inspection = inspectGraph(g, others);
    const files = options.out ? await writeInspection(options.out, g, inspection) : [];
    return { results: { ...inspection, files }, text: [...lines(inspection), ...files.map((file) => `wrote ${file}`)] };
  },
});

function lines({
  vertices,
  edges,
  directed,
  isolated,
  loops,
  repeats,
  meanDegree,
  largestDegree,
  nameBytes,
  columns,
  vertexColumns,
  sizes,
}: Inspection): string[] {
  const twice = edges > 0 && 2 * repeats === edges;
  const size = (bits: number | undefined, bitsPerEdge: number | undefined): string =>
    bits === undefined || bitsPerEdge === undefined
      ? "not installed".padStart(25)
      : bitsPerEdge.toFixed(3).padStart(13) + count(Math.ceil(bits / 8)).padStart(12);
  return [
    `${count(vertices)} vertices (${count(isolated)} isolated), ${count(edges)} ${directed ? "directed" : "undirected"} edges`,
    `${count(loops)} loops, ${count(repeats)} repeats; degrees ${meanDegree.toFixed(2)} on average, at most ${count(largestDegree)}`,
    ...(twice ? ["as many repeats as edges: if the input lists both directions, --distinct halves the file"] : []),
    ...(nameBytes > 0 ? [`the names of the vertices take ${count(nameBytes)} bytes more than the sizes below`] : []),
    ...columns.map(({ name, kind, bytes }) => `beside the edges: ${JSON.stringify(name)} (${kind}), ${count(bytes)} bytes more`),
    ...vertexColumns.map(({ name, kind, bytes }) => `beside the vertices: ${JSON.stringify(name)} (${kind}), ${count(bytes)} bytes more`),
    "",
    "bits per edge       bytes",
    ...sizes.map(({ name, bits, bitsPerEdge }) => `${size(bits, bitsPerEdge)}  ${name}`),
  ];
}

/** Writes the pictures as SVG and PNG, and the numbers as JSON. */
async function writeInspection(folder: string, g: Graph, inspection: Inspection): Promise<string[]> {
  const { graphFigures } = await import("../../coding/figures.ts"); // plots take longer to load than small graphs to compress
  const { toPng } = await import("../../lab/png.ts");
  await makeFolder(folder);
  const written: string[] = [];
  const write = async (name: string, content: string | Uint8Array): Promise<void> => {
    written.push(join(folder, name));
    await writeAside(join(folder, name), content);
  };
  await write("inspection.json", JSON.stringify(inspection, undefined, 2) + "\n");
  for (const { name, svg } of graphFigures(g, inspection)) {
    await write(`${name}.svg`, svg);
    await write(`${name}.png`, await toPng(svg));
  }
  return written;
}
