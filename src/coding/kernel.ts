/**
 * Runs of the WebAssembly kernels: a module is compiled once, every run has a fresh instance, and memory goes from a small run to the
 * next, since fresh pages are slow. The kernels therefore take nothing above their own static data to be zero.
 */
import type { Kernel } from "../array/wasm.ts";

const PAGE = 65_536;
/** Static data of the kernels end below this. */
const STATIC_PAGES = 4;
/** Memory beyond this is not kept between runs. */
const KEPT_PAGES = 256;

const modules = new Map<string, WebAssembly.Module>();
let spare: WebAssembly.Memory | undefined;
let keptPages = KEPT_PAGES;

/** Does work of several runs that use one memory in turn, of whatever size; it is given up afterwards. */
export async function withOneMemory<R>(work: () => Promise<R>): Promise<R> {
  keptPages = Number.POSITIVE_INFINITY;
  try {
    return await work();
  } finally {
    keptPages = KEPT_PAGES;
    if (spare && spare.buffer.byteLength > KEPT_PAGES * PAGE) spare = undefined;
  }
}

function moduleOf(base64: string): WebAssembly.Module {
  const known = modules.get(base64);
  if (known) return known;
  const compiled = new WebAssembly.Module(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)));
  modules.set(base64, compiled);
  return compiled;
}

/**
 * Calls `use` with an instance of an embedded module of its own. What it returns must not lie in the kernel's memory, unless that is given
 * away with it.
 */
export function withKernel<F, R>(base64: string, use: (k: Kernel<F>) => R, { givesMemory = false } = {}): R {
  const memory = spare ?? new WebAssembly.Memory({ initial: STATIC_PAGES });
  spare = undefined; // a callback of `use` may run another kernel
  try {
    new Uint8Array(memory.buffer, 0, STATIC_PAGES * PAGE).fill(0);
    const { exports } = new WebAssembly.Instance(moduleOf(base64), { env: { memory } });
    return use({ call: exports as F, memory });
  } finally {
    if (!givesMemory && memory.buffer.byteLength <= keptPages * PAGE) spare = memory;
  }
}
