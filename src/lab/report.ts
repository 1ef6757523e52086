/** report.html: one self-contained page with the numbers, the pictures and how to repeat them. */

import { formatNumber, withError } from "../numbers.ts";
import type { Figure } from "../plots/figure.ts";
import { changeLines, type RunRecord } from "./record.ts";

export interface KeyNumber {
  readonly name: string;
  readonly value: number | string;
  /** Standard error of the value. */
  readonly error?: number;
  /** Definition, unit, or what to compare it with. */
  readonly note?: string;
}

export interface ReportTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
  readonly caption?: string;
}

export interface Report {
  readonly title: string;
  /** What was done and what came out, in a sentence or two. */
  readonly summary: string;
  readonly numbers: readonly KeyNumber[];
  readonly tables?: readonly ReportTable[];
  readonly figures: readonly Figure[];
  /** What the reader should be warned of. */
  readonly warnings?: readonly string[];
  /** Everything that decides the result, the seed among it. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The command that repeats the run. */
  readonly command: string;
  /** Version, device, time taken: shown at the foot. */
  readonly provenance: Readonly<Record<string, string>>;
  /** What the run was begun with: shows the code, and the input files with their hashes. */
  readonly record?: RunRecord;
}

/**
 * The page: the verdict and its picture first, then numbers, what else there is to see, and, folded, tables and what was run. It asks the network for
 * nothing, follows the reader's light or dark setting, prints with everything unfolded, and fits a phone.
 */
export function renderReport(report: Report): string {
  const { title, summary, numbers, tables = [], figures, warnings: told = [], config, command, provenance, record } = report;
  const warnings = [...(record ? changeLines(record) : []), ...told];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escape(title)}</h1>
<p class="summary">${escape(summary)}</p>
${figures.slice(0, 1).map(renderFigure).join("\n")}
${warnings.map((w) => `<p class="warning">${escape(w)}</p>`).join("\n")}
${numbers.length > 0 ? `<h2>Key numbers</h2>\n${keyNumbers(numbers)}` : ""}
${figures.slice(1).map(renderFigure).join("\n")}
${tables.map((table, k) => renderTable(table, numbers.length === 0 && k === 0)).join("\n")}
${folded("What was run", `<pre>${escape(command)}</pre>\n<table class="plain">${configRows(config)}${(record?.inputs ?? []).map(inputRow).join("")}</table>`)}
<footer>${footer({ ...provenance, ...(record && { code: record.code, begun: new Date(record.created).toISOString() }) })}</footer>
</body>
</html>
`;
}

const configRows = (config: Report["config"]): string =>
  Object.entries(config)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `<tr><th>${escape(key)}</th><td>${escape(show(value))}</td></tr>`)
    .join("");

const footer = (facts: Readonly<Record<string, string>>): string =>
  Object.entries(facts)
    .map(([key, value]) => `${escape(key)} ${escape(value)}`)
    .join(" · ");

const inputRow = ({ path, bytes, sha256 }: RunRecord["inputs"][number]): string =>
  `<tr><th>input ${escape(path)}</th><td>${bytes} bytes, SHA-256 ${sha256}</td></tr>`;

function keyNumbers(numbers: readonly KeyNumber[]): string {
  const value = ({ value: v, error }: KeyNumber) =>
    typeof v === "string" ? v : error === undefined ? formatNumber(v) : withError(v, error);
  const row = (k: KeyNumber) =>
    `<tr><th>${escape(k.name)}</th><td class="number">${escape(value(k))}</td><td>${escape(k.note ?? "")}</td></tr>`;
  return `<table class="key"><tbody>${numbers.map(row).join("")}</tbody></table>`;
}

/** Opened by a touch; what it is, and how much. */
const folded = (title: string, inner: string, { count = "", open = false } = {}): string =>
  `<details${open ? " open" : ""}><summary><h2>${escape(title)}</h2>${count && ` <small>${count}</small>`}</summary>\n${inner}\n</details>`;

/** @param open  where there is nothing else to read */
function renderTable({ title, columns, rows, caption }: ReportTable, open: boolean): string {
  const cell = (v: string | number) =>
    typeof v === "number" ? `<td class="number">${escape(formatNumber(v))}</td>` : `<td>${escape(v)}</td>`;
  const table = `<div class="wide"><table><thead><tr>${columns.map((c) => `<th>${escape(c)}</th>`).join("")}</tr></thead>
<tbody>${rows.map((r) => `<tr>${r.map(cell).join("")}</tr>`).join("\n")}</tbody></table></div>`;
  return folded(title, `${table}\n${caption ? `<p class="caption">${escape(caption)}</p>` : ""}`, {
    open,
    count: rows.length === 1 ? "1 row" : `${rows.length} rows`,
  });
}

function renderFigure({ name, title, caption, svg }: Figure): string {
  return `<h2>${escape(title)}</h2>
<figure id="${escape(name)}" tabindex="0">${svg}<figcaption>${escape(caption)}</figcaption></figure>`;
}

function show(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Text into HTML. */
export function escape(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return text.replace(/[&<>"']/g, (c) => entities[c]);
}

const style = `
:root {
  color-scheme: light dark; --ink: #1b1e23; --soft: #5c6470; --line: #d9dde3; --paper: #fff; --tint: #f4f6f8; --plot-background: var(--paper);
}
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --soft: #9aa3ad; --line: #343a42; --paper: #15181c; --tint: #1d2126; } }
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 52rem; overflow-wrap: anywhere;
  background: var(--paper); color: var(--ink); font: 16px/1.55 Inter, system-ui, sans-serif;
}
h1 { font-size: 1.8rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
.summary { font-size: 1.05rem; color: var(--soft); margin: 0; }
.warning { border-left: 4px solid #efb118; background: var(--tint); padding: .5rem .8rem; }
table { border-collapse: collapse; width: 100%; font-size: .93rem; }
th, td { text-align: left; padding: .32rem .7rem .32rem 0; border-bottom: 1px solid var(--line); vertical-align: top; font-weight: 400; }
thead th { color: var(--soft); }
.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
table:not(.plain) tbody th:first-child { font-weight: 600; }
.plain th { color: var(--soft); width: 12rem; }
.wide { overflow-x: auto; overflow-wrap: normal; }
details { border-top: 1px solid var(--line); margin-top: 1.2rem; }
details + details { margin-top: 0; }
summary { cursor: pointer; padding: .7rem 0; }
summary h2 { display: inline; margin: 0; }
summary small { color: var(--soft); }
figure { margin: 0; overflow: clip; }
figure svg { max-width: 100%; height: auto; }
figcaption, .caption { color: var(--soft); font-size: .9rem; margin: .3rem 0 0; }
pre { background: var(--tint); padding: .7rem .9rem; font-size: .88rem; white-space: pre-wrap; }
footer { margin-top: 2.5rem; color: var(--soft); font-size: .85rem; }
@media (max-width: 40rem) {
  body { padding: 1rem .8rem 3rem; }
  h1 { font-size: 1.4rem; }
  .key tr { display: grid; grid-template-columns: 1fr auto; border-bottom: 1px solid var(--line); }
  .key th, .key td { border: 0; padding-bottom: 0; }
  .key td:last-child { grid-column: 1 / -1; color: var(--soft); padding-top: 0; }
  .key .number { max-width: 60vw; white-space: normal; }
  .plain tr { display: block; border-bottom: 1px solid var(--line); }
  .plain th, .plain td { display: block; width: auto; border: 0; padding: 0; }
  figure:focus { overflow-x: auto; outline: 0; }
  figure:focus svg { max-width: none; }
  figure:first-of-type:not(:focus) figcaption::after { content: " Touch a picture for its full size."; }
}
@media print {
  :root { --ink: #000; --soft: #444; --line: #bbb; --paper: #fff; --tint: #f4f4f4; }
  body { padding: 0; max-width: none; } h2, figure { break-inside: avoid; } h2 { break-after: avoid; }
  details::details-content { content-visibility: visible; block-size: auto; }
}
`;
