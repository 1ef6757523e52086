/**
 * The metrics of runs as columns, read from metrics.jsonl bit by bit: what was read is not read again, and whoever else follows the run is
 * told of the new rows. One reader a run, however many look on.
 */
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import type { Column } from "./series.ts";

/** A row as the page gets it: what is no finite number is null. */
export type Row = Readonly<Record<string, number | null>>;

/** What is new in a file: rows, or everything anew, because the run went back to an earlier step or began again. */
export interface Advance {
  readonly rows: readonly Row[];
  readonly again: boolean;
}

export interface Curves {
  /** Reads on. Calls for one run queue up. */
  advance(id: string, folder: string): Promise<void>;
  /** Names of metrics, in the order in which they came up. */
  names(id: string): readonly string[];
  column(id: string, name: string): Column;
  forget(id: string): void;
}

interface Told {
  /** Somebody follows the run: its rows are wanted, and it is kept. */
  readonly follows: (id: string) => boolean;
  readonly tell: (id: string, news: Advance) => void;
  /** Bytes of numbers kept of runs that nobody follows. */
  readonly budget?: number;
}

/** Bytes read at a time, after each of which others have their turn; bytes by which a file is known again. */
const [pieceBytes, tailBytes] = [1 << 18, 64];

interface Growing {
  length: number;
  step: Float64Array;
  value: Float64Array;
}

interface Reader {
  folder: string;
  /** Bytes read, whole lines only; the last of them. */
  position: number;
  tail: string;
  readonly columns: Map<string, Growing>;
  queue: Promise<void>;
}

export function openCurves({ follows, tell, budget = 1 << 28 }: Told): Curves {
  const readers = new Map<string, Reader>(); // least recently used first
  const fresh = (folder: string): Reader => ({ folder, position: 0, tail: "", columns: new Map(), queue: Promise.resolve() });

  function used(id: string, folder: string): Reader {
    const known = readers.get(id);
    const reader = known?.folder === folder ? known : fresh(folder);
    readers.delete(id);
    readers.set(id, reader);
    return reader;
  }

  function makeRoom(): void {
    let held = [...readers.values()].reduce((sum, reader) => sum + bytesOf(reader), 0);
    for (const [id, reader] of [...readers].slice(0, -1)) {
      if (held <= budget) return;
      if (follows(id)) continue;
      readers.delete(id);
      held -= bytesOf(reader);
    }
  }

  return {
    advance(id, folder) {
      const reader = used(id, folder);
      const read = reader.queue.then(() =>
        readOn(reader, (rows, again) => {
          if (follows(id)) tell(id, { rows: rows.map(numbersOf), again });
        }),
      );
      reader.queue = read.catch(() => undefined);
      return read.then(makeRoom);
    },
    names: (id) => [...(readers.get(id)?.columns.keys() ?? [])],
    column(id, name) {
      const found = readers.get(id)?.columns.get(name);
      return { step: found?.step.subarray(0, found.length) ?? none, value: found?.value.subarray(0, found.length) ?? none };
    },
    forget: (id) => void readers.delete(id),
  };
}

const bytesOf = ({ columns }: Reader): number => [...columns.values()].reduce((sum, { value }) => sum + 16 * value.length, 0);

const none = new Float64Array(0);

async function readOn(reader: Reader, tell: (rows: readonly Parsed[], again: boolean) => void): Promise<void> {
  const file = await open(join(reader.folder, "metrics.jsonl"), "r").catch(() => undefined);
  if (file === undefined) return;
  try {
    const { size } = await file.stat();
    if (!(await continues(file, reader, size))) {
      Object.assign(reader, { position: 0, tail: "" });
      reader.columns.clear();
      tell([], true);
    }
    while (reader.position < size) {
      const { text, bytes } = await lines(file, reader.position, size);
      if (bytes === 0) break;
      const rows = parse(text);
      for (const row of rows) append(reader, row);
      reader.position += bytes;
      reader.tail = await textAt(file, Math.max(0, reader.position - tailBytes), reader.position);
      tell(rows, false);
    }
  } finally {
    await file.close();
  }
}

const continues = async (file: FileHandle, { position, tail }: Reader, size: number): Promise<boolean> =>
  position <= size && (position === 0 || (await textAt(file, Math.max(0, position - tailBytes), position)) === tail);

/** Whole lines from a place on; a half-written one is left for the next time, a line longer than a piece is taken as a whole. */
async function lines(file: FileHandle, from: number, size: number): Promise<{ text: string; bytes: number }> {
  for (let wanted = pieceBytes; ; wanted *= 4) {
    const piece = Buffer.alloc(Math.min(wanted, size - from));
    const { bytesRead } = await file.read(piece, 0, piece.length, from);
    const bytes = piece.subarray(0, bytesRead).lastIndexOf(0x0a) + 1;
    if (bytes > 0 || bytesRead < wanted) return { text: piece.toString("utf8", 0, bytes), bytes };
  }
}

async function textAt(file: FileHandle, from: number, to: number): Promise<string> {
  const bytes = Buffer.alloc(to - from);
  await file.read(bytes, 0, bytes.length, from);
  return bytes.toString("latin1");
}

/** A line of the file, as it is. */
type Parsed = Readonly<Record<string, unknown>>;

/** Rows of a text; lines that are none are left out, for a folder may be edited by others. */
function parse(text: string): Parsed[] {
  return text.split("\n").flatMap((line) => {
    if (line === "") return [];
    try {
      const row: unknown = JSON.parse(line);
      return isRow(row) ? [row] : [];
    } catch {
      return [];
    }
  });
}

const isRow = (value: unknown): value is Parsed => typeof value === "object" && value !== null;

const numbersOf = (row: Parsed): Row =>
  Object.fromEntries(Object.entries(row).flatMap(([key, v]) => (v === null || typeof v === "number" ? [[key, v]] : [])));

function append({ columns }: Reader, row: Parsed): void {
  const step = numberOf(row.step);
  for (const name in row) {
    const value = row[name];
    if (name === "step" || !(value === null || typeof value === "number")) continue;
    let column = columns.get(name);
    if (column === undefined) {
      column = { length: 0, step: new Float64Array(64), value: new Float64Array(64) };
      columns.set(name, column);
    } else if (column.length === column.value.length) {
      column.step = grown(column.step);
      column.value = grown(column.value);
    }
    column.step[column.length] = step;
    column.value[column.length++] = numberOf(value);
  }
}

const numberOf = (value: unknown): number => (typeof value === "number" ? value : Number.NaN);

function grown(values: Float64Array): Float64Array {
  const larger = new Float64Array(2 * values.length);
  larger.set(values);
  return larger;
}
