/** Interleaved ANS states for binary decisions, M = 2^16. */
import { allocate } from "../rec/memory.as";

const L: u64 = (<u64>1) << 45;
const K: u64 = (<u64>1) << 29;
export const BLOCK: u32 = 1 << 20;

export let reading: bool = false;
export let damaged: bool = false;
export let measuring: bool = false; // encoder: add up the ideal length only
export let cost: f64 = 0;
export let likelihood: f64 = 1; // of the bits not yet in the cost
export let decisions: usize = 0; // encoder: u32 p | bit << 16, up to BLOCK of them
export let scratch: usize = 0;
export let used: u32 = 0;
export let blockTable: usize = 0; // [address u32, length u32, head u64] each
export let blockCount: u32 = 0;
export let blockLimit: u32 = 0;
export let block: u32 = 0; // decoder: the next block
let s: u64 = 0;
let top: usize = 0;
let bottom: usize = 0;

export function flush(): void {
  let state = L;
  let out = scratch;
  for (let i = used; i > 0; i--) {
    const decision = load<u32>(decisions + ((i - 1) << 2));
    const p = <u64>(decision & 0xffff);
    const one = decision >> 16;
    const f = one ? p : 65536 - p;
    while (state >> 8 >= f * K) {
      store<u8>(out++, <u8>state);
      state >>= 8;
    }
    const q = state / f;
    state = (q << 16) + (one ? 0 : p) + (state - q * f);
  }
  const length = <u32>(out - scratch);
  const room = allocate(<f64>length);
  if (!room || blockCount == blockLimit) {
    damaged = true;
    return;
  }
  memory.copy(room, scratch, length);
  const record = blockTable + (blockCount << 4);
  store<u32>(record, <u32>room);
  store<u32>(record, length, 4);
  store<u64>(record, state, 8);
  blockCount++;
  used = 0;
}

/** Whether the block just read ended where an encoder begins. */
export function closeBlock(): void {
  while (s < L && top > bottom) s = (s << 8) | <u64>load<u8>(--top);
  if (s != L || top != bottom) damaged = true;
}

function openBlock(): void {
  if (block > 0) closeBlock();
  if (block == blockCount) {
    damaged = true;
    return;
  }
  const record = blockTable + (block << 4);
  bottom = load<u32>(record);
  top = bottom + load<u32>(record, 4);
  s = load<u64>(record, 8);
  block++;
  used = 0;
}

// @ts-ignore: decorator
@inline
export function readBit(p: u32): u32 {
  if (used == BLOCK || block == 0) openBlock();
  if (damaged) return 0;
  used++;
  let state = s;
  while (state < L) {
    if (top == bottom) {
      damaged = true;
      return 0;
    }
    state = (state << 8) | <u64>load<u8>(--top);
  }
  const slot = <u32>(state & 0xffff);
  const one = slot < p;
  s = (state >> 16) * <u64>(one ? p : 65536 - p) + <u64>(one ? slot : slot - p);
  return one ? 1 : 0;
}
