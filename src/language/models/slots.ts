/** Where the rows of a cache live: rows that go on stay where they are, whatever number they get. */

/** What is to be done so that rows go on from their ancestors. */
export interface Moves {
  /** Slot of each new row. */
  readonly slots: Int32Array<ArrayBuffer>;
  /** Copies from slot to slot. No slot is both read and written. */
  readonly copies: readonly (readonly [from: number, to: number])[];
}

/**
 * The fewest copies for as many rows as before: the first child of a row takes its slot, the others take those of rows without children.
 *
 * @param ancestors  of each new row, the old row that it goes on from
 * @param slots      of the old rows, a permutation
 */
export function movesOf(ancestors: Int32Array, slots: Int32Array): Moves {
  const taken = new Uint8Array(slots.length);
  for (const row of ancestors) taken[row] = 1;
  const free = [...slots.keys()].filter((row) => !taken[row]).map((row) => slots[row]);
  const copies: [number, number][] = [];
  const next = Int32Array.from(ancestors, (row) => {
    if (taken[row] === 1) {
      taken[row] = 2;
      return slots[row];
    }
    const to = free[copies.length];
    copies.push([slots[row], to]);
    return to;
  });
  return { slots: next, copies };
}

/** @throws RangeError  unless all are rows, and there is one at least */
export function requireAncestors(ancestors: Int32Array, rows: number): void {
  if (ancestors.length === 0) throw new RangeError("select: at least one row must go on");
  for (const row of ancestors) if (!(row >= 0 && row < rows)) throw new RangeError(`select: row ${row} is not one of ${rows}`);
}
