/** Graphs of vertices with places and labels, as GML, Pajek and METIS files have them. */
import { UserError } from "../errors.ts";
import { type ColumnKind, type ColumnSet, droppedNote, isNumber, keptNote } from "./graph-columns.ts";
import type { GraphDocumentOptions, ReadGraph } from "./graph-formats.ts";
import { edgeSink } from "./graph-sink.ts";
import { vertexValues } from "./graph-vertex-values.ts";

/** Vertices by place with what they are called, and edges between places. */
interface Places {
  readonly directed: boolean;
  /** What each vertex is called; numbers where labels are missing or come twice. */
  readonly called: readonly (string | number)[];
  readonly pairs: readonly number[];
  /** Values beside the edges, and what they are called. */
  readonly beside: ColumnSet;
  readonly besideNames: ReadonlySet<string>;
  /** Values of vertices. */
  readonly values: readonly VertexValue[];
  readonly notes: readonly string[];
}

/** A value beside a vertex. */
export interface VertexValue {
  readonly place: number;
  readonly name: string;
  readonly text: string;
  readonly kind: ColumnKind;
}

/** A value beside a vertex, a number if it reads like one. */
export const valueOf = (place: number, name: string, text: string): VertexValue => ({
  place,
  name,
  text,
  kind: isNumber(text) ? "number" : "text",
});

/** The graph, and what is told. @throws UserError  if values are refused */
export function graphOf(
  { directed, called, pairs, beside, besideNames, values, notes }: Places,
  source: string,
  options: GraphDocumentOptions,
): ReadGraph {
  if (options.others === "refuse" && besideNames.size > 0)
    throw new UserError(`edges have values (${[...besideNames].join(", ")}), and --strict keeps none`, "--drop-columns drops them");
  const drops = options.others === "drop" || options.columns !== undefined;
  const columns = drops ? undefined : beside.finish(pairs.length / 2);
  const told = drops ? droppedNote([...besideNames]) : keptNote(columns);
  const sink = edgeSink({ ...options, directed: options.directed ?? directed });
  const names = options.ids === "name" ? called.map(String) : called;
  for (const vertex of names) sink.addVertex(vertex);
  for (let i = 0; i < pairs.length; i += 2) {
    const [a, b] = [names[pairs[i]], names[pairs[i + 1]]];
    if (typeof a === "number" && typeof b === "number") sink.addNumbers(a, b);
    else sink.addNames(String(a), String(b));
  }
  const own = vertexValues(source, "text", options);
  for (const { place, name, text, kind } of values) own.put(names[place], name, text, kind);
  const plain = sink.finish({ exact: options.vertices === undefined });
  const { graph, notes: ofVertices } = own.beside({ ...plain, ...(columns && { columns }) });
  return { graph, notes: [...notes, ...told, ...ofVertices] };
}

/** Labels if all vertices have one and none comes twice, else the other names; which is told. */
export function naming(
  labels: readonly (string | undefined)[],
  others: readonly number[],
  { ids }: GraphDocumentOptions,
): { called: readonly (string | number)[]; values: VertexValue[]; notes: string[] } {
  const given = labels.filter((label) => label !== undefined);
  if (given.length === 0) return { called: others, values: [], notes: [] };
  const distinct = given.length === labels.length && new Set(given).size === labels.length;
  if (distinct && ids !== "number")
    return { called: given, values: [], notes: ["vertices are called by their labels (--ids number takes their ids)"] };
  const why = distinct ? "as --ids number asks" : "some vertices have none, or the label of another";
  const values = labels.flatMap((label, place) =>
    label === undefined ? [] : [{ place, name: "label", text: label, kind: "text" as const }],
  );
  return { called: others, values, notes: [`vertices are called by their ids, not by their labels: ${why}`] };
}
