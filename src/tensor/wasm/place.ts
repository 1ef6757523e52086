/** Places in memory, and how their addresses come on the stack. */
import type { Code } from "./code.ts";

/** Where something lies: at an address of the memory, or at one that stands in memory at `pointer`, plus an offset in bytes. */
export interface Place {
  readonly pointer?: number;
  readonly offset: number;
}

/** A place that may change. */
export type Pointer = Place & { readonly pointer: number };

/** Pushes the address at which a part of the steps from a place begins, so many bytes apart. */
export type Start = (place: Place, step: number) => () => void;

/** Pushes the address of a place. */
export function pushPlace(code: Code, { pointer, offset }: Place, more = 0): void {
  if (pointer !== undefined) loadPointer(code, pointer);
  if (pointer !== undefined && offset + more === 0) return;
  code.i32(offset + more);
  if (pointer !== undefined) code.op("i32.add");
}

function loadPointer(code: Code, pointer: number): void {
  code.i32(pointer);
  code.access("i32.load", 0);
}

/** Makes a pointer lead to an address, which `push` pushes. */
export function setPointer(code: Code, { pointer }: Pointer, push: () => void): void {
  code.i32(pointer);
  push();
  code.access("i32.store", 0);
}

/** Makes two pointers change roles. */
export function swapPointers(code: Code, a: Pointer, b: Pointer): void {
  for (const [to, from] of [
    [a, b],
    [b, a],
  ]) {
    code.i32(to.pointer);
    loadPointer(code, from.pointer);
  }
  code.access("i32.store", 0);
  code.access("i32.store", 0);
}
