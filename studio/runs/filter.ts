/** What people type to find runs: conditions such as loss<0.1, and words. */

export interface Filter {
  /** As the server reads them: "status=done,loss<0.1". */
  readonly where: string;
  /** Words that are part of a name or a command. */
  readonly text: string;
}

export function parseFilter(typed: string): Filter {
  const pieces = typed
    .replace(/\s*(!=|<=|>=|=|<|>)\s*/g, "$1")
    .split(/[\s,]+/)
    .filter(Boolean);
  const isCondition = (piece: string): boolean => /[=<>]/.test(piece);
  return { where: pieces.filter(isCondition).join(","), text: pieces.filter((piece) => !isCondition(piece)).join(" ") };
}

/** A list in the address: "a,b". */
export const listed = (text = ""): string[] => text.split(",").filter(Boolean);

/** The list with the entry, or without it where it has it. */
export const toggled = (list: readonly string[], entry: string): string[] =>
  list.includes(entry) ? list.filter((other) => other !== entry) : [...list, entry];

/** "-loss" after "loss" and the other way round; numbers begin with the largest. */
export const sortedBy = (sort: string, column: string): string => (sort === `-${column}` ? column : `-${column}`);

/** Rows of a long list that are in sight, with some more on both sides. */
export function inSight(top: number, height: number, row: number, total: number): { readonly first: number; readonly end: number } {
  const first = Math.max(0, Math.floor(top / row) - 10);
  return { first: Math.min(first, Math.max(0, total - 1)), end: Math.min(total, Math.ceil((top + height) / row) + 10) };
}
