/**
 * Where what lies in a file of Arrow's IPC format, every length and offset checked: libraries take a length on trust, and loop over two thousand
 * million fields that are none.
 *
 * @source  Apache Arrow, Columnar Format 1.5: IPC; FlatBuffers, Internals
 */

import { UserError } from "../errors.ts";

/** The error of a reader of Arrow in words. */
export const notArrow = (where: string, error: unknown): UserError =>
  new UserError(
    `${where}: not an Arrow file: ${error instanceof Error ? error.message : error}`,
    "uncompressed Arrow IPC files and streams are read",
  );

/** A field of the schema, in the order in which batches have their columns: parents before children. */
export interface ArrowField {
  readonly name: string;
  /** By the numbers of Schema.fbs: 2 integers, 3 floats, 5 texts, … */
  readonly kind: number;
  /** Of integers. */
  readonly bits: number;
  readonly signed: boolean;
  /** Of floats: half, single, double. */
  readonly precision: number;
  /** Values are places in this dictionary. */
  readonly dictionary?: bigint;
  readonly children: readonly ArrowField[];
}

/** A batch of columns of one length. */
export interface ArrowBatch {
  readonly length: number;
  /** Rows of each field. */
  readonly nodes: readonly { readonly length: number; readonly missing: number }[];
  readonly buffers: readonly Uint8Array[];
  readonly compressed: boolean;
  /** The dictionary that it is, or adds to. */
  readonly dictionary?: { readonly id: bigint; readonly adds: boolean };
}

export interface ArrowLayout {
  readonly fields: readonly ArrowField[];
  readonly batches: readonly ArrowBatch[];
}

/** Most fields, one inside the other, and in all. */
const [deepest, mostFields] = [32, 100_000];

type Table = (slot: number) => number | undefined;

/** Positions of the fields of a table; outside of the view there is nothing, and its accessors throw. */
function table(view: DataView, at: number): Table {
  const slots = at - view.getInt32(at, true);
  const size = view.getUint16(slots, true);
  return (slot) => {
    const entry = 4 + 2 * slot;
    const offset = entry + 2 > size ? 0 : view.getUint16(slots + entry, true);
    return offset === 0 ? undefined : at + offset;
  };
}

const target = (view: DataView, at: number): number => at + view.getUint32(at, true);
const inner = (view: DataView, at: number | undefined): Table | undefined => (at === undefined ? undefined : table(view, target(view, at)));

/** Positions of the items of a vector. */
function items(view: DataView, at: number | undefined, bytes: number): number[] {
  if (at === undefined) return [];
  const start = target(view, at);
  const count = view.getUint32(start, true);
  if (count * bytes > view.byteLength - start - 4) throw new RangeError(`${count} items in ${view.byteLength} bytes`);
  return Array.from({ length: count }, (_, i) => start + 4 + i * bytes);
}

function text(view: DataView, at: number | undefined): string {
  const places = items(view, at, 1);
  return places.length === 0 ? "" : new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + places[0], places.length));
}

/** What is said besides is not used, but must be there. */
function checkMetadata(view: DataView, at: number | undefined): void {
  for (const item of items(view, at, 4)) {
    const entry = table(view, target(view, item));
    for (const slot of [0, 1]) items(view, entry(slot), 1);
  }
}

const count = (view: DataView, at: number | undefined): number => {
  const value = at === undefined ? 0 : Number(view.getBigInt64(at, true));
  if (value < 0) throw new RangeError(`a length of ${value}`);
  return value;
};
const byte = (view: DataView, at: number | undefined): number => (at === undefined ? 0 : view.getUint8(at));

function fieldsOf(view: DataView, at: number | undefined, budget: { left: number }, depth = 0): ArrowField[] {
  if (depth > deepest) throw new RangeError("fields lie too deep in each other");
  return items(view, at, 4).map((item) => {
    if (budget.left-- === 0) throw new RangeError("too many fields");
    const field = table(view, target(view, item));
    const encoding = inner(view, field(4));
    const kind = byte(view, field(2));
    const type = inner(view, field(3));
    // of a dictionary's places, or of the values
    const integer = encoding ? inner(view, encoding(1)) : kind === 2 ? type : undefined;
    const width = integer?.(0);
    const precision = kind === 3 ? type?.(0) : undefined;
    checkMetadata(view, field(6));
    return {
      name: text(view, field(0)),
      kind,
      bits: width === undefined ? 32 : view.getInt32(width, true),
      signed: integer === undefined || byte(view, integer(1)) !== 0,
      precision: precision === undefined ? 0 : view.getInt16(precision, true),
      ...(encoding && { dictionary: BigInt(count(view, encoding(0))) }),
      children: fieldsOf(view, field(5), budget, depth + 1),
    };
  });
}

function schemaOf(view: DataView, schema: Table): ArrowField[] {
  if (schema(0) !== undefined && view.getInt16(schema(0)!, true) !== 0) throw new RangeError("big-endian files are not read");
  checkMetadata(view, schema(2));
  items(view, schema(3), 8);
  return fieldsOf(view, schema(1), { left: mostFields });
}

function batchOf(view: DataView, batch: Table, body: Uint8Array): ArrowBatch {
  const nodes = items(view, batch(1), 16).map((at) => ({ length: count(view, at), missing: count(view, at + 8) }));
  const buffers = items(view, batch(2), 16).map((at) => {
    const [from, length] = [count(view, at), count(view, at + 8)];
    if (from + length > body.length) throw new RangeError("a column reaches beyond its batch");
    return body.subarray(from, from + length);
  });
  items(view, batch(4), 8);
  return { length: count(view, batch(0)), nodes, buffers, compressed: batch(3) !== undefined };
}

/** A message, and where its body ends; undefined at the end of a stream. */
interface Message {
  readonly schema?: ArrowField[];
  readonly batch?: ArrowBatch;
  readonly end: number;
}

function messageAt(bytes: Uint8Array, at: number): Message | undefined {
  const whole = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (at + 4 > bytes.length) return undefined;
  const marked = whole.getInt32(at, true) === -1;
  if (marked && at + 8 > bytes.length) return undefined;
  const size = whole.getInt32(marked ? at + 4 : at, true);
  const start = at + (marked ? 8 : 4);
  if (size === 0) return undefined;
  if (size < 0 || start + size > bytes.length) throw new RangeError("a message reaches beyond the file");
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, size);
  const message = table(view, target(view, 0));
  checkMetadata(view, message(4));
  const end = start + size + count(view, message(3));
  if (end > bytes.length) throw new RangeError("a batch reaches beyond the file");
  const body = bytes.subarray(start + size, end);
  const header = inner(view, message(2));
  const kind = byte(view, message(1));
  if (header === undefined || kind < 1 || kind > 3) throw new RangeError(`a message of kind ${kind}`);
  if (kind === 1) return { schema: schemaOf(view, header), end };
  if (kind === 3) return { batch: batchOf(view, header, body), end };
  const data = inner(view, header(1));
  if (data === undefined) throw new RangeError("a dictionary without values");
  const dictionary = { id: BigInt(count(view, header(0))), adds: byte(view, header(2)) !== 0 };
  return { batch: { ...batchOf(view, data, body), dictionary }, end };
}

/** Fields and all that lie in them. */
const all = (fields: readonly ArrowField[]): ArrowField[] =>
  fields.flatMap((field) => [field, ...(field.dictionary === undefined ? all(field.children) : [])]);

/** The messages of a file, by its footer, or of a stream, one behind another. */
function messages(bytes: Uint8Array): Message[] {
  const isMagic = (at: number): boolean => new TextDecoder().decode(bytes.subarray(at, at + 6)) === "ARROW1";
  const found: Message[] = [];
  if (!isMagic(0)) {
    for (let next = messageAt(bytes, 0); next; next = messageAt(bytes, next.end)) found.push(next);
    return found;
  }
  if (!isMagic(bytes.length - 6)) throw new RangeError("the file is cut off");
  const whole = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = whole.getInt32(bytes.length - 10, true);
  const view = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 10 - size, size);
  const footer = table(view, target(view, 0));
  const schema = inner(view, footer(1));
  if (schema === undefined) throw new RangeError("the file has no schema");
  checkMetadata(view, footer(4));
  const blocks = [2, 3].flatMap((slot) => items(view, footer(slot), 24)).map((at) => messageAt(bytes, count(view, at)));
  // a second schema stands where messages begin
  const first = messageAt(bytes, 8);
  return [
    { schema: schemaOf(view, schema), end: 0 },
    ...(first?.schema ? [{ schema: first.schema, end: 0 }] : []),
    ...blocks.flatMap((b) => b ?? []),
  ];
}

/** @throws RangeError  for what reaches beyond the file, or cannot be */
export function arrowLayout(bytes: Uint8Array): ArrowLayout {
  const read = messages(bytes);
  const fields = read.find(({ schema }) => schema)?.schema;
  if (fields === undefined) throw new RangeError("the file has no schema");
  const batches = read.flatMap(({ batch }) => batch ?? []);
  const columns = all(fields).length;
  for (const { length, nodes, dictionary } of batches) {
    // a value takes a bit at least
    if ([length, ...nodes.map((node) => node.length)].some((n) => n > 8 * bytes.length))
      throw new RangeError(`${length} rows in ${bytes.length} bytes`);
    if (dictionary === undefined && nodes.length !== columns) throw new RangeError(`${nodes.length} columns of ${columns} fields`);
  }
  return { fields, batches };
}
