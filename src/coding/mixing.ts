/**
 * Adaptive binary models: several contexts each predict the next bit, a gated logistic mixture weighs them, ANS codes the bit. Integers
 * only, so that every machine computes the same probabilities. The plain form of what `gaps.as.ts` does at speed.
 *
 *   p_i  from the history of context i:  p_i += (bit - p_i) / (n_i + 1.5)
 *   p    = squash(Σ w_i stretch(p_i)),   stretch(p) = ln(p / (1 - p)),   w_i += rate · stretch(p_i) · (bit - p)
 *
 * @source Mahoney, "Adaptive weighing of context models for lossless data compression" (2005); Mattern, arXiv 1302.2839
 */

/** 65536 / (1 + e^-x) for x = -8, -7.5, ..., 8. */
const LOGISTIC = [
  22, 36, 60, 98, 162, 267, 439, 720, 1179, 1921, 3108, 4970, 7812, 11955, 17625, 24743, 32768, 40793, 47911, 53581, 57724, 60566, 62428,
  63615, 64357, 64816, 65097, 65269, 65374, 65438, 65476, 65500, 65514,
];

/** The logistic function: x in units of 1/256, clamped to [-2047, 2047]; result in 1/65536, linear between the table's points. */
export function squash(x: number): number {
  const i = Math.max(-2047, Math.min(2047, x)) + 2048;
  const low = LOGISTIC[i >> 7];
  return low + (((LOGISTIC[(i >> 7) + 1] - low) * (i & 127)) >> 7);
}

/** Its inverse on 12-bit probabilities: the least x with squash(x) / 16 ≥ p. */
const STRETCH = (() => {
  const table = new Int16Array(4096);
  for (let x = -2047, p = 0; p < 4096; p++) {
    while (x < 2047 && squash(x) >> 4 < p) x++;
    table[p] = x;
  }
  return table;
})();

/** Bits of a context's slot number: 128 histories an edge or vertex, within 2^10 and 2^22. */
export const slotBits = (vertices: number, distinctEdges: number): number =>
  Math.max(10, Math.min(22, 32 - Math.clz32(Math.min(vertices + distinctEdges, 2 ** 32 - 1)) + 7));

const FASTEST = 127;

/** Hash of two 32-bit numbers: the name of a context. */
export function hash(a: number, b: number): number {
  let h = Math.imul(a, 0x2c1b3c6d) ^ Math.imul(b + 0x9e37, 0x297a2d39);
  h ^= h >>> 15;
  h = Math.imul(h, 0x2c1b3c6d);
  return h ^ (h >>> 13);
}

/** Codes one bit given its probability of being one, in 1/65536; when writing, `bit` is the bit, and it is returned. */
export type BitCoder = (probability: number, bit: number) => number;

/** Codes one bit: its contexts, the place of the bit within its symbol, the set of weights. */
export type MixedCoder = (contexts: readonly number[], node: number, set: number, bit: number) => number;

/** A coder of bits from at most eight contexts, which learns as it goes. */
export function mixedCoder(code: BitCoder, bits: number): MixedCoder {
  const mask = 2 ** bits - 1;
  const histories = new Uint32Array(2 ** bits).fill(2 ** 28); // a probability of 22 bits, a count of 7
  const sets: { readonly weights: Float64Array; uses: number }[] = []; // by number; some are missing
  const slots = new Uint32Array(8);
  const inputs = new Int32Array(8);
  return (contexts, node, set, bit) => {
    sets[set] ??= { weights: new Float64Array(8).fill(1 << 14), uses: 0 };
    const learned = sets[set];
    const { weights, uses } = learned;
    const place = Math.imul(node, 0x9e3779b1);
    let sum = 0;
    for (let i = 0; i < contexts.length; i++) {
      const h = Math.imul(contexts[i] + place, 0x85ebca6b);
      slots[i] = (h ^ (h >>> 15)) & mask;
      inputs[i] = STRETCH[histories[slots[i]] >>> 17];
      sum += inputs[i] * weights[i];
    }
    const p = squash(Math.floor(sum * 2 ** -16));
    const result = code(p, bit);
    const step = (result * 65536 - p) * (8 + Math.floor(2304 / (16 + uses)));
    learned.uses = Math.min(65535, uses + 1);
    const goal = result * (2 ** 22 - 1);
    for (let i = 0; i < contexts.length; i++) weights[i] += Math.floor((inputs[i] * step + 131072) * 2 ** -18);
    for (let i = 0; i < contexts.length; i++) {
      const history = histories[slots[i]];
      const before = history >>> 7;
      const count = history & FASTEST;
      const moved = before + Math.trunc((2 * (goal - before)) / (2 * count + 3));
      histories[slots[i]] = (moved << 7) | (count < FASTEST ? count + 1 : count);
    }
    return result;
  };
}
