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

/** The page. It asks the network for nothing, follows the reader's light or dark setting, and prints. */
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
${warnings.map((w) => `<p class="warning">${escape(w)}</p>`).join("\n")}
${numbers.length > 0 ? `<h2>Key numbers</h2>\n${keyNumbers(numbers)}` : ""}
${tables.map(renderTable).join("\n")}
${figures.map(renderFigure).join("\n")}
<h2>What was run</h2>
<pre>${escape(command)}</pre>
<table class="plain">${configRows(config)}${(record?.inputs ?? []).map(inputRow).join("")}</table>
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
  return `<table><tbody>${numbers.map(row).join("")}</tbody></table>`;
}

function renderTable({ title, columns, rows, caption }: ReportTable): string {
  const cell = (v: string | number) =>
    typeof v === "number" ? `<td class="number">${escape(formatNumber(v))}</td>` : `<td>${escape(v)}</td>`;
  return `<h2>${escape(title)}</h2>
<table><thead><tr>${columns.map((c) => `<th>${escape(c)}</th>`).join("")}</tr></thead>
<tbody>${rows.map((r) => `<tr>${r.map(cell).join("")}</tr>`).join("\n")}</tbody></table>
${caption ? `<p class="caption">${escape(caption)}</p>` : ""}`;
}

function renderFigure({ name, title, caption, svg }: Figure): string {
  return `<h2>${escape(title)}</h2>
<figure id="${escape(name)}">${svg}<figcaption>${escape(caption)}</figcaption></figure>`;
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
  margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 52rem;
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
.plain td { overflow-wrap: anywhere; }
figure { margin: 0; }
figure svg { max-width: 100%; height: auto; }
figcaption, .caption { color: var(--soft); font-size: .9rem; margin: .3rem 0 0; }
pre { background: var(--tint); padding: .7rem .9rem; overflow-x: auto; font-size: .88rem; white-space: pre-wrap; }
footer { margin-top: 2.5rem; color: var(--soft); font-size: .85rem; }
@media print {
  :root { --ink: #000; --soft: #444; --line: #bbb; --paper: #fff; --tint: #f4f4f4; }
  body { padding: 0; max-width: none; } h2, figure { break-inside: avoid; } h2 { break-after: avoid; }
}
`;
