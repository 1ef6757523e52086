/** Tables as text. */
import { asText } from "./formula-text.ts";
import { isNumeric, type Table, type Values } from "./table.ts";

/** A table as CSV (RFC 4180; a missing value is an empty field; text that is a formula to spreadsheets has a ' before it), in pieces of some lines. */
export function* csvLines(t: Table): Generator<string> {
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
