/**
 * Adjoint differentiation: λ_k = c_k ψ_k is carried back with ψ through the circuit. A gate e^{-iθG/2} has the derivative Im<λ|G|ψ>, where
 * G commutes with the gates of its row: all derivatives of a row are sums over the same two states.
 */
import type { Angle } from "./circuit.ts";
import { masksOf, shareOf } from "./forward.ts";
import { isFar, type Machine, partsOf, view } from "./machine.ts";
import { angleValue } from "./operations.ts";
import { linearMap, type Pass, type Row } from "./passes.ts";
import { isWithin, pairsOf, scaledTurn, total } from "./rows.ts";
import { turnByTable, writePhases, writeSources } from "./tables.ts";

/** Adds the derivatives of a pass and takes it back, from ψ and from λ; of the first row of RY only the derivatives are needed. */
export function undoPass(machine: Machine, pass: Pass, gradient: Float64Array, first: boolean): void {
  const { call, qubits: n, parameters } = machine;
  const add = (angles: readonly Angle[], slope: number): void => {
    for (const angle of angles) if (typeof angle !== "number") gradient[angle.parameter] += (angle.factor ?? 1) * slope;
  };
  if (pass.kind === "ry") undoRotations(machine, pass.row, add, first);
  else if (pass.kind === "diagonal") {
    const square = machine.scale ** 2;
    const bits = writePhases(machine, pass.row, pass.mask, -1);
    call.diagonalInverse(bits, pass.mask);
    const odd = view(machine, call.addressOfTable(8), 2 ** bits);
    const low = signedSums(Float64Array.from(view(machine, call.addressOfTable(4), 2 ** bits), (sum, k) => sum + odd[k]));
    const high = signedSums(view(machine, call.addressOfTable(5), 2 ** (n - bits)));
    for (const [q, angles] of pass.row) add(angles, square * (q < bits ? low[q] : high[q - bits]));
  } else if (pass.kind === "linear") {
    const bits = writeSources(machine, linearMap(pass.flips, n));
    call.permute(bits, false);
    call.permute(bits, true);
  } else if (pass.kind === "flip") call.flip(pass.controls, 1 << pass.target, true);
  else if (pass.kind === "phase") {
    const angle = angleValue(pass.angle, parameters);
    add([pass.angle], -2 * machine.scale ** 2 * call.phase(pass.mask, Math.cos(angle), -Math.sin(angle), true));
  } else if (pass.kind === "depolarize") {
    // ψ times 1/keep and λ times keep: their product, of which derivatives are made, stays
    const [first, second] = masksOf(pass);
    call.mix(first, second, shareOf(pass, 1 / pass.keep), true, shareOf(pass, pass.keep));
  } else if (pass.kind === "table") {
    add([pass.angle], 2 * machine.scale ** 2 * tableSum(machine, pass.table));
    for (const address of [call.addressOfPsi(), call.addressOfLambda()])
      turnByTable(machine, address, pass.table, angleValue(pass.angle, parameters));
  }
}

function undoRotations(machine: Machine, row: Row, add: (angles: readonly Angle[], slope: number) => void, first: boolean): void {
  const { call, parameters } = machine;
  const pairs = pairsOf(row, machine);
  const done = new Set<number>();
  // what a pair's sums are to be multiplied by: the scale before its turn
  const squares = pairs.map(([a, b], slot) => {
    const square = machine.scale ** 2;
    const [u, v] = [a, b].map((q) => scaledTurn(done.has(q) ? 0 : -total(row.get(q) ?? [], parameters)));
    if (isWithin(machine, a)) call.turnLaneBack(a, b, u.c, u.s, v.t, first ? 4 : v.steep, slot);
    else call.turnBack(a, b, u.t, v.t, first ? 4 : u.steep + 2 * v.steep, slot);
    if (!first) machine.scale *= (isWithin(machine, a) ? 1 : u.factor) * v.factor;
    done.add(a).add(b);
    return square;
  });
  const sums = new Float64Array(machine.memory.buffer, call.addressOfSums(), 4 * pairs.length);
  const told = new Set<number>();
  pairs.forEach((pair, slot) =>
    pair.forEach((q, i) => {
      if (!told.has(q)) add(row.get(q) ?? [], squares[slot] * (sums[4 * slot + i] + sums[4 * slot + 2 + i]));
      told.add(q);
    }),
  );
  if (isFar(machine)) call.diagonalInverse(writePhases(machine, new Map(), 0, -1), 0);
}

/** Σ_k (1 - 2 bit_j(k)) d_k for every bit j: the upper half is added to the lower, bit after bit. */
function signedSums(table: Float64Array | Float32Array): readonly number[] {
  const d = Float64Array.from(table);
  const sums: number[] = [];
  for (let half = d.length / 2; half >= 1; half /= 2) {
    let difference = 0;
    for (let k = 0; k < half; k++) {
      difference += d[k] - d[k + half];
      d[k] += d[k + half];
    }
    sums.unshift(difference);
  }
  return sums;
}

/** Σ C_k Im(λ̄ψ)_k. */
function tableSum(machine: Machine, table: Float64Array): number {
  const { re, im } = partsOf(machine, machine.call.addressOfPsi());
  const { re: lRe, im: lIm } = partsOf(machine, machine.call.addressOfLambda());
  let sum = 0;
  for (let k = 0; k < table.length; k++) sum += table[k] * (lRe[k] * im[k] - lIm[k] * re[k]);
  return sum;
}
