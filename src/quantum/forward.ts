/** Passes on ψ, as calls of the kernel. */
import { isFar, type Machine } from "./machine.ts";
import { angleValue } from "./operations.ts";
import { linearMap, type Pass } from "./passes.ts";
import { isWithin, pairsOf, scaledTurn, total } from "./rows.ts";
import { turnByTable, writePhases, writeSources } from "./tables.ts";

type Channel = Extract<Pass, { kind: "depolarize" }>;

/** Below it a channel is not divided by what it keeps. */
const smallest = 0.1;

/** Bits of a row and its column, of each of the channel's qubits. */
export const masksOf = ({ bits: [[a, b], second] }: Channel): readonly [first: number, second: number] => [
  (1 << a) | (1 << b),
  second ? (1 << second[0]) | (1 << second[1]) : 0,
];

/** What is added to each entry on the diagonal, of their sum, where the channel over `keep` is meant. */
export const shareOf = ({ bits }: Channel, keep: number): number => (1 - keep) / (2 ** bits.length * keep);

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
    if (Math.abs(pass.keep) > smallest) {
      const [first, next] = masksOf(pass);
      call.mix(first, next, shareOf(pass, pass.keep), false, 0);
      machine.scale *= pass.keep;
    } else if (second) call.depolarizePair(1 << a, 1 << b, 1 << second[0], 1 << second[1], pass.keep);
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
