/** Memory: a bump allocator over 64-byte lines. */

let free: usize = 0;

/** Allocates `bytes` (not zeroed unless fresh); 0 when WebAssembly's memory cannot grow further. */
export function allocate(bytes: f64): usize {
  if (free == 0) free = (__heap_base + 127) & ~63;
  const start = free;
  const end = <f64>start + bytes + 64;
  const pages = Math.ceil(end / 65536);
  if (pages > <f64>memory.size()) {
    if (pages > 65536 || memory.grow(<i32>(pages - <f64>memory.size())) < 0) return 0;
  }
  free = (<usize>end + 63) & ~63;
  return start;
}

/** Gives back what was allocated from `start` on. */
export function release(start: usize): void {
  free = start;
}
