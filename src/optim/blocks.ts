/** Large tensors in blocks, each with a preconditioner of its own: memory and time of dense factors stay bounded. */

import type { Shape } from "../array/index.ts";
import { concat, type Tensor } from "../tensor/index.ts";
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

/** States of the blocks of a tensor, by number. */
type Blocks<S> = { readonly blocks: Readonly<Record<number, S>> };

const isBlocks = <S extends object>(state: S | Blocks<S>): state is Blocks<S> => "blocks" in state;

/** The preconditioner for blocks with axes of at most `size`; tensors that fit in one block are left alone. */
export function blocked<S extends object>(
  { init, observe, refresh, refreshed, direction }: Preconditioner<S>,
  size: number,
): Preconditioner<S | Blocks<S>> {
  const fits = (shape: Shape): boolean => shape.every((d) => d <= size);
  const slices = (g: Tensor): Tensor[] => blocksOf(g.shape, size).map((at) => g.slice(...at));
  const numbered = <A, B>(list: readonly A[], f: (x: A, i: number) => B): Record<number, B> =>
    Object.fromEntries(list.map((x, i) => [i, f(x, i)]));
  const each =
    <T>(f: (state: S, g: Tensor, at: Moment) => T) =>
    (state: S | Blocks<S>, g: Tensor, at: Moment): T | Blocks<T> =>
      isBlocks(state) ? { blocks: numbered(slices(g), (b, i) => f(state.blocks[i], b, at)) } : f(state, g, at);
  const shapeOf = (ranges: readonly [number, number][]): number[] => ranges.map(([a, b]) => b - a);
  return {
    init: (shape, dtype, path) =>
      fits(shape) ? init(shape, dtype, path) : { blocks: numbered(blocksOf(shape, size), (ranges) => init(shapeOf(ranges), dtype, path)) },
    refreshed: [...(refreshed ?? []), "blocks"],
    ...(observe ? { observe: each(observe) } : {}),
    ...(refresh
      ? {
          refresh: (state: S | Blocks<S>, g: Tensor, at: Moment) =>
            isBlocks(state) ? each((own, b) => ({ ...own, ...refresh(own, b, at) }))(state, g, at) : refresh(state, g, at),
        }
      : {}),
    direction(state, g, at) {
      if (!isBlocks(state)) return direction(state, g, at);
      const results = slices(g).map((b, i) => direction(state.blocks[i], b, at));
      const u = results.map((r) => r.u);
      return { u: assemble(u, g.shape, size), state: { blocks: numbered(results, (r) => r.state) } };
    },
  };
}
