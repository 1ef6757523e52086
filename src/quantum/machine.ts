/** The kernels of state.as.ts and state32.as.ts, and their memory. */
import { growingKernel, type Kernel, unsigned } from "../array/wasm.ts";
import type { StateKernel } from "./kernel.ts";
import type { Pass } from "./passes.ts";
import kernelBytes from "./state.wasm.ts";
import kernelBytes32 from "./state32.wasm.ts";
import { fewestShared, sharedStates } from "./threads.ts";

export type Precision = "f64" | "f32";

/** Memory that is kept for the next call: at 22 qubits fresh pages would take a tenth of the time. */
const kept = 2 ** 28;

/** By precision: how many qubits are within a vector, and the smallest state that vectors and tables fit; idle qubits are added on top. */
const kinds = {
  f64: { kernel: growingKernel<StateKernel>(kernelBytes, kept), bytes: 8, within: 1, fewest: 4 },
  f32: { kernel: growingKernel<StateKernel>(kernelBytes32, kept), bytes: 4, within: 2, fewest: 6 },
} as const;

/** A state in the kernel's memory, until the next is opened. True amplitudes are `scale` times those stored. */
export interface Machine extends Kernel<StateKernel> {
  readonly qubits: number;
  readonly precision: Precision;
  readonly parameters: ArrayLike<number>;
  scale: number;
  /** Whether the state is still that of the beginning. */
  fresh: boolean;
}

let opened: Machine | undefined;

/** Whether no other state has been opened since. */
export const isOpen = (machine: Machine): boolean => machine === opened;

/** |0…0>, with room for probabilities (1) and λ (2). */
export function openMachine(
  n: number,
  passes: readonly Pass[],
  parameters: ArrayLike<number>,
  states: 0 | 1 | 2,
  precision: Precision = "f64",
): Machine {
  const { kernel: single, fewest } = kinds[precision];
  const qubits = Math.max(n, fewest);
  const kernel = (precision === "f64" && qubits >= fewestShared && sharedStates()) || single;
  const copies = passes.some((pass) => pass.kind === "linear");
  const { call, memory } = kernel((functions) => functions.layout(qubits, states, copies));
  call.reset();
  opened = { call, memory, qubits, precision, parameters, scale: 1, fresh: true };
  return opened;
}

/** Numbers in the kernel's memory. */
export const view = ({ memory, precision }: Machine, address: number, length: number): Float64Array | Float32Array =>
  precision === "f64"
    ? new Float64Array(memory.buffer, unsigned(address), length)
    : new Float32Array(memory.buffer, unsigned(address), length);

/** Real and imaginary parts of a state. */
export function partsOf(machine: Machine, address: number) {
  const size = 2 ** machine.qubits;
  return { re: view(machine, address, size), im: view(machine, unsigned(address) + kinds[machine.precision].bytes * size, size) };
}

/** How many of the lowest qubits are within vectors. */
export const qubitsWithin = ({ precision }: Machine): number => kinds[precision].within;

/** Whether so much has been left out of the amplitudes that it should be multiplied back before they overflow. */
export const isFar = ({ scale }: Machine): boolean => Math.abs(scale) < 1e-60;
