/** Columns of values beside the edges, in the order in which the edges are decoded, and beside the vertices, in the order of their numbers. */
import { deflateSync, inflateSync } from "fflate";
import { type ColumnKind, columnBuilder, type GraphColumn, valueText } from "../data/graph-columns.ts";
import { UserError } from "../errors.ts";
import { concat, type Reader, reader, varint } from "./bytes.ts";
import { type ByteCoder, demodelled, isSlow, leastStream, MODELLED_LIMIT, modelled, orders } from "./bytewise.ts";
import { hash } from "./mixing.ts";
import type { Allowance } from "./names.ts";

const KINDS = ["number", "text", "json"] as const satisfies readonly ColumnKind[];
/** Bytes that UTF-8 never has: the end of a value, and a missing one. */
const [END, MISSING] = [255, 254];

/** How values are written: their texts by a model, their texts deflated, or doubles in eight deflated planes. */
const CODINGS = ["model", "deflate", "planes"] as const;
type Coding = (typeof CODINGS)[number];

/** Beside what columns stand. */
type Beside = "edges" | "vertices";

const damaged = (of: Beside): UserError => new UserError(`the columns of the ${of} are damaged`, "get an intact copy of the file");

/** All values as bytes: texts with an end after each, one byte for what is missing. */
function textBytes(column: GraphColumn): Uint8Array {
  const encoder = new TextEncoder();
  let out = new Uint8Array(1 << 12);
  let at = 0;
  for (let edge = 0; edge < column.values.length; edge++) {
    const text = valueText(column, edge);
    const needed = at + 1 + 3 * (text?.length ?? 0);
    if (needed > out.length) {
      const more = new Uint8Array(2 * needed);
      more.set(out);
      out = more;
    }
    if (text === null) out[at++] = MISSING;
    else {
      at += encoder.encodeInto(text, out.subarray(at)).written;
      out[at++] = END;
    }
  }
  return out.slice(0, at);
}

/** Byte k of every double, one plane after the other. */
function planes(values: Float64Array): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(8));
  const out = new Uint8Array(8 * values.length);
  values.forEach((x, i) => {
    bytes.setFloat64(0, x);
    for (let k = 0; k < 8; k++) out[k * values.length + i] = bytes.getUint8(k);
  });
  return out;
}

/**
 * Codes the bytes of values under what came before in the value, in the values before, and at the same ends.
 *
 * @param given  the bytes when writing
 */
function codeValues(byte: ByteCoder, size: number, pairs: Uint32Array, given: Uint8Array | undefined): Uint8Array | undefined {
  const out = given ?? new Uint8Array(size);
  let [edge, start, last] = [0, 0, 0];
  for (let at = 0; at < size; at++) {
    if (2 * edge >= pairs.length) return undefined;
    const inside = at - start;
    const [o1, o2, o3, o5] = orders(out, at, [1, 2, 3, 5]);
    const before = hash(
      hash(80, inside),
      out.subarray(start, at).reduce((h, b) => hash(h, b), 0),
    );
    const above = start > 0 && last + inside < start ? out[last + inside] : 0;
    const contexts = [
      o1,
      o2,
      o3,
      o5,
      before,
      hash(before, pairs[2 * edge]),
      hash(before, pairs[2 * edge + 1] + 2 ** 30),
      hash(before, above),
    ];
    out[at] = byte(contexts, Math.min(7, inside), out[at]);
    if (out[at] < MISSING) continue;
    [edge, last, start] = [edge + 1, start, at + 1];
  }
  return 2 * edge === pairs.length ? out : undefined;
}

/** One column: name, kind and coding, size and bytes, in the shortest coding. */
function writeColumn(column: GraphColumn, pairs: Uint32Array): Uint8Array {
  const name = new TextEncoder().encode(column.name);
  const text = textBytes(column);
  const ways: { coding: Coding; raw: number; bytes: Uint8Array }[] = [
    { coding: "deflate", raw: text.length, bytes: deflateSync(text, { level: text.length > 2 ** 24 ? 6 : 9 }) },
  ];
  if (text.length <= MODELLED_LIMIT) {
    const stream = modelled(text.length, (byte) => codeValues(byte, text.length, pairs, text));
    if (!isSlow(text.length, stream.length)) ways.push({ coding: "model", raw: text.length, bytes: stream });
  } else if (column.values instanceof Float64Array && column.kind === "number")
    ways.push({ coding: "planes", raw: 8 * column.values.length, bytes: deflateSync(planes(column.values), { level: 6 }) });
  const { coding, raw, bytes } = ways.reduce((a, b) => (b.bytes.length < a.bytes.length ? b : a));
  const head = KINDS.indexOf(column.kind) + 4 * CODINGS.indexOf(coding);
  return concat([varint(name.length), name, [head], varint(raw), varint(bytes.length), bytes]);
}

/**
 * Two numbers for each vertex that take the place of an edge's ends as contexts of its values: how many edges it has, at most 255, and its
 * smallest neighbour, the number of vertices if it has none.
 */
export function vertexContexts(vertices: number, pairs: Uint32Array): Uint32Array {
  const contexts = new Uint32Array(2 * vertices);
  for (let v = 0; v < vertices; v++) contexts[2 * v + 1] = vertices;
  for (let i = 0; i < pairs.length; i++) {
    const [v, other] = [pairs[i], pairs[i ^ 1]];
    contexts[2 * v] = Math.min(255, contexts[2 * v] + 1);
    contexts[2 * v + 1] = Math.min(contexts[2 * v + 1], other);
  }
  return contexts;
}

/** All columns, for edges in the order of `pairs`. */
export const writeColumns = (columns: readonly GraphColumn[], pairs: Uint32Array): Uint8Array => {
  const parts = columns.map((column) => writeColumn(column, pairs));
  return concat([varint(columns.length), ...parts]);
};

/** Bytes that each column takes in a file. */
export const columnSizes = (columns: readonly GraphColumn[], pairs: Uint32Array): { name: string; kind: ColumnKind; bytes: number }[] =>
  columns.map((column) => ({ name: column.name, kind: column.kind, bytes: writeColumn(column, pairs).length }));

/** A column whose values are not decoded yet, since they need the edges. */
export interface PackedColumn {
  readonly name: string;
  readonly kind: ColumnKind;
  /** Bytes of the values in the file. */
  readonly bytes: number;
  unpack(pairs: Uint32Array): GraphColumn;
}

/** Columns that are not decoded yet, and the bytes that they and those before them need. */
interface PackedColumns {
  readonly columns: readonly PackedColumn[];
  readonly need: number;
}

/**
 * What the columns of `rows` edges or vertices are called, and their values to be decoded later.
 *
 * @param held  bytes that columns read before need
 * @throws UserError  before anything is decoded, for what takes more memory or time than is allowed
 */
export function readColumns(bytes: Uint8Array, of: Beside, rows: number, allowance: Allowance, held = 0): PackedColumns {
  const input = reader(bytes);
  const count = input.varint();
  if (count < 1 || count > bytes.length) throw damaged(of);
  let need = held;
  const columns = Array.from({ length: count }, () => {
    const column = readColumn(input, of, rows, allowance);
    need += column.need;
    if (need > allowance.memory)
      throw new UserError(
        `the columns of the ${of} need about ${Math.ceil(need / 2 ** 20)} MiB, more than the memory limit`,
        "raise --memory",
      );
    allowance.afford(column.need);
    return column;
  });
  if (input.left() > 0 || new Set(columns.map(({ name }) => name)).size < count) throw damaged(of);
  return { columns, need };
}

function readColumn(input: Reader, of: Beside, edges: number, allowance: Allowance): PackedColumn & { readonly need: number } {
  const name = utf8(input.take(input.varint()), of);
  const head = input.byte();
  const [kind, coding] = [KINDS[head % 4], CODINGS[head >> 2]];
  const raw = input.varint();
  const bytes = input.take(input.varint());
  const least = coding === "model" ? leastStream(raw) : Math.floor(raw / 1032) - 64;
  const fits = coding === "planes" ? raw === 8 * edges && kind === "number" : raw >= edges;
  if (kind === undefined || coding === undefined || !fits || least > bytes.length) throw damaged(of);
  if (coding === "model") allowance.slow(raw, bytes.length);
  const unpack = (pairs: Uint32Array): GraphColumn => {
    const unpacked = coding === "model" ? demodelled(raw, bytes, (byte) => codeValues(byte, raw, pairs, undefined)) : inflated(bytes, raw);
    if (!unpacked) throw damaged(of);
    return coding === "planes" ? { name, kind, values: fromPlanes(unpacked, edges) } : fromTexts({ name, kind }, of, unpacked, edges);
  };
  // texts are held as strings, numbers as doubles
  return { name, kind, bytes: bytes.length, unpack, need: raw + (kind === "number" ? 8 * edges : 40 * edges + 2 * raw) };
}

function inflated(bytes: Uint8Array, size: number): Uint8Array | undefined {
  try {
    const raw = inflateSync(bytes, { out: new Uint8Array(size + 1) });
    return raw.length === size ? raw : undefined;
  } catch {
    return undefined;
  }
}

function utf8(bytes: Uint8Array, of: Beside): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw damaged(of);
  }
}

function fromPlanes(bytes: Uint8Array, count: number): Float64Array {
  const view = new DataView(new ArrayBuffer(8));
  return Float64Array.from({ length: count }, (_, i) => {
    for (let k = 0; k < 8; k++) view.setUint8(k, bytes[k * count + i]);
    return view.getFloat64(0);
  });
}

function fromTexts({ name, kind }: Pick<GraphColumn, "name" | "kind">, of: Beside, bytes: Uint8Array, edges: number): GraphColumn {
  const column = columnBuilder(name, "text");
  let [edge, start] = [0, 0];
  bytes.forEach((b, at) => {
    if (b < MISSING) return;
    if (b === MISSING ? at !== start : edge >= edges) throw damaged(of);
    if (b === END) column.put(edge, utf8(bytes.subarray(start, at), of), kind);
    edge++;
    start = at + 1;
  });
  if (edge !== edges || start !== bytes.length) throw damaged(of);
  return { ...column.finish(edges), kind };
}
