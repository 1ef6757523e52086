/** Values beside vertices while a file is read: vertices are known by what they are called, until all are there and have numbers. */
import { UserError } from "../errors.ts";
import { type ColumnChoice, type ColumnKind, columnSet, droppedNote, type GraphColumn, keptNote, reordered } from "./graph-columns.ts";
import type { EdgeList } from "./graph-sink.ts";

export interface VertexValues {
  /** @throws UserError  if none may be kept */
  put(vertex: string | number, name: string, text: string, kind: ColumnKind): void;
  /** The graph with its columns, and what is told. */
  beside(graph: EdgeList): { readonly graph: EdgeList; readonly notes: readonly string[] };
}

/** What becomes of the values. */
export interface VertexChoice {
  readonly others?: ColumnChoice;
  readonly columns?: readonly number[];
}

/**
 * @param mixed  what becomes of values of different kinds: texts, or JSON
 * @param names  columns that are there also without a value
 * @param take   told about the bytes that values take
 */
export function vertexValues(
  source: string,
  mixed: "text" | "json",
  { others, columns }: VertexChoice,
  names: readonly string[] = [],
  take?: (bytes: number) => void,
): VertexValues {
  const drops = others === "drop" || columns !== undefined;
  const places = new Map<string | number, number>();
  const set = columnSet(mixed, drops ? [] : names, take);
  const dropped = new Set(drops ? names : []);
  const refuse = (name: string): never => {
    throw new UserError(
      `${source}: vertices have values (${JSON.stringify(name)}), and --strict keeps none`,
      "--drop-columns drops them, with those of edges",
    );
  };
  return {
    put(vertex, name, text, kind) {
      if (others === "refuse") refuse(name);
      if (drops) {
        dropped.add(name);
        return;
      }
      const place = places.get(vertex) ?? places.size;
      places.set(vertex, place);
      set.put(name, place, text, kind);
    },
    beside(graph) {
      if (others === "refuse" && names.length > 0) refuse(names[0]);
      const kept = set.finish(places.size);
      if (!kept) return { graph, notes: droppedNote([...dropped], "vertices") };
      return { graph: { ...graph, vertexColumns: byVertex(graph, kept, places) }, notes: keptNote(kept, "vertex") };
    },
  };
}

/** Columns whose values stand in places, with a value for each vertex of the graph. */
export function byVertex(
  { vertices, names }: EdgeList,
  columns: readonly GraphColumn[],
  places: ReadonlyMap<string | number, number>,
): GraphColumn[] {
  const order = new Int32Array(vertices);
  for (let v = 0; v < vertices; v++) order[v] = places.get(names ? names[v] : v) ?? -1;
  return reordered(columns, order);
}
