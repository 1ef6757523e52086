/** Files that a run leaves: content that is at hand, tables, or whatever a writer of its own puts at a path. */
import { type Column, table } from "../data/table.ts";
import type { Run } from "./run.ts";

/** Tables are written by the ending of their name: .csv or .parquet. */
export type Artifact =
  | { readonly name: string; readonly content: Uint8Array | string }
  | { readonly name: string; readonly columns: readonly Column[] }
  | { readonly name: string; readonly write: (path: string) => Promise<void> };

export async function writeArtifact(run: Run, artifact: Artifact): Promise<void> {
  const { name } = artifact;
  if ("content" in artifact) await run.write(`artifacts/${name}`, artifact.content);
  else if ("write" in artifact) await artifact.write(run.artifact(name));
  else {
    const { writeCsv, writeParquet } = await import("../data/write.ts");
    const rows = table(name.replace(/\.\w+$/, ""), artifact.columns);
    await (name.endsWith(".parquet") ? writeParquet : writeCsv)(run.artifact(name), rows);
  }
}
