/** Second readings of WebGraph's BV format and of Arrow. */
import { UserError } from "../errors.ts";
import { arrowColumns } from "./arrow-columns.ts";
import { notArrow } from "./arrow-layout.ts";
import type { SecondOptions, SecondReading, SecondRow } from "./graph-second-reading.ts";

/** Names that columns of ends have. */
const [firstEnd, secondEnd] = [/^(source|src|from|tail|u|a|start|(node|id)_?1)$/i, /^(target|dst|to|head|v|b|end|(node|id)_?2)$/i];

/** The columns of the ends, and those beside them in the order of their names; `columns` counts from 1. */
export function endsOf(
  names: readonly string[],
  columns?: readonly number[],
): { ends: readonly [string, string]; others: readonly string[] } {
  if (columns) {
    const [a, b, ...others] = columns.map((i) => names[i - 1]);
    return { ends: [a, b], others: others.sort() };
  }
  const like = (words: RegExp, otherwise: number): string => names.find((name) => words.test(name)) ?? names[otherwise];
  const ends = [like(firstEnd, 0), like(secondEnd, 1)] as const;
  return { ends, others: names.filter((name) => !ends.includes(name)).sort() };
}

/**
 * Arrow, from its bytes: the first reading is a library's.
 * @throws UserError
 */
export function arrowAgain(bytes: Uint8Array, where: string, { columns, beside }: SecondOptions): SecondReading {
  let all: (string | undefined)[][];
  try {
    const found = arrowColumns(bytes, (names) => {
      const { ends, others } = endsOf(names, columns);
      return [...ends, ...(beside ? others : [])];
    });
    all = found[0].map((_, i) => found.map((values) => values[i]));
  } catch (error) {
    throw notArrow(where, error);
  }
  async function* rows(): AsyncGenerator<SecondRow> {
    for (const [x, y, ...rest] of all) if (y !== undefined) yield [String(x), y, ...rest];
  }
  return { by: "a second parser", byName: true, rows: rows(), vertices: all.flatMap(([x, y]) => (y === undefined ? [String(x)] : [])) };
}

/** A place in the bits of a file. */
interface Bits {
  readonly bytes: Uint8Array;
  readonly where: string;
  readonly little: boolean;
  at: number;
}

const take = (bits: Bits): number => {
  if (bits.at >= 8 * bits.bytes.length) throw new UserError(`${bits.where}: the bits end before the lists do`, "the file is truncated");
  const [byte, place] = [bits.bytes[bits.at >> 3], bits.at & 7];
  bits.at++;
  return (byte >> (bits.little ? place : 7 - place)) & 1;
};

/** So many bits as a number. */
const natural = (bits: Bits, count: number): number => {
  const taken = Array.from({ length: count }, () => take(bits));
  return Number.parseInt(`0${(bits.little ? taken.reverse() : taken).join("")}`, 2);
};

const zeros = (bits: Bits): number => {
  for (let count = 0; ; count++) if (take(bits) === 1) return count;
};

/** x + 1 with its length in front, itself by another code. */
const lengthFirst = (bits: Bits, length: number): number => 2 ** length + natural(bits, length) - 1;

/** The universal codes, by the names that properties give them. @source  Boldi & Vigna, Codes for the World Wide Web, Internet Mathematics 2 (2005) */
const codes: Readonly<Record<string, (bits: Bits, k: number) => number>> = {
  UNARY: zeros,
  GAMMA: (bits) => lengthFirst(bits, zeros(bits)),
  DELTA: (bits) => lengthFirst(bits, lengthFirst(bits, zeros(bits))),
  ZETA(bits, k) {
    // x in [2^(hk), 2^((h+1)k)): its distance from the left end in truncated binary, of z - m short words where z values need m bits
    const h = zeros(bits);
    const [left, z] = [2 ** (h * k), 2 ** ((h + 1) * k) - 2 ** (h * k)];
    const m = Math.ceil(Math.log2(z));
    const short = 2 ** m - z;
    if (short === 0) return left + natural(bits, m) - 1;
    const first = natural(bits, m - 1);
    return left + (first < short ? first : 2 * first + take(bits) - short) - 1;
  },
  NIBBLE(bits) {
    const digits: number[] = [];
    for (let last = 0; last === 0; ) {
      last = take(bits);
      digits.push(natural(bits, 3));
    }
    return Number.parseInt(digits.join(""), 8);
  },
};

/** A sign in the last bit. */
const folded = (x: number): number => (x % 2 === 0 ? x / 2 : -((x + 1) / 2));

/**
 * WebGraph's BV format.
 * @source  Boldi & Vigna, The WebGraph framework I, WWW 2004
 * @throws UserError, also while rows are read
 */
export function webGraphAgain(bytes: Uint8Array, properties: string, where: string): SecondReading {
  const said = (key: string): string | undefined => new RegExp(`^\\s*${key}\\s*=\\s*(.*?)\\s*$`, "m").exec(properties)?.[1];
  const [nodes, window, shortest, k] = [
    Number(said("nodes")),
    Number(said("windowsize") ?? 7),
    Number(said("minintervallength") ?? 4),
    Number(said("zetak") ?? 3),
  ];
  const flags = said("compressionflags") ?? "";
  const coded = (part: string, usual: string) => {
    const code = new RegExp(`\\b${part}_([A-Z]+)`).exec(flags)?.[1] ?? usual;
    return (bits: Bits): number => codes[code](bits, k);
  };
  const read = {
    degree: coded("OUTDEGREES", "GAMMA"),
    reference: coded("REFERENCES", "UNARY"),
    blockCount: coded("BLOCK_COUNT", "GAMMA"),
    block: coded("BLOCKS", "GAMMA"),
    residual: coded("RESIDUALS", "ZETA"),
    interval: (from: Bits): number => codes.GAMMA(from, k),
  };
  // a node takes a bit at least
  if (!(nodes <= 8 * bytes.length)) throw new UserError(`${where}: ${nodes} nodes cannot be in ${bytes.length} bytes`);
  const bits: Bits = { bytes, where, little: said("endianness")?.toLowerCase() === "little", at: 0 };
  const near = new Map<number, readonly number[]>();

  /** Of the list that is referred to, every second run. */
  const copied = (from: readonly number[]): number[] => {
    const count = read.blockCount(bits);
    if (count > from.length + 1) throw new UserError(`${where}: ${count} runs of a list of ${from.length}`, "the file is damaged");
    const runs = Array.from({ length: count }, (_, i) => read.block(bits) + (i > 0 ? 1 : 0));
    const length = (run: number): number => runs.slice(0, run).reduce((sum, n) => sum + n, 0);
    const isEven = runs.length % 2 === 0;
    const bounds = [...runs.map((_, i) => [length(i), length(i + 1)]), ...(isEven ? [[length(runs.length), from.length]] : [])];
    return bounds.flatMap(([start, end], i) => (i % 2 === 0 ? from.slice(start, end) : []));
  };
  const list = (u: number): number[] => {
    const degree = read.degree(bits);
    if (degree === 0) return [];
    const back = window === 0 ? 0 : read.reference(bits);
    const found = new Set(back === 0 ? [] : copied(near.get(u - back) ?? []));
    if (shortest > 0 && found.size < degree) {
      let end = Number.NaN;
      for (let count = read.interval(bits); count > 0; count--) {
        const start = Number.isNaN(end) ? u + folded(read.interval(bits)) : end + 1 + read.interval(bits);
        end = start + read.interval(bits) + shortest;
        if (end > nodes) throw new UserError(`${where}, node ${u}: an interval reaches to ${end - 1}`, "the file is damaged");
        for (let v = start; v < end; v++) found.add(v);
      }
    }
    for (let v = Number.NaN; found.size < degree; found.add(v))
      v = Number.isNaN(v) ? u + folded(read.residual(bits)) : v + 1 + read.residual(bits);
    return [...found].sort((a, b) => a - b);
  };
  async function* rows(): AsyncGenerator<SecondRow> {
    for (let u = 0; u < nodes; u++) {
      const successors = list(u);
      near.set(u, successors);
      near.delete(u - window - 1);
      for (const v of successors) yield [String(u), String(v)];
    }
  }
  return { by: "a second parser", directed: true, rows: rows(), vertices: Array.from({ length: nodes }, (_, u) => String(u)) };
}
