/**
 * Reads graphs in WebGraph's BV format (`name.graph` with `name.properties`).
 *
 * @source Boldi & Vigna, "The WebGraph framework I: compression techniques", WWW 2004
 */
import { UserError } from "../errors.ts";

/** Codes of the parts of a list of successors. */
const PARTS = ["OUTDEGREES", "BLOCKS", "RESIDUALS", "REFERENCES", "BLOCK_COUNT", "OFFSETS"] as const;
type Part = (typeof PARTS)[number];
type Code = "GAMMA" | "DELTA" | "ZETA" | "UNARY" | "NIBBLE";
const usual: Readonly<Record<Part, Code>> = {
  ...{ OUTDEGREES: "GAMMA", BLOCKS: "GAMMA", RESIDUALS: "ZETA", REFERENCES: "UNARY", BLOCK_COUNT: "GAMMA", OFFSETS: "GAMMA" },
};

interface WebGraphProperties {
  readonly nodes: number;
  readonly arcs: number;
  readonly windowSize: number;
  readonly minInterval: number;
  readonly zetaK: number;
  readonly codes: Readonly<Record<Part, Code>>;
  /** Bits count from the lowest of a byte, as webgraph-rs writes them if asked. */
  readonly littleEndian: boolean;
}

/** Parses the text of a `.properties` file. @throws UserError when it is not that of a BV graph in known codes */
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
  const endianness = entries.get("endianness") ?? "big";
  if (!/^(big|little)$/i.test(endianness)) throw new UserError(`${where}: the endianness ${endianness} is neither big nor little`);
  const zetaK = number("zetak", 3);
  if (zetaK < 1 || zetaK > 50) throw new UserError(`${where}: zetak is ${zetaK}, not between 1 and 50`);
  return {
    nodes: number("nodes"),
    arcs: number("arcs"),
    windowSize: number("windowsize", 7),
    minInterval: number("minintervallength", 4),
    zetaK,
    codes: codesOf(entries.get("compressionflags") ?? "", where),
    littleEndian: endianness.toLowerCase() === "little",
  };
}

/** Codes from flags such as "RESIDUALS_GAMMA | REFERENCES_DELTA"; what they leave out is as usual. */
function codesOf(flags: string, where: string): Record<Part, Code> {
  const codes = { ...usual };
  for (const flag of flags.split("|").map((word) => word.trim())) {
    if (flag === "") continue;
    const [, part, code] = /^(\w+)_(GAMMA|DELTA|ZETA|UNARY|NIBBLE)$/.exec(flag) ?? [];
    const known = PARTS.find((name) => name === part);
    if (!known) throw new UserError(`${where}: the compression flag ${flag} is not read`, "convert the graph with WebGraph's own tools");
    codes[known] = code as Code; // one of those in the pattern
  }
  return codes;
}

/** A reader of whole numbers in each code. */
type Numbers = Readonly<Record<Code, () => number>>;

function numberReader(bytes: Uint8Array, { zetaK, littleEndian }: WebGraphProperties, where: string): Numbers {
  let at = 0;
  const bit = () => {
    if (at >= 8 * bytes.length) throw new UserError(`${where}: the graph ends before its arcs do`, "the file is truncated");
    const value = (bytes[at >> 3] >> (littleEndian ? at & 7 : 7 - (at & 7))) & 1;
    at++;
    return value;
  };
  const bits = (count: number) => {
    let value = 0;
    if (littleEndian) for (let i = 0, weight = 1; i < count; i++, weight *= 2) value += weight * bit();
    else for (let i = 0; i < count; i++) value = 2 * value + bit();
    return value;
  };
  const unary = () => {
    let zeros = 0;
    while (!bit()) zeros++;
    return zeros;
  };
  const gamma = () => {
    const size = unary();
    return 2 ** size + bits(size) - 1;
  };
  return {
    UNARY: unary,
    GAMMA: gamma,
    DELTA() {
      const size = gamma();
      return 2 ** size + bits(size) - 1;
    },
    // ζ_k: h in unary, then x in [2^(hk), 2^((h+1)k)) by the minimal binary code
    ZETA() {
      const h = unary();
      const low = 2 ** (h * zetaK);
      const head = bits(h * zetaK + zetaK - 1);
      return (head < low ? head + low : 2 * head + bit()) - 1;
    },
    // groups of three bits, the last marked with a one before it
    NIBBLE() {
      for (let value = 0; ; ) {
        const last = bit();
        value = 8 * value + bits(3);
        if (last) return value;
      }
    },
  };
}

/** Integers 0, 1, 2, 3, 4 ... stand for 0, -1, 1, -2, 2 ... */
const signed = (x: number) => (x % 2 ? -(x + 1) / 2 : x / 2);

/** Decodes all arcs as pairs, sorted. @throws UserError when the bits are not those of the announced graph */
export function readWebGraph(bytes: Uint8Array, properties: WebGraphProperties, where: string): Uint32Array {
  const { nodes, arcs, windowSize } = properties;
  // a list of successors takes a bit at least
  if (arcs > 64 * bytes.length + 64 || nodes > 8 * bytes.length || nodes > 2 ** 30)
    throw new UserError(`${where}: ${arcs} arcs and ${nodes} nodes cannot be in ${bytes.length} bytes`);
  const input = numberReader(bytes, properties, where);
  const pairs = new Uint32Array(2 * arcs);
  const window: number[][] = [];
  let at = 0;
  const broken = (u: number) =>
    new UserError(`${where}, node ${u}: impossible list of successors`, "the file is damaged or has another format");
  for (let u = 0; u < nodes; u++) {
    const degree = input[properties.codes.OUTDEGREES]();
    if (degree > nodes || at + 2 * degree > pairs.length) throw broken(u);
    const list = successors(input, u, degree, (r) => (r > windowSize ? [] : (window[(u - r) % (windowSize + 1)] ?? [])), properties);
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
  input: Numbers,
  u: number,
  degree: number,
  row: (back: number) => number[],
  { windowSize, minInterval, codes }: WebGraphProperties,
): number[] {
  if (degree === 0) return [];
  const back = windowSize > 0 ? input[codes.REFERENCES]() : 0;
  const list: number[] = [];
  if (back > 0) {
    const reference = row(back);
    const blocks = input[codes.BLOCK_COUNT]();
    let position = 0;
    for (let b = 0; b <= blocks; b++) {
      const end = b < blocks ? position + input[codes.BLOCKS]() + (b > 0 ? 1 : 0) : blocks % 2 ? position : reference.length;
      if (end > reference.length) return [];
      if (b % 2 === 0) for (let i = position; i < end; i++) list.push(reference[i]);
      position = end;
    }
  }
  if (list.length < degree && minInterval > 0) {
    const intervals = input.GAMMA();
    let left = u;
    for (let i = 0; i < intervals; i++) {
      left += i === 0 ? signed(input.GAMMA()) : input.GAMMA() + 1;
      const length = input.GAMMA() + minInterval;
      if (list.length + length > degree) return [];
      for (let j = 0; j < length; j++) list.push(left++);
    }
  }
  let last = u;
  for (let i = 0, residuals = degree - list.length; i < residuals; i++) {
    last += i === 0 ? signed(input[codes.RESIDUALS]()) : input[codes.RESIDUALS]() + 1;
    list.push(last);
  }
  return list.sort((a, b) => a - b);
}
