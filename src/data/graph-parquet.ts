/** Graphs in Parquet files: columns source and target; what two columns cannot say stands in the metadata of the file. */
import { UserError } from "../errors.ts";
import { withDuckDb } from "./duckdb.ts";
import { valueText } from "./graph-columns.ts";
import type { EdgeList, SaidOfGraph } from "./graph-sink.ts";
import { isolated, refuseVertexColumns } from "./graph-write.ts";

/** Writes the graph at `path`. Vertices on no edge are rows without a target. */
export async function writeGraphParquet(g: EdgeList, path: string): Promise<void> {
  refuseVertexColumns(g, "parquet");
  if (path.includes("'")) throw new UserError(`${path}: a path with ' cannot be written`, "choose another name");
  const { names, pairs, directed, vertices, columns = [] } = g;
  const said = {
    graph: "pushforward",
    directed: String(directed),
    vertices: String(vertices),
    exact: String(names instanceof Float64Array),
  };
  const metadata = Object.entries(said).map(([key, value]) => `${key}: '${value}'`);
  await withDuckDb(async (db) => {
    const text = names !== undefined && !(names instanceof Float64Array);
    const beside = columns.map(
      ({ name, values }) => `, "${name.replaceAll('"', '""')}" ${values instanceof Float64Array ? "DOUBLE" : "VARCHAR"}`,
    );
    await db.run(`CREATE TABLE edges (source ${text ? "VARCHAR" : "BIGINT"}, target ${text ? "VARCHAR" : "BIGINT"}${beside.join("")})`);
    const rows = await db.createAppender("edges");
    const append = (v: number): void => {
      if (text) rows.appendVarchar(String(names[v]));
      else rows.appendBigInt(BigInt(names ? names[v] : v));
    };
    for (let i = 0; i < pairs.length; i += 2) {
      append(pairs[i]);
      append(pairs[i + 1]);
      for (const column of columns) {
        const value = valueText(column, i / 2);
        if (value === null) rows.appendNull();
        else if (column.values instanceof Float64Array) rows.appendDouble(Number(value));
        else rows.appendVarchar(value);
      }
      rows.endRow();
    }
    for (const v of names ? isolated(g) : []) {
      append(v);
      rows.appendNull();
      for (const _ of columns) rows.appendNull();
      rows.endRow();
    }
    rows.closeSync();
    await db.run(`COPY edges TO '${path}' (FORMAT parquet, COMPRESSION zstd, KV_METADATA {${metadata.join(", ")}})`);
  });
}

/** What a file of ours says of its graph; undefined for files of others. */
export async function parquetFacts(path: string): Promise<SaidOfGraph | undefined> {
  const rows = await withDuckDb((db) => db.runAndReadAll("SELECT key, value FROM parquet_kv_metadata($path)", { path })).catch(
    () => undefined,
  );
  const decode = (x: unknown): string =>
    typeof x === "object" && x !== null && "bytes" in x ? new TextDecoder().decode(x.bytes as Uint8Array) : String(x);
  const said = new Map((rows?.getRows() ?? []).map(([key, value]) => [decode(key), decode(value)]));
  if (said.get("graph") !== "pushforward") return undefined;
  const exact = said.get("exact") === "true";
  return { directed: said.get("directed") === "true", exact, ...(!exact && { vertices: Number(said.get("vertices")) }) };
}
