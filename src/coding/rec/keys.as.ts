/** Edges as keys: packed, scrambled, sorted, collapsed. */

export let keyBits: u32 = 0;
export let rightBits: u32 = 0;
let keyMask: u64 = 0;
let half: u64 = 1;
let multiplier: u64 = 1;
let inverse: u64 = 1;

function inverseOdd(x: u64): u64 {
  let y = x;
  for (let i = 0; i < 6; i++) y *= 2 - x * y;
  return y;
}

/** Keys are (a << bitsB) | b, scrambled by a bijection of [0, 2^(bitsA + bitsB)); any total order known to both sides would do, and a
 * pseudo-random one keeps rank structures balanced whatever the graph. */
export function setKeys(bitsA: u32, bitsB: u32, seed: u32): void {
  keyBits = bitsA + bitsB;
  rightBits = bitsB;
  keyMask = (<u64>1 << keyBits) - 1;
  half = max<u64>(1, (keyBits + 1) >> 1);
  multiplier = 0x9e3779b97f4a7c15 + <u64>seed * 0x5851f42d4c957f2e;
  inverse = inverseOdd(multiplier);
}

// @ts-ignore: decorator
@inline
export function mix(x: u64): u64 {
  x ^= x >> half;
  x = (x * multiplier) & keyMask;
  x ^= x >> half;
  x = (x * multiplier) & keyMask;
  return x ^ (x >> half);
}

// @ts-ignore: decorator
@inline
export function unmix(x: u64): u64 {
  x ^= x >> half;
  x = (x * inverse) & keyMask;
  x ^= x >> half;
  x = (x * inverse) & keyMask;
  return x ^ (x >> half);
}

/** keys[i] = key of (a[i], b[i]), scrambled if asked; `keys` may lie over `a` and `b` stored as interleaved pairs. */
export function makeKeys(pairs: usize, keys: usize, m: u32, scramble: bool): void {
  for (let i: u32 = 0; i < m; i++) {
    const p = pairs + (<usize>i << 3);
    const key = (<u64>load<u32>(p) << <u64>rightBits) | <u64>load<u32>(p, 4);
    store<u64>(keys + (<usize>i << 3), scramble ? mix(key) : key);
  }
}

/** The inverse of makeKeys. */
export function splitKeys(keys: usize, pairs: usize, m: u32, scrambled: bool): void {
  const maskB = (<u64>1 << rightBits) - 1;
  for (let i: u32 = 0; i < m; i++) {
    let key = load<u64>(keys + (<usize>i << 3));
    if (scrambled) key = unmix(key);
    const p = pairs + (<usize>i << 3);
    store<u32>(p, <u32>(key >> <u64>rightBits));
    store<u32>(p, <u32>(key & maskB), 4);
  }
}

/** Most bits of a pass. */
const DIGIT: u32 = 11;

/** Passes of `sortKeys` over this many bits: the keys change their buffer in each. */
export function sortPasses(bits: u32): u32 {
  return (min<u32>(bits, keyBits) + DIGIT - 1) / DIGIT;
}

/**
 * Sorts keys by radix passes over their top `bits`, then insertion for what is left (short runs: scrambled keys); returns the buffer that
 * holds the result. `histogram`: 2^11 u32.
 */
export function sortKeys(keys: usize, spare: usize, m: u32, bits: u32, histogram: usize): usize {
  const low = keyBits - min<u32>(bits, keyBits);
  const passes = sortPasses(bits);
  const digit = passes ? (keyBits - low + passes - 1) / passes : 1; // as even as can be: the fewer places, the faster
  const mask: u64 = (1 << digit) - 1;
  for (let shift = low; shift < keyBits; shift += digit) {
    memory.fill(histogram, 0, 4 << digit);
    for (let i: usize = keys, end = keys + (<usize>m << 3); i < end; i += 8) {
      const h = histogram + (<usize>((load<u64>(i) >> <u64>shift) & mask) << 2);
      store<u32>(h, load<u32>(h) + 1);
    }
    let sum: u32 = 0;
    for (let h = histogram, end = histogram + (4 << digit); h < end; h += 4) {
      const count = load<u32>(h);
      store<u32>(h, sum);
      sum += count;
    }
    for (let i: usize = keys, end = keys + (<usize>m << 3); i < end; i += 8) {
      const key = load<u64>(i);
      const h = histogram + (<usize>((key >> <u64>shift) & mask) << 2);
      const at = load<u32>(h);
      store<u32>(h, at + 1);
      store<u64>(spare + (<usize>at << 3), key);
    }
    const t = keys;
    keys = spare;
    spare = t;
  }
  if (low > 0) {
    for (let i = keys + 8, end = keys + (<usize>m << 3); i < end; i += 8) {
      const key = load<u64>(i);
      let j = i;
      while (j > keys && load<u64>(j - 8) > key) {
        store<u64>(j, load<u64>(j - 8));
        j -= 8;
      }
      store<u64>(j, key);
    }
  }
  return keys;
}

/** Collapses equal neighbours of a sorted list in place; multiplicities go to `counts`. Returns the number of distinct keys. */
export function collapse(keys: usize, m: u32, counts: usize): u32 {
  let d: u32 = 0;
  for (let i: u32 = 0; i < m; ) {
    const key = load<u64>(keys + (<usize>i << 3));
    let j = i + 1;
    while (j < m && load<u64>(keys + (<usize>j << 3)) == key) j++;
    store<u64>(keys + (<usize>d << 3), key);
    store<u32>(counts + (<usize>d << 2), j - i);
    d++;
    i = j;
  }
  return d;
}

/** Number of keys equal to their left neighbour in a sorted list. */
export function countRepeats(keys: usize, m: u32): u32 {
  let repeats: u32 = 0;
  for (let i: u32 = 1; i < m; i++) {
    const p = keys + (<usize>i << 3);
    if (load<u64>(p) == load<u64>(p - 8)) repeats++;
  }
  return repeats;
}

/** Largest number of distinct sorted keys that share their top `bits`. */
export function fullestBucket(keys: usize, m: u32, bits: u32): u32 {
  let most: u32 = 0;
  let run: u32 = 0;
  const shift = <u64>(keyBits - bits);
  for (let i: u32 = 0; i < m; i++) {
    const p = keys + (<usize>i << 3);
    if (i == 0 || load<u64>(p) >> shift != load<u64>(p - 8) >> shift) run = 0;
    if (run == 0 || load<u64>(p) != load<u64>(p - 8)) run++;
    most = max(most, run);
  }
  return most;
}
