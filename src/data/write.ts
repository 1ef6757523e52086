/** Tables to files. */
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { withDuckDb } from "./duckdb.ts";
import { asText } from "./formula-text.ts";
import { isNumeric, type Table, type Values } from "./table.ts";

/** Writes a table as CSV (RFC 4180; a missing value is an empty field; text that is a formula to spreadsheets has a ' before it). The file appears complete or not at all. */
export async function writeCsv(path: string, t: Table): Promise<void> {
  await aside(path, (temporary) => pipeline(Readable.from(csvLines(t)), createWriteStream(temporary)));
}

function* csvLines(t: Table): Generator<string> {
  yield `${t.columns.map((c) => csvField(c.name)).join(",")}\n`;
  const cells = t.columns.map(({ values }) => cell(values));
  for (let start = 0; start < t.rows; start += 1024) {
    let block = "";
    for (let i = start; i < Math.min(t.rows, start + 1024); i++) block += `${cells.map((text) => text(i)).join(",")}\n`;
    yield block;
  }
}

/** The shortest text that reads back as the same number, single or double. */
function cell(values: Values): (i: number) => string {
  if (!isNumeric(values)) return (i) => csvField(values[i] ?? "");
  const digits = values instanceof Float32Array ? shortest32 : String;
  return (i) => (Number.isNaN(values[i]) ? "" : digits(values[i]));
}

function shortest32(x: number): string {
  for (let precision = 6; precision < 9; precision++) {
    const rounded = Number(x.toPrecision(precision));
    if (Math.fround(rounded) === x) return String(rounded);
  }
  return String(Number(x.toPrecision(9)));
}

function csvField(given: string): string {
  const text = asText(given);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Writes a table as Parquet: FLOAT, DOUBLE and VARCHAR columns; a missing value is NULL. */
export async function writeParquet(path: string, t: Table): Promise<void> {
  const { DOUBLE, DuckDBDataChunk, FLOAT, VARCHAR } = await import("@duckdb/node-api");
  const types = t.columns.map(({ values }) => (!isNumeric(values) ? VARCHAR : values instanceof Float32Array ? FLOAT : DOUBLE));
  await withDuckDb(async (connection) => {
    const names = t.columns.map(({ name }, i) => `"${name.replaceAll('"', '""')}" ${types[i]}`);
    await connection.run(`CREATE TABLE t (${names.join(", ")})`);
    const appender = await connection.createAppender("t");
    for (let start = 0; start < t.rows; start += 2048) {
      const chunk = DuckDBDataChunk.create(types);
      chunk.setColumns(t.columns.map(({ values }) => cells(values.slice(start, start + 2048))));
      appender.appendDataChunk(chunk);
    }
    appender.closeSync();
    await aside(path, (temporary) => connection.run("COPY t TO $temporary (FORMAT parquet)", { temporary }));
  });
}

function cells(values: Values): (number | string | null)[] {
  return isNumeric(values) ? Array.from(values, (v) => (Number.isNaN(v) ? null : v)) : [...values];
}

/** Writes to a neighbour and renames it, so that no reader meets half a file. */
export async function aside(path: string, write: (temporary: string) => Promise<unknown>): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await write(temporary);
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}
