/** Graphs of texts, read as files are. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type GraphReadOptions, readGraph } from "../../src/data/graph-read.ts";

/** The graph that a file of the ending with the content is read as, its edges as "a-b", and what was told. */
export async function read(ending: string, content: string | Uint8Array, options: GraphReadOptions = {}) {
  const base = mkdtempSync(join(tmpdir(), "pushforward-read-"));
  const path = join(base, `graph.${ending}`);
  writeFileSync(path, content);
  const { graph, notes } = await readGraph(path, options).finally(() => rmSync(base, { recursive: true }));
  const name = (v: number): string => String(graph.names?.[v] ?? v);
  const edges = Array.from({ length: graph.pairs.length / 2 }, (_, i) => `${name(graph.pairs[2 * i])}-${name(graph.pairs[2 * i + 1])}`);
  return { ...graph, edges, notes };
}
