/** Counts that hardware or other programs gave, as JSON {"0101": 12, …}. Which end of a string is the first qubit is never guessed. */
import { UserError } from "../errors.ts";
import type { Counts } from "./sample.ts";

/** Whether the last character of a string is qubit 0 (as IBM prints), or the first (as Braket does). */
export type BitOrder = "last-first" | "first-first";

export interface ReadCounts {
  /** Bits of a string. */
  readonly width: number;
  /** Strings without spaces, as they were given. */
  readonly strings: readonly string[];
  readonly counts: readonly number[];
  readonly notes: readonly string[];
}

/**
 * @param width  bits, where strings are hexadecimal and do not tell
 * @throws UserError
 */
export function parseCounts(text: string, source: string, width?: number): ReadCounts {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UserError(
      `${source} is not JSON: ${error instanceof Error ? error.message : error}`,
      'counts look like {"0101": 12, "1100": 3}',
    );
  }
  if (typeof json !== "object" || json === null || Array.isArray(json))
    throw new UserError(`${source} is not an object of counts`, 'such as {"0101": 12}');
  const notes: string[] = [];
  const entries = Object.entries(json).map(([key, value]) => {
    if (!(typeof value === "number" && Number.isSafeInteger(value) && value >= 0))
      throw new UserError(`${source}: "${key}" has ${JSON.stringify(value)}, not a count`, "counts are whole numbers from 0");
    return { bits: bitsOf(key, source, width), count: value };
  });
  if (entries.every(({ count }) => count === 0)) throw new UserError(`${source} holds no shots`);
  const widths = [...new Set(entries.map(({ bits }) => bits.length))];
  if (widths.length > 1) throw new UserError(`${source}: strings of ${widths.join(" and ")} bits do not go together`);
  if (width !== undefined && widths[0] !== width) throw new UserError(`${source} has strings of ${widths[0]} bits, not ${width}`);
  if (Object.keys(json).some((key) => /\s/.test(key.trim())))
    notes.push("strings hold several registers; spaces between them were left out");
  if (widths[0] > 30) throw new UserError(`${source} has strings of ${widths[0]} bits; at most 30 are read`);
  return { width: widths[0], strings: entries.map(({ bits }) => bits), counts: entries.map(({ count }) => count), notes };
}

function bitsOf(key: string, source: string, width: number | undefined): string {
  const bits = key.replaceAll(/\s/g, "");
  if (/^[01]+$/.test(bits)) return bits;
  if (/^0x[0-9a-f]+$/i.test(bits)) {
    if (width === undefined)
      throw new UserError(`${source}: "${key}" is hexadecimal and does not tell how many bits there are`, "say it: --width 5");
    const said = BigInt(bits).toString(2);
    if (said.length > width) throw new UserError(`${source}: "${key}" needs ${said.length} bits, not ${width}`);
    return said.padStart(width, "0");
  }
  throw new UserError(`${source}: "${key}" is no string of bits`, 'counts look like {"0101": 12, "1100": 3}');
}

/** Counts by basis state k, qubit j its bit j. Strings that name the same state are added. */
export function orderedCounts({ strings, counts }: ReadCounts, order: BitOrder): Counts {
  const found = new Map<number, number>();
  strings.forEach((string, i) => {
    const k = Number.parseInt(order === "last-first" ? string : [...string].toReversed().join(""), 2);
    if (counts[i] > 0) found.set(k, (found.get(k) ?? 0) + counts[i]);
  });
  const sorted = [...found].sort(([a], [b]) => a - b);
  return { states: sorted.map(([k]) => k), counts: sorted.map(([, count]) => count), shots: counts.reduce((sum, count) => sum + count, 0) };
}

/** Mean of values over shots, and its standard error. */
export function shotMean({ states, counts, shots }: Counts, values: ArrayLike<number>): { readonly mean: number; readonly error: number } {
  const mean = states.reduce((sum, k, i) => sum + (counts[i] / shots) * values[k], 0);
  const variance = states.reduce((sum, k, i) => sum + (counts[i] / shots) * (values[k] - mean) ** 2, 0);
  return { mean, error: Math.sqrt(variance / Math.max(1, shots - 1)) };
}
