/** Columns of numbers, truth values and texts of an Arrow file as texts, straight from its buffers. */
import { type ArrowBatch, type ArrowField, arrowLayout } from "./arrow-layout.ts";

/** Nothing where a value is missing. */
export type TextColumn = readonly (string | undefined)[];

/** Buffers of kinds of columns, without those of their children; of the others we do not know. */
const buffersOf = new Map([
  [1, 0],
  ...[2, 3, 6, 7, 8, 9, 10, 11, 12, 15, 17, 18, 21].map((kind) => [kind, 2] as const),
  ...[4, 5, 19, 20].map((kind) => [kind, 3] as const),
  ...[13, 16].map((kind) => [kind, 1] as const),
  [22, 0],
]);

/** Nodes and buffers of a field with its children. */
function extent({ kind, dictionary, children }: ArrowField): { nodes: number; buffers: number } {
  if (dictionary !== undefined) return { nodes: 1, buffers: 2 };
  const own = buffersOf.get(kind);
  if (own === undefined) throw new RangeError(`columns of kind ${kind} of Arrow's schema are not known`);
  return children
    .map(extent)
    .reduce((sum, child) => ({ nodes: sum.nodes + child.nodes, buffers: sum.buffers + child.buffers }), { nodes: 1, buffers: own });
}

const bit = (bytes: Uint8Array, i: number): boolean => ((bytes[i >> 3] >> (i & 7)) & 1) === 1;

/** How a value of a column is found. */
function reader(field: ArrowField, [, data, texts]: readonly Uint8Array[]): (i: number) => string {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const { kind, bits, signed, precision } = field;
  if (kind === 2 || field.dictionary !== undefined) {
    if (bits === 8) return (i) => String(signed ? view.getInt8(i) : view.getUint8(i));
    if (bits === 16) return (i) => String(signed ? view.getInt16(2 * i, true) : view.getUint16(2 * i, true));
    if (bits === 32) return (i) => String(signed ? view.getInt32(4 * i, true) : view.getUint32(4 * i, true));
    return (i) => String(signed ? view.getBigInt64(8 * i, true) : view.getBigUint64(8 * i, true));
  }
  if (kind === 3 && precision > 0) return (i) => String(precision === 1 ? view.getFloat32(4 * i, true) : view.getFloat64(8 * i, true));
  if (kind === 6) return (i) => String(bit(data, i));
  if (kind !== 5 && kind !== 20) throw new RangeError(`the values of "${field.name}" are no numbers, truth values or texts`);
  if (texts === undefined) throw new RangeError(`"${field.name}" has no texts`);
  const decoder = new TextDecoder();
  const at = (i: number): number => (kind === 5 ? view.getInt32(4 * i, true) : Number(view.getBigInt64(8 * i, true)));
  return (i) => decoder.decode(texts.subarray(at(i), at(i + 1)));
}

/** A column of a batch, by the first of its nodes and buffers. */
function valuesOf(field: ArrowField, { nodes, buffers, compressed }: ArrowBatch, node: number, buffer: number): TextColumn {
  if (nodes[node] === undefined) throw new RangeError(`the batch has no column "${field.name}"`);
  const { length, missing } = nodes[node];
  if (field.kind === 1 && field.dictionary === undefined) return new Array<undefined>(length).fill(undefined);
  if (compressed) throw new RangeError("compressed batches are not read");
  const own = buffers.slice(buffer, buffer + 3);
  if (own.length < 2) throw new RangeError(`"${field.name}" has no values`);
  const read = length === 0 ? () => "" : reader(field, own);
  return Array.from({ length }, (_, i) => (missing > 0 && !bit(own[0], i) ? undefined : read(i)));
}

/**
 * The columns of some names, of all batches.
 * @throws RangeError  for what reaches beyond the file, and values that are no numbers, truth values or texts
 */
export function arrowColumns(bytes: Uint8Array, choose: (names: readonly string[]) => readonly string[]): TextColumn[] {
  const { fields, batches } = arrowLayout(bytes);
  const dictionaries = new Map<bigint, TextColumn>();
  for (const { dictionary, ...batch } of batches) {
    if (!dictionary) continue;
    const field = fields.find((f) => f.dictionary === dictionary.id);
    if (!field) continue; // of a column within another
    const values = valuesOf({ ...field, dictionary: undefined }, batch, 0, 0);
    dictionaries.set(dictionary.id, [...(dictionary.adds ? (dictionaries.get(dictionary.id) ?? []) : []), ...values]);
  }
  return choose(fields.map(({ name }) => name)).map((name) => {
    const at = fields.findIndex((field) => field.name === name);
    if (at < 0) throw new RangeError(`there is no column "${name}"`);
    const field = fields[at];
    const before = fields.slice(0, at).map(extent);
    const [node, buffer] = [before.reduce((sum, e) => sum + e.nodes, 0), before.reduce((sum, e) => sum + e.buffers, 0)];
    const places = batches.flatMap((batch) => (batch.dictionary ? [] : valuesOf(field, batch, node, buffer)));
    const values = field.dictionary === undefined ? undefined : dictionaries.get(field.dictionary);
    return values ? places.map((place) => (place === undefined ? undefined : values[Number(place)])) : places;
  });
}
