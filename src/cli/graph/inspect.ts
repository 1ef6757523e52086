/** `pushforward graph inspect`: its files. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { graphFigures } from "../../coding/figures.ts";
import type { Graph } from "../../coding/graph.ts";
import type { Inspection } from "../../coding/inspect.ts";
import { toPng } from "../../lab/png.ts";

/** Writes the pictures as SVG and PNG, and the numbers as JSON. */
export async function writeInspection(folder: string, g: Graph, inspection: Inspection): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "inspection.json"), JSON.stringify(inspection, undefined, 2) + "\n");
  const written = ["inspection.json"];
  for (const { name, svg } of graphFigures(g, inspection)) {
    writeFileSync(join(folder, `${name}.svg`), svg);
    writeFileSync(join(folder, `${name}.png`), await toPng(svg));
    written.push(`${name}.svg`, `${name}.png`);
  }
  return written.map((name) => join(folder, name));
}
