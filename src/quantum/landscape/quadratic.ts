/**
 * Quadratic costs: of bits s in {0, 1} (QUBO), or of spins z = 2 s - 1 in {-1, 1} (Ising),
 *
 *   C = offset + Σ_i h_i v_i + Σ_{i<j} J_ij v_i v_j,   v = s or z.
 */
import { UserError } from "../../errors.ts";
import { type CostTable, checkBits, checkSampledBits, costTable } from "./table.ts";

export interface Quadratic {
  readonly of: "bits" | "spins";
  readonly offset: number;
  /** h, of length n. */
  readonly linear: Float64Array;
  /** i < j, each pair once. */
  readonly pairs: readonly { readonly i: number; readonly j: number; readonly value: number }[];
}

/**
 * Text of lines `i j value`, variables counted from 0, a term of one variable as `i i value`; terms that stand twice are added. Comments
 * begin with `c` or `#`; of them `# vartype=SPIN`, `# variables=n` and `# offset=x` count, as does qbsolv's line `p qubo 0 n …`.
 *
 * @param of  what the variables are where no line says it
 * @throws UserError  naming the first bad line
 */
export function parseQuadratic(text: string, source: string, of: Quadratic["of"]): Quadratic {
  const terms: { i: number; j: number; value: number }[] = [];
  let [offset, declared, kind] = [0, 0, of];
  text.split(/\r\n|\n|\r/).forEach((raw, index) => {
    const line = raw.trim();
    const bad = (what: string): never => {
      throw new UserError(
        `${source}, line ${index + 1}: ${what}`,
        "lines are `i j value`, variables counted from 0; comments begin with #",
      );
    };
    const set = /^[#c]\s*(vartype|variables|offset)\s*[=:]\s*(\S+)$/i.exec(line);
    if (set) {
      const [key, value] = [set[1].toLowerCase(), set[2]];
      if (key === "vartype")
        kind = /^spin$/i.test(value) ? "spins" : /^binary$/i.test(value) ? "bits" : bad(`vartype ${value} is neither SPIN nor BINARY`);
      else if (!Number.isFinite(Number(value))) bad(`${key} ${value} is no number`);
      else if (key === "offset") offset = Number(value);
      else declared = Number(value);
      return;
    }
    if (line === "" || /^(#|c(\s|$))/.test(line)) return;
    const words = line.split(/[\s,]+/);
    if (words[0] === "p") {
      if (!Number.isInteger(Number(words[3]))) bad(`"${line}" does not say how many variables there are`);
      declared = Number(words[3]);
      return;
    }
    const [i, j, value] = words.map(Number);
    if (words.length !== 3 || ![i, j].every((v) => Number.isInteger(v) && v >= 0)) bad(`"${line.slice(0, 40)}" is no term`);
    if (!Number.isFinite(value)) bad(`"${words[2]}" is no coefficient`);
    terms.push({ i: Math.min(i, j), j: Math.max(i, j), value });
  });
  const n = terms.reduce((most, { j }) => Math.max(most, j + 1), declared);
  if (n < 1) throw new UserError(`${source}: there is no term in it`, "lines are `i j value`, variables counted from 0");
  checkSampledBits(n, source);
  return collect(kind, n, offset, terms);
}

/** Terms added up. */
function collect(of: Quadratic["of"], n: number, offset: number, terms: Quadratic["pairs"]): Quadratic {
  const linear = new Float64Array(n);
  const sums = new Map<number, number>();
  for (const { i, j, value } of terms)
    if (i === j) linear[i] += value;
    else sums.set(i * n + j, (sums.get(i * n + j) ?? 0) + value);
  const pairs = [...sums].sort(([a], [b]) => a - b).map(([key, value]) => ({ i: Math.floor(key / n), j: key % n, value }));
  return { of, offset, linear, pairs };
}

/** The lines that `parseQuadratic` reads. */
export function writeQuadratic({ of, offset, linear, pairs }: Quadratic): string {
  const head = [`# vartype=${of === "spins" ? "SPIN" : "BINARY"}`, `# variables=${linear.length}`, `# offset=${offset}`];
  const own = [...linear].flatMap((h, i) => (h === 0 ? [] : [`${i} ${i} ${h}`]));
  return [...head, ...own, ...pairs.map(({ i, j, value }) => `${i} ${j} ${value}`), ""].join("\n");
}

/** The same cost of the other kind of variables: s = (z + 1) / 2, z = 2 s - 1. */
export function otherVariables({ of, offset, linear, pairs }: Quadratic): Quadratic {
  // v = a w + b
  const [a, b] = of === "bits" ? [0.5, 0.5] : [2, -1];
  const h = linear.map((value) => a * value);
  let constant = linear.reduce((sum, value) => sum + b * value, offset);
  for (const { i, j, value } of pairs) {
    h[i] += a * b * value;
    h[j] += a * b * value;
    constant += b * b * value;
  }
  const scaled = pairs.map(({ i, j, value }) => ({ i, j, value: a * a * value }));
  return { of: of === "bits" ? "spins" : "bits", offset: constant, linear: h, pairs: scaled };
}

/** The cost of one configuration by its index, the first variable its most significant bit. O(n + pairs). */
export function quadraticCost(given: Quadratic): (k: number) => number {
  const { offset, linear, pairs } = given.of === "bits" ? given : otherVariables(given);
  const masks = pairs.map(({ i, j, value }) => ({ mask: placeOf(i) | placeOf(j), value }));
  return (k) =>
    masks.reduce(
      (sum, { mask, value }) => ((k & mask) === mask ? sum + value : sum),
      linear.reduce((sum, h, i) => (k & placeOf(i) ? sum + h : sum), offset),
    );

  function placeOf(i: number): number {
    return 1 << (linear.length - 1 - i);
  }
}

/** All 2^n costs: a configuration's from that without its lowest set bit, whose terms are added. O(2^n n). */
export function tabulateQuadratic(given: Quadratic, source = "the quadratic cost"): CostTable {
  const { offset, linear, pairs } = given.of === "bits" ? given : otherVariables(given);
  const n = linear.length;
  checkBits(n, source);
  const coupling = new Float64Array(n * n);
  for (const { i, j, value } of pairs) coupling[i * n + j] = coupling[j * n + i] = value;
  const costs = new Float64Array(2 ** n);
  costs[0] = offset;
  for (let k = 1; k < costs.length; k++) {
    const rest = k & (k - 1);
    const i = n - 1 - (31 - Math.clz32(k ^ rest));
    let sum = costs[rest] + linear[i];
    for (let left = rest; left; left &= left - 1) sum += coupling[i * n + n - 1 - (31 - Math.clz32(left & -left))];
    costs[k] = sum;
  }
  return costTable(costs, source);
}
