/** Text files and Parquet through DuckDB, in memory; the columns as numbers or text. */
import { open } from "node:fs/promises";
import { constants, gunzipSync } from "node:zlib";
import type { DuckDBConnection } from "@duckdb/node-api";
import { UserError } from "../errors.ts";
import { mostBytes, tooLarge } from "./memory.ts";
import type { Column } from "./table.ts";

/** Runs a job on an in-memory database that is closed afterwards. */
export async function withDuckDb<T>(job: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    return await job(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** What stands for a missing value in a text file. */
const missingWords = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "."];

/** How a text file writes its numbers. */
export interface TextOptions {
  /** Sign before the decimals; default a point. */
  readonly decimal?: "." | ",";
  /** Further words for a missing value, with commas. */
  readonly missing?: string;
  /** Bytes that the table may have in memory; default a quarter of what there is. */
  readonly most?: number;
}

const inQuotes = (word: string): string => `'${word.replaceAll("'", "''")}'`;

/**
 * Dates stay text: DuckDB would choose between day and month first without a word. So do "yes" and "no", which it would take for 1 and
 * 0: as classes they have names.
 */
const types = ["BIGINT", "DOUBLE", "VARCHAR"].map((name) => `'${name}'`).join(", ");

/**
 * The columns of a file.
 * @throws UserError  naming the file, and the line of a malformed text file
 */
export async function readColumns(
  path: string,
  source: string,
  kind: "csv" | "json" | "parquet",
  { decimal = ".", missing = "", most }: TextOptions = {},
): Promise<Column[]> {
  const fail = failing(source);
  if (kind !== "csv") return withDuckDb((connection) => query(connection, `read_${kind}($path)`, { path }, { most })).catch(fail);
  const { delimiter, width } = await dialect(path);
  const words = [...missingWords, ...missing.split(",").map((word) => word.trim())].map(inQuotes).join(", ");
  const common = `$path, delim = $delimiter, quote = '"', header = true, skip = 0`;
  const guessing = `sample_size = -1, decimal_separator = '${decimal}', nullstr = [${words}], auto_type_candidates = [${types}]`;
  return withDuckDb(async (connection) => {
    const guess = query(connection, `read_csv(${common}, ${guessing})`, { path, delimiter }, { most });
    return guess
      .then((columns) => columns.map(truthValues))
      .catch(async (error: Error) => {
        if (error instanceof UserError) throw error;
        // a file that gives no dialect is read again without guessing: that error names the line
        const columns = Array.from({ length: width }, (_, i) => `c${i}: 'VARCHAR'`).join(", ");
        await query(connection, `read_csv(${common}, auto_detect = false, columns = {${columns}})`, { path, delimiter });
        throw error;
      });
  }).catch(fail);
}

/** A column of "true" and "false" alone as 1 and 0. */
function truthValues({ name, values }: Column): Column {
  const known: Readonly<Record<string, number>> = { true: 1, false: 0 };
  const numbers = ArrayBuffer.isView(values) ? [] : values.map((v) => (v === null ? Number.NaN : known[v.toLowerCase()]));
  const all = numbers.length > 0 && numbers.every((v) => v !== undefined) && numbers.some((v) => !Number.isNaN(v));
  return { name, values: all ? Float64Array.from(numbers) : values };
}

/**
 * The columns of a Parquet file as text, integers with all their digits: for identifiers, which a double would merge above 2^53.
 * @throws UserError  naming the file
 */
export async function readIdColumns(path: string, source: string): Promise<Column[]> {
  if (/[*?[\]]/.test(path)) throw new UserError(`${path}: a path with *, ?, [ or ] cannot be read`, "rename the file");
  const fail = failing(source);
  return withDuckDb((connection) => query(connection, "read_parquet($path)", { path }, { asText: true })).catch(fail);
}

/** The separator that is most frequent in the first line, and the number of columns there. DuckDB's own guess can be a single column. */
async function dialect(path: string): Promise<{ delimiter: string; width: number }> {
  const file = await open(path);
  const { buffer, bytesRead } = await file.read(new Uint8Array(2 ** 16)).finally(() => file.close());
  const start = buffer.subarray(0, bytesRead);
  const zipped = start[0] === 0x1f && start[1] === 0x8b;
  const text = zipped ? gunzipSync(start, { finishFlush: constants.Z_SYNC_FLUSH }) : start;
  const line = new TextDecoder()
    .decode(text)
    .split("\n", 1)[0]
    .replace(/"[^"]*"/g, "");
  const widths = [",", "\t", ";", "|"].map((delimiter) => ({ delimiter, width: line.split(delimiter).length }));
  return widths.reduce((a, b) => (b.width > a.width ? b : a));
}

const numbers = /^(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|U\w*INT|UHUGEINT|FLOAT|DOUBLE|DECIMAL.*|BOOLEAN)$/;

/** Numbers that have no exact text of their own, unless they are ends of edges. */
const floats = /^(FLOAT|DOUBLE)$/;
const ends = /^(source|target|src|dst|from|to|u|v|a|b|start|end|tail|head|(node|id)_?[12])$/i;

/** @param most  bytes that the values may take */
async function query(
  connection: DuckDBConnection,
  from: string,
  values: Record<string, string>,
  { asText = false, most = mostBytes() } = {},
): Promise<Column[]> {
  const described = await connection.runAndReadAll(`DESCRIBE FROM ${from}`, values);
  const columns = described.getRows().map(([name, type]) => ({
    name: String(name),
    numeric: asText ? floats.test(String(type)) && !ends.test(String(name)) : numbers.test(String(type)),
  }));
  // a text that begins with U+FEFF would lose it on the way from DuckDB: identifiers get a sign before them
  const casts = columns.map(
    ({ name, numeric }) => `${asText && !numeric ? "'_' || " : ""}"${name.replaceAll('"', '""')}"::${numeric ? "DOUBLE" : "VARCHAR"}`,
  );
  const result = await connection.stream(`SELECT ${casts.join(", ")} FROM ${from}`, values);
  const numbersOf = columns.map(() => [] as Float64Array[]);
  const textsOf = columns.map(() => [] as (string | null)[]);
  let [bytes, rows] = [0, 0];
  for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    rows += chunk.rowCount;
    for (const [c, { numeric }] of columns.entries()) {
      const values = chunk.getColumnValues(c) as (number | string | null)[];
      if (numeric) numbersOf[c].push(Float64Array.from(values, (v) => (v === null ? Number.NaN : Number(v))));
      else for (const v of values as (string | null)[]) textsOf[c].push(asText ? (v?.slice(1) ?? null) : v);
      bytes += numeric ? 8 * values.length : (values as (string | null)[]).reduce((sum, v) => sum + textBytes + (v?.length ?? 0), 0);
    }
    if (bytes > most) throw tooLarge(most, `its first ${rows} rows are`);
  }
  return columns.map(({ name, numeric }, c) => ({ name, values: numeric ? joined(numbersOf[c], rows) : textsOf[c] }));
}

/** Bytes of a text besides its letters: what refers to it, its length, its kind. */
const textBytes = 24;

function joined(parts: readonly Float64Array[], length: number): Float64Array {
  const values = new Float64Array(length);
  let at = 0;
  for (const part of parts) {
    values.set(part, at);
    at += part.length;
  }
  return values;
}

const failing = (source: string) => (error: Error) => {
  const [what, hint] = error instanceof UserError ? [`: ${error.message}`, error.hint] : explain(error.message);
  throw new UserError(`${source}${what}`, hint);
};

/** The part of DuckDB's message that a user can act on, to follow the file's name, and what to do. */
function explain(message: string): [what: string, hint?: string] {
  const line = /CSV Error on Line: (\d+)/.exec(message)?.[1];
  const text = /Original Line: (.*)/.exec(message)?.[1].slice(0, 80);
  const [, expected, found] = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(message) ?? [];
  if (found)
    return [
      `, line ${line}: ${found} ${found === "1" ? "value" : "values"} where the header has ${expected} (${text})`,
      Number(found) < Number(expected)
        ? "complete the line; a missing value is an empty field between two separators"
        : "remove what is too much; a value that holds a separator goes in quotation marks",
    ];
  if (/unterminated quote/.test(message))
    return [`, line ${line}: a quotation mark is never closed (${text})`, 'close it; a quotation mark inside of a value is written ""'];
  if (/not utf-8 encoded/.test(message)) return [`, line ${line}: the text is not UTF-8`, "save the file as UTF-8"];
  const longest = /Maximum line size of (\d+) bytes exceeded/.exec(message)?.[1];
  if (longest) return [`, line ${line}: longer than ${Number(longest) / 1e6} MB`, "is this a table? its rows are lines"];
  const why = line && message.split("\n").find((said) => said.trim() !== "" && !/^(Original Line:|.*CSV Error on Line:)/.test(said));
  if (why) return [`, line ${line}: ${why} (${text})`];
  return [`: ${message.split("\n", 1)[0].replace(/^[\w ]*Error:\s*/, "")}`];
}
