/**
 * Tables of costs. Index k counts configurations with the first parameter as the most significant bit,
 *
 *   s_i = (k >> (n - 1 - i)) & 1,   i = 0 … n - 1.
 *
 * Qubit j of a circuit is bit j of k from the other end: it carries parameter n - 1 - j.
 */
import { UserError } from "../../errors.ts";

export interface CostTable {
  /** n; the table has 2^n costs. */
  readonly bits: number;
  readonly costs: Float64Array;
}

/** Most bits of which all configurations are tabulated. */
export const mostBits = 24;

/** Costs as a table, checked. @throws UserError  naming the first cost that is wrong, counted from 1 */
export function costTable(costs: Float64Array, source: string, at: (index: number) => string = (k) => `value ${k + 1}`): CostTable {
  const wrong = costs.findIndex((c) => !Number.isFinite(c));
  if (wrong >= 0) throw new UserError(`${source}, ${at(wrong)}: ${costs[wrong]} is no cost`, "every cost is a finite number");
  const bits = Math.log2(costs.length);
  if (costs.length < 2 || !Number.isInteger(bits)) {
    const [below, above] = [Math.floor(bits), Math.ceil(bits)].map((b) => 2 ** Math.max(1, b));
    const near = costs.length < 2 ? "at least 2" : `${below} or ${above}`;
    throw new UserError(`${source} has ${costs.length} numbers, which is not a power of two`, `n bits need 2^n lines: ${near}`);
  }
  checkBits(bits, source);
  return { bits, costs };
}

/** Most bits of a configuration that is asked for by its index. */
export const mostSampledBits = 30;

/** @throws UserError  for more bits than can be tabulated, with the memory that they would need */
export function checkBits(bits: number, source: string): void {
  if (bits <= mostBits) return;
  const gib = (3 * 8 * 2 ** bits) / 2 ** 30;
  throw new UserError(
    `${source}: ${bits} bits have 2^${bits} configurations: the table and two states need ${gib.toLocaleString("en")} GiB`,
    `at most ${mostBits} bits are tabulated: take fewer units, inputs or choices${bits <= mostSampledBits ? ", or search by costs of sampled strings (binarize --costs sampled)" : ""}`,
  );
}

/** @throws UserError  for more bits than can be sampled */
export function checkSampledBits(bits: number, source: string): void {
  if (bits > mostSampledBits)
    throw new UserError(
      `${source}: ${bits} bits are more than can be searched: 2^${bits} configurations`,
      `all costs are computed up to ${mostBits} bits, those of sampled strings up to ${mostSampledBits}: take fewer units, inputs or choices`,
    );
}

/** One cost a line; empty lines and lines that begin with # do not count. @throws UserError  naming the first bad line */
export function parseCosts(text: string, source: string): CostTable {
  const lines = text.split(/\r\n|\n|\r/);
  const costs = new Float64Array(lines.length);
  const numbers = new Uint32Array(lines.length);
  let count = 0;
  lines.forEach((raw, i) => {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) return;
    const value = Number(line);
    if (!Number.isFinite(value))
      throw new UserError(
        `${source}, line ${i + 1}: "${line.slice(0, 40)}" is not a finite number`,
        "a table of costs has one number a line, 2^n lines in all",
      );
    numbers[count] = i + 1;
    costs[count++] = value;
  });
  return costTable(costs.slice(0, count), source, (k) => `line ${numbers[k]}`);
}

/** The table of a function of bits. @throws UserError  where it is no finite number */
export function tabulate(bits: number, cost: (s: Uint8Array, k: number) => number): CostTable {
  checkBits(bits, "the function");
  const costs = Float64Array.from({ length: 2 ** bits }, (_, k) => cost(bitsOf(k, bits), k));
  return costTable(costs, "the function", (k) => `at ${bitText(k, bits)}`);
}

/** s of an index. */
export const bitsOf = (k: number, bits: number): Uint8Array => Uint8Array.from({ length: bits }, (_, i) => (k >> (bits - 1 - i)) & 1);

/** s as text, the first parameter first. */
export const bitText = (k: number, bits: number): string => k.toString(2).padStart(bits, "0");

/** The index of s. */
export const indexOf = (s: ArrayLike<number>): number => Array.from(s).reduce((k, bit) => 2 * k + bit, 0);
