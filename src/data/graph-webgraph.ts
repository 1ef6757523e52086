/**
 * Reads graphs in WebGraph's BV format (`name.graph` with `name.properties`).
 *
 * @source Boldi & Vigna, "The WebGraph framework I: compression techniques", WWW 2004
 */
import { UserError } from "../errors.ts";

interface WebGraphProperties {
  readonly nodes: number;
  readonly arcs: number;
  readonly windowSize: number;
  readonly minInterval: number;
  readonly zetaK: number;
}

/** Parses the text of a `.properties` file. @throws UserError when it is not that of a BV graph in the standard codes */
export function webGraphProperties(text: string, where: string): WebGraphProperties {
  const entries = new Map(
    text
      .split(/\r?\n/)
      .filter((line) => line.includes("=") && !line.startsWith("#"))
      .map((line): [string, string] => [line.slice(0, line.indexOf("=")).trim(), line.slice(line.indexOf("=") + 1).trim()]),
  );
  const number = (key: string, standard?: number) => {
    const value = entries.has(key) ? Number(entries.get(key)) : standard;
    if (value === undefined || !Number.isInteger(value) || value < 0)
      throw new UserError(`${where}: ${key} is missing or not a whole number`, "give the .properties file that came with the .graph file");
    return value;
  };
  if (!entries.get("graphclass")?.endsWith("BVGraph"))
    throw new UserError(
      `${where}: graph class ${entries.get("graphclass") ?? "missing"} is not BVGraph`,
      "convert it with WebGraph's own tools",
    );
  if (entries.get("compressionflags")) throw new UserError(`${where}: compression flags ${entries.get("compressionflags")} are not read`);
  return {
    nodes: number("nodes"),
    arcs: number("arcs"),
    windowSize: number("windowsize", 7),
    minInterval: number("minintervallength", 4),
    zetaK: number("zetak", 3),
  };
}

interface Bits {
  bit(): number;
  bits(count: number): number;
  unary(): number;
  gamma(): number;
  zeta(k: number): number;
}

function bitReader(bytes: Uint8Array, where: string): Bits {
  let at = 0;
  const bit = () => {
    if (at >= 8 * bytes.length) throw new UserError(`${where}: the graph ends before its arcs do`, "the file is truncated");
    const value = (bytes[at >> 3] >> (7 - (at & 7))) & 1;
    at++;
    return value;
  };
  const bits = (count: number) => {
    let value = 0;
    for (let i = 0; i < count; i++) value = 2 * value + bit();
    return value;
  };
  const unary = () => {
    let zeros = 0;
    while (!bit()) zeros++;
    return zeros;
  };
  return {
    bit,
    bits,
    unary,
    gamma() {
      const size = unary();
      return 2 ** size + bits(size) - 1;
    },
    // ζ_k: h in unary, then x in [2^(hk), 2^((h+1)k)) by the minimal binary code
    zeta(k) {
      const h = unary();
      const low = 2 ** (h * k);
      const size = h * k + k - 1;
      const head = bits(size);
      return (head < low ? head + low : 2 * head + bit()) - 1;
    },
  };
}

/** Integers 0, 1, 2, 3, 4 ... stand for 0, -1, 1, -2, 2 ... */
const signed = (x: number) => (x % 2 ? -(x + 1) / 2 : x / 2);

/** Decodes all arcs as pairs, sorted. @throws UserError when the bits are not those of the announced graph */
export function readWebGraph(bytes: Uint8Array, properties: WebGraphProperties, where: string): Uint32Array {
  const { nodes, arcs, windowSize, minInterval, zetaK } = properties;
  if (arcs > 64 * bytes.length + 64 || nodes > 2 ** 30)
    throw new UserError(`${where}: ${arcs} arcs and ${nodes} nodes cannot be in ${bytes.length} bytes`);
  const input = bitReader(bytes, where);
  const pairs = new Uint32Array(2 * arcs);
  const window: number[][] = [];
  let at = 0;
  const broken = (u: number) =>
    new UserError(`${where}, node ${u}: impossible list of successors`, "the file is damaged or has another format");
  for (let u = 0; u < nodes; u++) {
    const degree = input.gamma();
    if (degree > nodes || at + 2 * degree > pairs.length) throw broken(u);
    const list = successors(input, u, degree, (r) => window[(u - r) % (windowSize + 1)] ?? [], windowSize, minInterval, zetaK);
    if (list.length !== degree || list.some((v, i) => v < 0 || v >= nodes || (i > 0 && v <= list[i - 1]))) throw broken(u);
    for (const v of list) {
      pairs[at++] = u;
      pairs[at++] = v;
    }
    window[u % (windowSize + 1)] = list;
  }
  if (at !== pairs.length) throw new UserError(`${where}: ${at / 2} arcs, ${arcs} announced`);
  return pairs;
}

function successors(
  input: Bits,
  u: number,
  degree: number,
  row: (back: number) => number[],
  window: number,
  minInterval: number,
  zetaK: number,
): number[] {
  if (degree === 0) return [];
  const back = window > 0 ? input.unary() : 0;
  const list: number[] = [];
  if (back > 0) {
    const reference = row(back);
    const blocks = input.gamma();
    let position = 0;
    for (let b = 0; b <= blocks; b++) {
      const end = b < blocks ? position + input.gamma() + (b > 0 ? 1 : 0) : blocks % 2 ? position : reference.length;
      if (end > reference.length) return [];
      if (b % 2 === 0) list.push(...reference.slice(position, end));
      position = end;
    }
  }
  if (list.length < degree && minInterval > 0) {
    const intervals = input.gamma();
    let left = u;
    for (let i = 0; i < intervals; i++) {
      left += i === 0 ? signed(input.gamma()) : input.gamma() + 1;
      const length = input.gamma() + minInterval;
      if (list.length + length > degree) return [];
      for (let j = 0; j < length; j++) list.push(left++);
    }
  }
  let last = u;
  for (let i = 0, residuals = degree - list.length; i < residuals; i++) {
    last += i === 0 ? signed(input.zeta(zetaK)) : input.zeta(zetaK) + 1;
    list.push(last);
  }
  return list.sort((a, b) => a - b);
}
