/** Before anything else a network learns orbitals that are known: it then begins with nodes and tails that make sense. */
import type { NdArray, Random } from "../../array/index.ts";
import { adam, applyUpdates } from "../../optim/index.ts";
import { concat, jit, type Tensor, valueAndGrad } from "../../tensor/index.ts";
import type { Ansatz, Parameters } from "../ansatz/ansatz.ts";
import { sumOfDeterminants } from "../ansatz/determinants.ts";
import { plainNetwork } from "../ansatz/network.ts";
import { spinGroups } from "../ansatz/psiformer.ts";
import type { System } from "../systems/system.ts";
import { type Walk, walk, walkersLast } from "../walkers/walk.ts";

/** Occupied orbitals of one spin at positions [dimension, electrons, walkers]: [orbitals, electrons, walkers]. */
export type KnownOrbitals = (spin: "up" | "down", x: Tensor) => Tensor;

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

/** log q of the determinant of known orbitals, for walkers: [walkers, N · dimension] -> [walkers]. */
export const knownDensity =
  (system: System, known: KnownOrbitals) =>
  (x: Tensor): Tensor =>
    sumOfDeterminants(targetMatrix(system, known, walkersLast(system, x)).expandDims(0)).logAbs.mul(2);

export interface PretrainOptions {
  readonly steps: number;
  /** Standard deviation of proposals, in bohr. */
  readonly size: number;
}

const rate = 3e-3;

/** The state of Adam. */
type AdamMoments = globalThis.Parameters<ReturnType<typeof adam>["update"]>[1];

/**
 * Minimises the mean over walkers of the known density of Σ_k |Φ^k - T|² by Adam.
 *
 * @param watch  told of each step and its loss
 * @source  Pfau et al., Phys. Rev. Research 2 (2020), section II.D
 */
export async function pretrain(
  system: System,
  ansatz: Ansatz,
  known: KnownOrbitals,
  start: { readonly parameters: Parameters<NdArray>; readonly x: NdArray },
  { steps, size }: PretrainOptions,
  rng: Random,
  watch: (step: number, loss: number) => void,
): Promise<{ readonly parameters: Parameters<NdArray>; readonly x: NdArray }> {
  const optimizer = adam(rate);
  const loss = (p: Parameters<Tensor>, x: Tensor): Tensor => {
    const network = plainNetwork(p);
    const places = walkersLast(system, x);
    const orbitals = ansatz.orbitals?.(places, ansatz.electrons(places, network), network) ?? places;
    return orbitals
      .sub(targetMatrix(system, known, places).expandDims(0))
      .square()
      .mean(-1)
      .sum();
  };
  const step = jit((p: Parameters<Tensor>, state: AdamMoments, x: Tensor) => {
    const [value, gradient] = valueAndGrad(loss)(p, x);
    const { updates, state: next } = optimizer.update(gradient, state, p);
    return { parameters: applyUpdates(p, updates), state: next, value };
  });
  const move: Walk<Record<string, never>> = walk(system, knownDensity(system, known), "all");
  let { parameters, x } = start;
  let state = optimizer.init(parameters);
  let width = size;
  for (let t = 0; t < 20; t++) {
    const moved = await move(x, 10, width, {}, rng);
    x = moved.x;
    width *= moved.acceptance > 0.5 ? 1.1 : 1 / 1.1;
  }
  for (let t = 1; t <= steps; t++) {
    const moved = await move(x, 5, width, {}, rng);
    x = moved.x;
    const next = await step(parameters, state, x);
    ({ parameters, state } = next);
    watch(t, Number(next.value.data[0]));
  }
  return { parameters, x };
}
