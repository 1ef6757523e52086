/** What primitives are written to WebAssembly with: places in memory, loops over elements, and calls. */
import type { Shape } from "../../array/ndarray.ts";
import type { ProgramDType } from "../dtype.ts";
import type { Code } from "./code.ts";
import type { Divisible, JobPart } from "./jobs.ts";
import type { Lanes, Vector, Width } from "./lanes.ts";
import { bytesOf } from "./memory.ts";
import type { Place, Pointer } from "./place.ts";

/** Elements of a place for those of the loop's shape: at `offset`, plus `strides[i]` for each step along axis i. */
export interface Operand {
  readonly place: Place;
  readonly dtype: ProgramDType;
  readonly offset: number;
  readonly strides: readonly number[];
}

/** How elements are added up: sums of f32 in f64. */
export interface Accumulation {
  /** Strides are 0 along the axes that are added up. */
  readonly into: Operand;
  readonly how: "sum" | "max" | "min";
}

export interface Loop {
  readonly shape: Shape;
  readonly width: Width;
  readonly loads: readonly Operand[];
  readonly stores: readonly Operand[];
  readonly accumulations: readonly Accumulation[];
  /** Vectors to store, then those to add up. */
  compute(v: Lanes, loaded: readonly Vector[]): readonly Vector[];
}

/** What a kernel is given: a number, an address, or something that pushes one. */
export type Argument = number | Place | (() => void);

/** What a primitive that is no loop writes itself with. */
export interface NodeWriter {
  /** Of the driver. */
  readonly code: Code;
  /** An input's elements. */
  input(i: number): Operand;
  output(i: number): Place;
  used(i: number): boolean;
  /** Memory of the primitive's own. */
  readonly scratch: Place;
  /** Calls a kernel. */
  call(kernel: string, ...args: readonly Argument[]): void;
  /** Divides items among the threads, whole multiples of `multiple` each, if that pays; else `write` writes all of them as one part. */
  share(work: Divisible, write: (part: JobPart & Pick<NodeWriter, "call">) => void): void;
  loop(loop: Loop): void;
  /** Runs one of the primitive's programs. */
  run(k: number, inputs: readonly Place[], outputs: readonly Place[]): void;
  pointer(): Pointer;
  /** Copies so many bytes. */
  move(to: Place, from: Place, bytes: number): void;
}

/** The place of an operand's first element. */
export const placed = ({ place, dtype, offset }: Operand): Place => ({ ...place, offset: place.offset + offset * bytesOf[dtype] });
