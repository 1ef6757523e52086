/** Tables that the kernel reads, in halves of low and of high bits, and phases by tables of costs. */
import { type Machine, partsOf, view } from "./machine.ts";
import type { linearMap, Row } from "./passes.ts";
import { total } from "./rows.ts";

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
