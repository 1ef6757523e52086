/** Loops within loops, and pointers that walk along. */
import type { Code } from "./code.ts";
import { type Place, pushPlace } from "./place.ts";

/** Adds to a local. */
export function advance(code: Code, local: number, by: number): void {
  if (by === 0) return;
  code.get(local);
  code.i32(by);
  code.op("i32.add");
  code.set(local);
}

/** Repeats a body so many times, at least once. */
export function counted(code: Code, times: number, body: () => void): void {
  if (times === 1) return void body();
  const left = code.local("i32");
  code.i32(times);
  code.set(left);
  code.loop(() => {
    body();
    advance(code, left, -1);
    code.get(left);
  });
}

/** A pointer that begins at a place, and moves by so many bytes for a step along each axis. */
export interface Walk {
  readonly place: Place;
  /** Pushes the address where it begins, if that is not the place. */
  readonly start?: () => void;
  readonly steps: readonly number[];
}

/** Calls `body` for every step along axes of these sizes, the last one fastest; it is given the pointers as locals. */
export function nest(code: Code, sizes: readonly number[], walks: readonly Walk[], body: (pointers: readonly number[]) => void): void {
  const pointers = walks.map(({ place, start }) => {
    const local = code.local("i32");
    if (start) start();
    else pushPlace(code, place);
    code.set(local);
    return local;
  });
  const level = (axis: number): void => {
    if (axis === sizes.length) return void body(pointers);
    counted(code, sizes[axis], () => {
      level(axis + 1);
      // at the end of an axis back to where it began, and on along the one around it
      walks.forEach(({ steps }, k) =>
        advance(code, pointers[k], steps[axis] - (axis + 1 < sizes.length ? sizes[axis + 1] * steps[axis + 1] : 0)),
      );
    });
  };
  level(0);
}
