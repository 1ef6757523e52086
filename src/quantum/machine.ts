/** The kernels of state.as.ts and state32.as.ts, and passes as calls of them. */
import { growingKernel, type Kernel } from "../array/wasm.ts";
import type { Angle } from "./circuit.ts";
import { angleValue } from "./operations.ts";
import { linearMap, type Pass, type Row } from "./passes.ts";
import kernelBytes from "./state.wasm.ts";
import kernelBytes32 from "./state32.wasm.ts";

interface Functions {
  layout(qubits: number, states: number, withCopy: boolean): number;
  addressOfPsi(): number;
  addressOfWeights(): number;
  addressOfLambda(): number;
  addressOfTable(which: number): number;
  reset(): void;
  spread(qubit: number, c: number, s: number): void;
  turn(a: number, b: number, ta: number, tb: number, kind: number): void;
  turnLane(a: number, b: number, c: number, s: number, tb: number, kind: number): void;
  turnBack(a: number, b: number, ta: number, tb: number, kind: number): void;
  turnLaneBack(a: number, b: number, c: number, s: number, tb: number, kind: number): void;
  diagonal(bits: number, mask: number): void;
  diagonalInverse(bits: number, mask: number): void;
  permute(bits: number, both: boolean): void;
  flip(controls: number, target: number, both: boolean): void;
  phase(mask: number, c: number, s: number, both: boolean): number;
  square(factor: number): void;
  weigh(): void;
  depolarize(a: number, b: number, keep: number): void;
  depolarizePair(a: number, b: number, c: number, d: number, keep: number): void;
}

export type Precision = "f64" | "f32";

/** By precision: how many qubits are within a vector, and the smallest state that vectors and tables fit; idle qubits are added on top. */
const kinds = {
  f64: { kernel: growingKernel<Functions>(kernelBytes), bytes: 8, within: 1, fewest: 4 },
  f32: { kernel: growingKernel<Functions>(kernelBytes32), bytes: 4, within: 2, fewest: 6 },
} as const;

/** A state in the kernel's memory, until the next is opened. True amplitudes are `scale` times those stored. */
export interface Machine extends Kernel<Functions> {
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
  const { kernel, fewest } = kinds[precision];
  const qubits = Math.max(n, fewest);
  const copies = passes.some((pass) => pass.kind === "linear");
  const { call, memory } = kernel((functions) => functions.layout(qubits, states, copies));
  call.reset();
  opened = { call, memory, qubits, precision, parameters, scale: 1, fresh: true };
  return opened;
}

export const total = (angles: readonly Angle[], parameters: ArrayLike<number>): number =>
  angles.reduce((sum: number, angle) => sum + angleValue(angle, parameters), 0);

/** Numbers in the kernel's memory. */
export const view = ({ memory, precision }: Machine, address: number, length: number): Float64Array | Float32Array =>
  precision === "f64" ? new Float64Array(memory.buffer, address, length) : new Float32Array(memory.buffer, address, length);

/** Real and imaginary parts of a state. */
export function partsOf(machine: Machine, address: number) {
  const size = 2 ** machine.qubits;
  return { re: view(machine, address, size), im: view(machine, address + kinds[machine.precision].bytes * size, size) };
}

/** RY(angle) as [[c, -s], [s, c]] over a factor: see rotations.as.ts. */
export function scaledTurn(angle: number) {
  const [c, s] = [Math.cos(angle / 2), Math.sin(angle / 2)];
  return Math.abs(c) >= Math.abs(s) ? { t: s / c, steep: 0, factor: c, c, s } : { t: c / s, steep: 1, factor: s, c, s };
}

/**
 * Qubits of a row, two and two, those within vectors first, each with one that is not. One alone stands beside a qubit that is not in the row,
 * or has been turned in a pair before.
 */
export function pairsOf(row: Row, { qubits: n, precision }: Machine): readonly (readonly [a: number, b: number])[] {
  const { within } = kinds[precision];
  const inRow = [...row.keys()].sort((a, b) => a - b);
  const outer = inRow.filter((q) => q >= within);
  const pairs: [number, number][] = [];
  const beside = (q: number): number => {
    const others = Array.from({ length: n - within }, (_, j) => j + within).filter((j) => j !== q);
    return others.find((j) => !row.has(j)) ?? others.find((j) => pairs.some((pair) => pair.includes(j))) ?? others[0];
  };
  for (const q of inRow.filter((q) => q < within)) pairs.push([q, outer.shift() ?? beside(q)]);
  for (; outer.length >= 2; outer.splice(0, 2)) pairs.push([outer[0], outer[1]]);
  if (outer.length === 1) pairs.push(outer[0] < beside(outer[0]) ? [outer[0], beside(outer[0])] : [beside(outer[0]), outer[0]]);
  return pairs;
}

/** Whether a qubit is within vectors. */
export const isWithin = ({ precision }: Machine, qubit: number): boolean => qubit < kinds[precision].within;

/** Tables low ⊗ high of the phases e^{∓i angle/2} of a row, times the scale, which is 1 then. Returns how many bits are low. */
export function writePhases(machine: Machine, row: Row, mask: number, sign: 1 | -1): number {
  const { call, qubits: n, parameters } = machine;
  const half = n >> 1;
  const bits = (mask >> (half - 1)) & 1 ? half + 1 : half;
  const fill = (which: number, first: number, count: number, factor: number): void => {
    const [re, im] = [new Float64Array(2 ** count), new Float64Array(2 ** count)];
    re[0] = factor;
    for (let j = 0; j < count; j++) {
      const angle = (sign * total(row.get(first + j) ?? [], parameters)) / 2;
      const [c, s] = [Math.cos(angle), Math.sin(angle)];
      for (let k = 0; k < 1 << j; k++) {
        const [x, y] = [re[k], im[k]];
        const other = k + (1 << j);
        re[other] = c * x - s * y;
        im[other] = s * x + c * y;
        re[k] = c * x + s * y;
        im[k] = c * y - s * x;
      }
    }
    view(machine, call.addressOfTable(which), re.length).set(re);
    view(machine, call.addressOfTable(which + 1), im.length).set(im);
  };
  fill(0, 0, bits, 1);
  fill(2, bits, n - bits, machine.scale);
  machine.scale = 1;
  return bits;
}

/** Whether so much has been left out of the amplitudes that it should be multiplied back before they overflow. */
export const isFar = ({ scale }: Machine): boolean => Math.abs(scale) < 1e-60;

/** Tables of where amplitudes come from: k <- A k ^ b. Returns how many bits are low. */
export function writeSources(machine: Machine, { images, offset }: ReturnType<typeof linearMap>): number {
  const { call, memory, qubits: n } = machine;
  const bits = n >> 1;
  const fill = (which: number, first: number, count: number, start: number): void => {
    const table = new Uint32Array(memory.buffer, call.addressOfTable(which), 2 ** count);
    table[0] = start;
    for (let j = 0; j < count; j++)
      for (let k = 0; k < 1 << j; k++) table[k + (1 << j)] = table[k] ^ (images[first + j] ?? 1 << (first + j));
  };
  fill(6, 0, bits, 0);
  fill(7, bits, n - bits, offset);
  return bits;
}

/** Multiplies amplitude k of a state by e^{i sign angle C_k}, k modulo the length of the table. */
export function turnByTable(machine: Machine, address: number, table: Float64Array, angle: number): void {
  const { re, im } = partsOf(machine, address);
  for (let k = 0; k < table.length; k++) {
    const [c, s, x, y] = [Math.cos(angle * table[k]), Math.sin(angle * table[k]), re[k], im[k]];
    re[k] = c * x - s * y;
    im[k] = s * x + c * y;
  }
}

/** ψ after a pass. */
export function runPass(machine: Machine, pass: Pass): void {
  const { call, qubits: n, parameters } = machine;
  if (pass.kind === "ry") {
    if (machine.fresh) for (let j = 0; j < n; j++) spreadQubit(machine, j, total(pass.row.get(j) ?? [], parameters));
    else {
      const done = new Set<number>();
      for (const [a, b] of pairsOf(pass.row, machine)) {
        const [u, v] = [a, b].map((q) => scaledTurn(done.has(q) ? 0 : total(pass.row.get(q) ?? [], parameters)));
        if (isWithin(machine, a)) call.turnLane(a, b, u.c, u.s, v.t, v.steep);
        else call.turn(a, b, u.t, v.t, u.steep + 2 * v.steep);
        machine.scale *= (isWithin(machine, a) ? 1 : u.factor) * v.factor;
        done.add(a).add(b);
      }
      if (isFar(machine)) call.diagonal(writePhases(machine, new Map(), 0, 1), 0);
    }
  } else if (pass.kind === "diagonal") call.diagonal(writePhases(machine, pass.row, pass.mask, 1), pass.mask);
  else if (pass.kind === "linear") call.permute(writeSources(machine, linearMap(pass.flips.toReversed(), n)), false);
  else if (pass.kind === "flip") call.flip(pass.controls, 1 << pass.target, false);
  else if (pass.kind === "depolarize") {
    const [[a, b], second] = pass.bits;
    if (second) call.depolarizePair(1 << a, 1 << b, 1 << second[0], 1 << second[1], pass.keep);
    else call.depolarize(1 << a, 1 << b, pass.keep);
  } else {
    const angle = angleValue(pass.angle, parameters);
    if (pass.kind === "phase") call.phase(pass.mask, Math.cos(angle), Math.sin(angle), false);
    else turnByTable(machine, call.addressOfPsi(), pass.table, -angle);
  }
  machine.fresh = false;
}

function spreadQubit({ call }: Machine, qubit: number, angle: number): void {
  if (angle !== 0) call.spread(qubit, Math.cos(angle / 2), Math.sin(angle / 2));
}
