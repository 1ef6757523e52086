/** Large tensors in blocks, each with a preconditioner of its own: memory and time of dense factors stay bounded. */

import type { Shape } from "../array/index.ts";
import { concat, type Tensor } from "../tensor/index.ts";
import type { State } from "./optimizer.ts";
import type { Moment, Preconditioner } from "./preconditioner.ts";

/** Cuts of an axis into nearly equal pieces of at most `size`. */
function cuts(d: number, size: number): [number, number][] {
  const pieces = Math.ceil(d / size);
  return Array.from({ length: pieces }, (_, i) => [Math.floor((i * d) / pieces), Math.floor(((i + 1) * d) / pieces)]);
}

/** Ranges of the blocks of a tensor, last axis fastest. */
const blocksOf = (shape: Shape, size: number): [number, number][][] =>
  shape.reduce<[number, number][][]>((all, d) => all.flatMap((at) => cuts(d, size).map((cut) => [...at, cut])), [[]]);

/** Blocks put together again: innermost axis first. */
function assemble(blocks: readonly Tensor[], shape: Shape, size: number): Tensor {
  let pieces = [...blocks];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const n = cuts(shape[axis], size).length;
    const joined: Tensor[] = [];
    for (let i = 0; i < pieces.length; i += n) joined.push(n === 1 ? pieces[i] : concat(pieces.slice(i, i + n), axis));
    pieces = joined;
  }
  return pieces[0];
}

/** The preconditioner for blocks with axes of at most `size`; tensors that fit in one block are left alone. */
export function blocked<S>(preconditioner: Preconditioner<S>, size: number): Preconditioner {
  const { init, observe, refresh, refreshed, direction } = preconditioner as unknown as Preconditioner;
  const fits = (shape: Shape): boolean => shape.every((d) => d <= size);
  const slices = (g: Tensor): Tensor[] => blocksOf(g.shape, size).map((at) => g.slice(...at));
  const each =
    (f: (state: State, g: Tensor, at: Moment) => State) =>
    (state: State, g: Tensor, at: Moment): State =>
      fits(g.shape)
        ? f(state, g, at)
        : { blocks: Object.fromEntries(slices(g).map((b, i) => [i, f((state.blocks as State)[i] as State, b, at)])) };
  return {
    init: (shape, dtype, path) =>
      fits(shape)
        ? init(shape, dtype, path)
        : {
            blocks: Object.fromEntries(
              blocksOf(shape, size).map((at, i) => [
                i,
                init(
                  at.map(([a, b]) => b - a),
                  dtype,
                  path,
                ),
              ]),
            ),
          }, // prettier-ignore
    refreshed: [...(refreshed ?? []), "blocks"],
    ...(observe ? { observe: each(observe) } : {}),
    ...(refresh
      ? {
          refresh: (state: State, g: Tensor, at: Moment) =>
            fits(g.shape) ? refresh(state, g, at) : each((own, b) => ({ ...own, ...refresh(own, b, at) }) as State)(state, g, at),
        }
      : {}),
    direction(state, g, at) {
      if (fits(g.shape)) return direction(state, g, at);
      const results = slices(g).map((b, i) => direction((state.blocks as State)[i] as State, b, at));
      return {
        u: assemble(
          results.map((r) => r.u),
          g.shape,
          size,
        ),
        state: { blocks: Object.fromEntries(results.map((r, i) => [i, r.state])) },
      };
    },
  };
}
