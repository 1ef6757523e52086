/** What an edge list says of itself: comments of SNAP, KONECT and our own, headings of Gephi, Neo4j and our own. */
import { fields, type Refuse } from "./graph-rows.ts";

/** What comments and headings say; later words count more. */
export interface Said {
  directed?: boolean;
  vertices?: number;
  /** The numbers that come are all the vertices there are. */
  exact?: boolean;
  ids?: "name" | "number";
  /** It is one of our own lists, which have no heading. */
  ours?: boolean;
  /** Vertices with their values, and those on no edge, from our own comments. */
  alone?: (readonly (string | undefined)[])[];
  /** The heading is that of a list that may name vertices on no edge, in rows with one end. */
  singles?: boolean;
  /** The first row, if it is a heading. */
  heading?: readonly (string | undefined)[];
  /** Names of the columns beside the ends, and beside the vertices, from our own comments. */
  columns?: readonly string[];
  vertexColumns?: readonly string[];
  /** The third column says whether the edges are directed, as in Gephi's lists. */
  typed?: boolean;
}

/** Is this line a comment? */
export const isComment = (text: string): boolean => /^\s*(#|%|\/\/)/.test(text);

/** Takes a comment in. @throws UserError  for a bipartite network, whose two sides are both numbered from 1 */
export function readComment(text: string, said: Said, refuse: Refuse, bipartite = false): void {
  const vertex = /^# vertex\t(.+)$/s.exec(text)?.[1];
  if (vertex !== undefined) {
    said.alone ??= [];
    said.alone.push(fields(vertex, 9));
    return;
  }
  const [, of, columns] = /^[#%] (vertex )?columns: (\[".*"\])$/.exec(text) ?? [];
  if (columns !== undefined && said.ours) said[of ? "vertexColumns" : "columns"] = columnNames(columns);
  if (columns !== undefined) return;
  const [, count, kind] = /^#\s*(\d+) (named |numbered )?vertices, \d+ (?:un)?directed edges/.exec(text) ?? [];
  if (count !== undefined) said.ours = true;
  if (kind === "named ") said.ids = "name";
  else if (kind === "numbered ") said.exact = true;
  else if (count !== undefined) said.vertices = Number(count);
  const directed = directionIn(text, bipartite, refuse);
  if (directed !== undefined) said.directed = directed;
}

/** Names as a comment of ours lists them; undefined if it is none. */
export function columnNames(json: string): string[] | undefined {
  try {
    const names: unknown = JSON.parse(json);
    return Array.isArray(names) && names.every((name) => typeof name === "string") && new Set(names).size === names.length
      ? names
      : undefined;
  } catch {
    return undefined;
  }
}

/** "directed" and "undirected" of SNAP's comments and ours, "asym" and "sym" of KONECT's. */
function directionIn(comment: string, bipartite: boolean, refuse: Refuse): boolean | undefined {
  const konect = /^\s*%\s*(sym|asym|bip)\b/.exec(comment)?.[1];
  if (konect === "bip" && !bipartite)
    refuse(
      "a bipartite network numbers both sides from 1: their vertices would be merged",
      "--bipartite gives the second side numbers of its own",
    );
  if (konect) return konect === "asym";
  const word = /\b(undirected|directed)\b/i.exec(comment)?.[1].toLowerCase();
  return word === undefined ? undefined : word === "directed";
}

const ENDS = "source|target|from|to|src|dst|start|end";
const ROLES = `${ENDS}|tail|head|u|v|user|friend|follower|followee|citing|cited|parent|child|(node|id)[ _]?\\d|from ?node ?id|to ?node ?id`;
const HEADING = new RegExp(`^:?(${ROLES}|(${ENDS})[ _]?(node)?[ _]?(id)?(\\(.*\\))?)(:(string|long))?$`, "i");

type Row = readonly (string | undefined)[];

/** Do the first two words of a row read like a heading? */
export const isHeading = (parts: Row): boolean =>
  parts.length >= 2 && (parts.slice(0, 2).every((p) => p !== undefined && HEADING.test(p)) || formOf(parts) !== undefined);

/** What names look like that go on from the first two of a row: "node3" after "node1" and "node2", "gene_c" after "gene_a" and "gene_b". */
export function formOf([a = "", b = ""]: Row): RegExp | undefined {
  if (/^[a-z]$/i.test(a) && /^[a-z]$/i.test(b)) return /^[a-z]$/i;
  const [, stem] = /^(.*[a-z][ ._-]?)1$/i.exec(a) ?? /^(.*[a-z][ ._-])[aix]$/i.exec(a) ?? /^(.*[a-z])[AX]$/.exec(a) ?? [];
  if (stem === undefined || !b.startsWith(stem)) return undefined;
  const [first, second] = [a.slice(stem.length), b.slice(stem.length)];
  if (!["12", "ab", "ij", "xy"].includes((first + second).toLowerCase())) return undefined;
  const plain = stem.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${plain}${first === "1" ? "\\d+" : "[a-zA-Z]"}$`);
}

/** Takes a heading in: "source:long,target:long,type". */
export function readHeading(parts: readonly (string | undefined)[], said: Said): void {
  const [, kind, again] = /^source(?::(string|long))?,target(?::(string|long))?$/i.exec(parts.slice(0, 2).join(",")) ?? [undefined];
  said.singles = /^source(:\w+)?,target/i.test(parts.join(",")) && kind === again;
  if (/^:START_ID/.test(parts[0] ?? "") && /^:END_ID/.test(parts[1] ?? "")) said.directed = true; // Neo4j has no others
  if (kind === "string") said.ids = "name";
  if (kind === "long") said.exact = true;
  said.heading = parts;
  said.typed = /^type$/i.test(parts[2] ?? "");
}
