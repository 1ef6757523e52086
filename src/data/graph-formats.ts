/** Graphs in Matrix Market files. */
import { UserError } from "../errors.ts";
import { type ColumnChoice, columnSet, distinctNames, droppedNote, isNumber, keptNote } from "./graph-columns.ts";
import { columnNames } from "./graph-said.ts";
import { type EdgeList, edgeSink, type SinkOptions } from "./graph-sink.ts";

/** A graph as it was read. */
export interface ReadGraph {
  readonly graph: EdgeList;
  /** What the input held that the graph does not. */
  readonly notes: readonly string[];
}

/** How Matrix Market, GraphML and JSON are read. */
export type GraphDocumentOptions = Omit<SinkOptions, "directed"> & {
  readonly directed?: boolean;
  readonly columns?: readonly number[];
  readonly others?: ColumnChoice;
  readonly ids?: "auto" | "number" | "name";
};

/** Coordinate matrices: an entry is an edge; symmetric ones are undirected. */
export function readMatrixMarket(text: string, source: string, options: GraphDocumentOptions): ReadGraph {
  const lines = text.split(/\r?\n/);
  const [banner, kind, layout, field, symmetry] = lines[0].toLowerCase().split(/\s+/);
  if (banner !== "%%matrixmarket" || kind !== "matrix" || layout !== "coordinate" || symmetry === undefined)
    throw new UserError(
      `${source}: not a Matrix Market coordinate matrix`,
      'its first line must be like "%%MatrixMarket matrix coordinate pattern general"',
    );
  if (!["general", "symmetric", "skew-symmetric", "hermitian"].includes(symmetry))
    throw new UserError(
      `${source}: "${symmetry}" is no symmetry that Matrix Market knows`,
      "general lists every edge in its direction, symmetric lists each undirected edge once",
    );
  const drops = options.others === "drop" || options.columns !== undefined;
  const hasValues = field !== "pattern";
  if (hasValues && options.others === "refuse" && !options.columns)
    throw new UserError(`${source}: a ${field} matrix has values, and --strict keeps none`, "--columns 1,2 drops them");
  if (hasValues && !drops && symmetry !== "general" && symmetry !== "symmetric")
    throw new UserError(`${source}: values of a ${symmetry} matrix change with the direction of an edge`, "--drop-columns drops them");
  const said = lines
    .slice(1)
    .find((line) => !line.startsWith("%") || line.startsWith("% columns: "))
    ?.slice(11);
  const usual = field === "complex" ? ["real", "imaginary"] : ["value"];
  const named = columnNames(said ?? "");
  const names = !hasValues ? [] : named?.length === usual.length ? distinctNames(named, 3) : usual;
  const body = lines.map((line, i) => ({ line: line.trim(), number: i + 1 })).filter(({ line }) => line !== "" && !line.startsWith("%"));
  const [rows, columns, entries] = (body[0]?.line ?? "").split(/\s+/).map(Number);
  if (![rows, columns, entries].every((x) => Number.isSafeInteger(x) && x >= 0))
    throw new UserError(`${source}: the line of sizes is missing or wrong`);
  if (rows !== columns) throw new UserError(`${source}: ${rows} rows and ${columns} columns`, "a graph needs a square matrix");
  if (rows > 2 ** 30) throw new UserError(`${source}: ${rows} vertices, more than the 2^30 that a graph may have`);
  if (body.length - 1 !== entries)
    throw new UserError(`${source}: ${body.length - 1} entries, ${entries} announced`, "the file may be cut off");
  const sink = edgeSink({ ...options, directed: options.directed ?? symmetry === "general", vertices: rows });
  const values = columnSet("text", drops ? [] : names);
  for (const { line, number } of body.slice(1)) {
    const words = line.split(/\s+/);
    const [a, b] = words.slice(0, 2).map(Number);
    if (![a, b].every((x) => Number.isInteger(x) && x >= 1 && x <= rows))
      throw new UserError(`${source}, line ${number}: "${line.slice(0, 40)}" is not an entry of a matrix of ${rows} rows`);
    if (!drops && words.length !== 2 + names.length)
      throw new UserError(
        `${source}, line ${number}: ${words.length - 2} values, ${names.length} in a ${field} matrix`,
        "the file may be cut off",
      );
    if (!drops) names.forEach((name, k) => values.put(name, sink.edges(), words[2 + k], isNumber(words[2 + k]) ? "number" : "text"));
    sink.addNumbers(a - 1, b - 1);
  }
  const kept = values.finish(sink.edges());
  const notes = ["rows 1, 2, ... are vertices 0, 1, ...", ...keptNote(kept), ...(options.others === "drop" ? droppedNote(names) : [])];
  return { graph: { ...sink.finish(), ...(kept && { columns: kept }) }, notes };
}
