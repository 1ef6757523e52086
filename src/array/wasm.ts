/** Kernels compiled to WebAssembly, embedded as text (`*.wasm.ts`) so that they load the same way everywhere. */

export interface Kernel<F> {
  /** The module's exported functions. */
  readonly call: F;
  readonly memory: WebAssembly.Memory;
}

/**
 * Instantiates an embedded module, synchronously; `pages` of 64 KiB memory.
 * Some browsers refuse modules above 4 kB on the main thread: larger ones belong in a worker.
 */
export function instantiate<F>(base64: string, pages: number): Kernel<F> {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const memory = new WebAssembly.Memory({ initial: pages });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  return { call: exports as F, memory };
}

/** A module whose memory threads share: it begins with a page, and grows to 4 GiB at most. */
export function instantiateShared<F>(base64: string): { readonly module: WebAssembly.Module; readonly kernel: Kernel<F> } {
  const module = new WebAssembly.Module(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)));
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_536, shared: true });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return { module, kernel: { call: exports as F, memory } };
}

const pageBytes = 65_536;

/** A kernel's size or address as it is: beyond 2 GiB it comes back negative. */
export const unsigned = (address: number): number => address >>> 0;

/**
 * A kernel for jobs of any size: its memory grows to what a job needs and is kept for the next one, since fresh pages are slow; after a
 * job beyond `keep` bytes it is given back.
 */
export function growingKernel<F>(base64: string, keep = 2 ** 26): (bytes: (call: F) => number) => Kernel<F> {
  let kernel: Kernel<F> | undefined;
  return (bytes) => {
    if (kernel && kernel.memory.buffer.byteLength > keep) kernel = undefined;
    kernel ??= instantiate<F>(base64, 1);
    const missing = unsigned(bytes(kernel.call)) - kernel.memory.buffer.byteLength;
    if (missing > 0) kernel.memory.grow(Math.ceil(missing / pageBytes));
    return kernel;
  };
}
