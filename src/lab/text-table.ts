/** Tables of text. */

/** Columns as wide as their widest cell; numbers and their kin to the right. */
export function textTable(columns: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] {
  const cells = [columns, ...rows].map((row) => row.map(String));
  const widths = columns.map((_, j) => Math.max(...cells.map((row) => row[j].length)));
  const right = columns.map((_, j) => rows.length > 0 && rows.every((row) => /^[-–]?$|^[-\d.]/.test(String(row[j]))));
  return cells.map((row) =>
    row
      .map((cell, j) => (right[j] ? cell.padStart(widths[j]) : cell.padEnd(widths[j])))
      .join("  ")
      .trimEnd(),
  );
}

/** How long ago, in one unit. */
export function ago(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds / 1000);
  const [value, unit] = [
    [seconds / 86400, "d"],
    [seconds / 3600, "h"],
    [seconds / 60, "min"],
  ].find(([v]) => (v as number) >= 1) ?? [seconds, "s"];
  return `${Math.floor(value as number)} ${unit} ago`;
}
