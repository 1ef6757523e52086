/** Tables to files. */
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { csvLines } from "./csv.ts";
import { withDuckDb } from "./duckdb.ts";
import { isNumeric, type Table, type Values } from "./table.ts";

/** Writes a table as CSV. The file appears complete or not at all. */
export async function writeCsv(path: string, t: Table): Promise<void> {
  await aside(path, (temporary) => pipeline(Readable.from(csvLines(t)), createWriteStream(temporary)));
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
