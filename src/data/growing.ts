/** A list of 32-bit numbers that grows where it lies, once it is large: writing to fresh memory costs far more than to memory in use. */

const PAGE_BYTES = 65_536;
const MOST_PAGES = 65_536;
/** Smaller lists are copied: memory that grows reserves gigabytes of addresses. */
const LARGE_BYTES = 2 ** 22;

/** Makes room for more: a list of `size` numbers that begins with those of `held`, which is given up. */
export type MakeRoom = (held: Uint32Array, size: number) => Uint32Array;

export function growingList(): MakeRoom {
  let memory: WebAssembly.Memory | undefined;
  /** The list in memory that grows, if there is such memory. */
  const inPlace = (held: Uint32Array, pages: number, size: number): Uint32Array | undefined => {
    try {
      if (memory?.buffer === held.buffer) {
        memory.grow(pages - memory.buffer.byteLength / PAGE_BYTES);
        return new Uint32Array(memory.buffer, 0, size);
      }
      memory = new WebAssembly.Memory({ initial: pages });
      const list = new Uint32Array(memory.buffer, 0, size);
      list.set(held);
      return list;
    } catch {
      return undefined; // no addresses are left
    }
  };
  return (held, size) => {
    const pages = Math.ceil((4 * size) / PAGE_BYTES);
    const grown = 4 * size >= LARGE_BYTES && pages <= MOST_PAGES ? inPlace(held, pages, size) : undefined;
    if (grown) return grown;
    const list = new Uint32Array(size);
    list.set(held);
    return list;
  };
}
