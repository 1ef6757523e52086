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
