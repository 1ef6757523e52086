/** Interleaved ANS states, profile REC53: L = 2^45, 8-bit words, s < 2^53. */
import { allocate } from "./memory.as";

// A lane: s u64 @0, top of stack @8, bottom of stack @12, words read below the bottom @16, end of the room @20.
const L: u64 = (<u64>1) << 45;
export const LANE: u32 = 32;
export let lanes: usize = 0;
export let laneCount: u32 = 1;
export let damaged: bool = false;

export function openLanes(count: u32): usize {
  laneCount = count;
  lanes = allocate(<f64>(count * LANE));
  damaged = false;
  return lanes;
}

/** Brings s into [a, 256a): unique, hence reversible. Reading below the bottom gives zeros and is counted. */
// @ts-ignore: decorator
@inline
function renormalize(lane: usize, a: u64): u64 {
  let s = load<u64>(lane);
  if (s >> 8 >= a) {
    let top = load<u32>(lane, 8);
    do {
      store<u8>(top++, <u8>s);
      s >>= 8;
    } while (s >> 8 >= a);
    store<u32>(lane, top, 8);
  } else if (s < a) {
    let top = load<u32>(lane, 8);
    const bottom = load<u32>(lane, 12);
    do {
      if (top > bottom) s = (s << 8) | <u64>load<u8>(--top);
      else {
        s <<= 8;
        store<u32>(lane, load<u32>(lane, 16) + 1, 16);
      }
    } while (s < a);
    store<u32>(lane, top, 8);
  }
  return s;
}

// @ts-ignore: decorator
@inline
export function push(lane: usize, start: u64, f: u64, m: u64): void {
  const s = renormalize(lane, f * (L / m));
  const q = s / f;
  store<u64>(lane, q * m + start + (s - q * f));
}

/** First half of a pop: leaves floor(s / m) in the lane and returns the slot s mod m. */
// @ts-ignore: decorator
@inline
export function popSlot(lane: usize, m: u64): u64 {
  const s = renormalize(lane, (L / m) * m);
  const q = s / m;
  store<u64>(lane, q);
  return s - q * m;
}

/** Second half of a pop, once the symbol [start, start + f) that owns the slot is known. */
// @ts-ignore: decorator
@inline
export function popDone(lane: usize, start: u64, f: u64, slot: u64): void {
  store<u64>(lane, load<u64>(lane) * f + (slot - start));
}

/** Renormalizes every lane to [L, 256 L), the form in which heads are stored and compared. */
export function settle(): void {
  for (let i: u32 = 0; i < laneCount; i++) {
    const lane = lanes + i * LANE;
    store<u64>(lane, renormalize(lane, L));
  }
}
