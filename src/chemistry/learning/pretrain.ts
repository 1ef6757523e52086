/** Before anything else a network learns orbitals that are known: it then begins with nodes and tails that make sense. */
import type { NdArray } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { adam, applyUpdates } from "../../optim/index.ts";
import { type Arrays, concat, jit, type Tensor, valueAndGrad } from "../../tensor/index.ts";
import { type Ansatz, electronsOfWave, type Parameters } from "../ansatz/ansatz.ts";
import { sumOfDeterminants } from "../ansatz/determinants.ts";
import type { KnownOrbitals } from "../ansatz/known.ts";
import { plainNetwork } from "../ansatz/network.ts";
import { spinGroups } from "../ansatz/spins.ts";
import type { System } from "../systems/system.ts";
import { walkersLast } from "../walkers/walk.ts";

/**
 * The matrix that orbitals should be: electrons of spin up fill the first columns, those of spin down the rest.
 *
 * @param x  [dimension, N, walkers]
 * @returns  [orbital, electron, walkers]
 */
export function targetMatrix(system: System, known: KnownOrbitals, x: Tensor): Tensor {
  const blocks = spinGroups(system).map(({ spin, from, to }) => {
    const own = known(spin, x.slice([], [from, to])).slice([0, to - from]);
    const above = from > 0 ? [zerosOf(own, from)] : [];
    const below = system.up + system.down - to > 0 ? [zerosOf(own, system.up + system.down - to)] : [];
    const column = [...above, own, ...below];
    return column.length === 1 ? own : concat(column, 0);
  });
  return blocks.length === 1 ? blocks[0] : concat(blocks, 1);
}

/** Rows of zeros of the other spin's orbitals. */
const zerosOf = (like: Tensor, rows: number): Tensor => {
  const row = like.slice([0, 1]).mul(0);
  return rows === 1 ? row : concat(new Array<Tensor>(rows).fill(row), 0);
};

/** Those of all known determinants: [determinants, orbital, electron, walkers]. */
const targets = (system: System, known: readonly KnownOrbitals[], x: Tensor): Tensor =>
  joined(
    known.map((orbitals) => targetMatrix(system, orbitals, x).expandDims(0)),
    0,
  );

const joined = (pieces: readonly Tensor[], axis: number): Tensor => (pieces.length === 1 ? pieces[0] : concat(pieces, axis));

/** log q of the sum of the determinants of known orbitals, for walkers: [walkers, N · dimension] -> [walkers]. */
export const knownDensity =
  (system: System, known: readonly KnownOrbitals[]) =>
  (x: Tensor): Tensor =>
    sumOfDeterminants(targets(system, known, walkersLast(system, x))).logAbs.mul(2);

const rate = 3e-3;

type AdamMoments = globalThis.Parameters<ReturnType<typeof adam>["update"]>[1];
/** The state of Adam outside of programs. */
export type AdamArrays = Arrays<AdamMoments>;

/**
 * Steps of Adam that lower the mean over walkers of Σ_k |Φ^k - T|², Φ^k the orbitals of the network and T those that are known, in turn where they are several.
 *
 * @source  Pfau et al., Phys. Rev. Research 2 (2020), section II.D
 */
export function pretraining(system: System, ansatz: Ansatz, known: readonly KnownOrbitals[] | undefined) {
  const optimizer = adam(rate);
  const loss = (p: Parameters<Tensor>, x: Tensor): Tensor => {
    const network = plainNetwork(p);
    const places = walkersLast(system, x);
    if (!ansatz.orbitals || !known) throw new UserError(`${ansatz.name} has no orbitals to train`);
    const orbitals = ansatz.orbitals(places, electronsOfWave(ansatz, places, network), network);
    const wanted = known.map((one) => targetMatrix(system, one, places).expandDims(0));
    // determinants take turns
    const each = Array.from({ length: wanted.length === 1 ? 1 : orbitals.shape[0] }, (_, k) => wanted[k % wanted.length]);
    return orbitals.sub(joined(each, 0)).square().mean(-1).sum();
  };
  const program = jit((p: Parameters<Tensor>, state: AdamMoments, x: Tensor) => {
    const [value, gradient] = valueAndGrad(loss)(p, x);
    const { updates, state: next } = optimizer.update(gradient, state, p);
    return { parameters: applyUpdates(p, updates), adam: next, value };
  });
  return {
    init: (parameters: Parameters<NdArray>): AdamArrays => optimizer.init(parameters),
    async step(parameters: Parameters<NdArray>, state: AdamArrays, x: NdArray) {
      const { value, ...next } = await program(parameters, state, x);
      return { state: next, loss: Number(value.data[0]) };
    },
  };
}
