/** A matrix of shares as a heat map. */
import * as Plot from "@observablehq/plot";
import { plot, textWidth } from "../../plots/index.ts";

/** Numbers between 0 and 1, by names of rows and columns. */
export interface NamedMatrix {
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly value: readonly (readonly number[])[];
  /** Standard errors. */
  readonly error?: readonly (readonly number[])[];
  /** What rows, columns and numbers are. */
  readonly names: { readonly row: string; readonly column: string; readonly value: string };
}

/** Narrower columns hold no error behind their number, and still narrower ones no number. */
const roomForError = 84;
const roomForNumber = 30;

/** The numbers by colour, and written where there is room. */
export function heatMap({ rows, columns, value, error, names }: NamedMatrix): string {
  const cells = rows.flatMap((row, r) => columns.map((column, c) => ({ row, column, p: value[r][c], error: error?.[r][c] })));
  const [rowName, columnName] = [rows, columns].map((list) => Math.max(...list.map(textWidth)));
  const width = (700 - rowName) / columns.length;
  // names that are wider than their column are turned
  const turned = columnName > width;
  const marginBottom = turned ? 45 + 0.5 * columnName : 42;
  const told = (c: (typeof cells)[number]): string =>
    width < roomForNumber
      ? ""
      : c.error !== undefined && Number.isFinite(c.error) && width > roomForError
        ? `${c.p.toFixed(2)} ± ${c.error.toFixed(2)}`
        : c.p.toFixed(2);
  return plot({
    height: 68 + marginBottom + 44 * rows.length,
    marginBottom,
    color: { type: "linear", scheme: "blues", domain: [0, 1], label: names.value, legend: true },
    x: { label: names.column, domain: [...columns], tickRotate: turned ? -35 : 0 },
    y: { label: names.row, domain: [...rows], labelAnchor: "top", labelArrow: "none" },
    marks: [
      Plot.cell(cells, { x: "column", y: "row", fill: "p", inset: 1 }),
      Plot.text(cells, { x: "column", y: "row", text: told, fill: (c) => (c.p > 0.55 ? "white" : "#1b1e23") }),
    ],
  });
}
