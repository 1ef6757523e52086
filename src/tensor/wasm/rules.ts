/** Lowerings to WebAssembly that primitives share: copies into regions, products, and what is done along one axis. */
import { type Shape, sizeOf } from "../../array/ndarray.ts";
import { stridesOf } from "../shapes.ts";
import type { Tensor, WasmRule } from "../tensor.ts";
import { microseconds } from "./cost.ts";
import { kernelOf } from "./kernels.ts";
import type { Width } from "./lanes.ts";
import { bytesOf, bytesOfTensor, sizeInBytes } from "./memory.ts";
import { nest } from "./nest.ts";
import { type Place, pushPlace, setPointer, swapPointers } from "./place.ts";
import { type Argument, type NodeWriter, type Operand, placed } from "./writer.ts";

/** Copies elements of a shape from one place to another, through the strides of both. */
export function copyElements(w: NodeWriter, shape: Shape, from: Operand, to: Omit<Operand, "dtype">): void {
  const { dtype } = from;
  const width: Width = bytesOf[dtype] === 8 ? 2 : 4;
  w.loop({ shape, width, loads: [from], stores: [{ ...to, dtype }], accumulations: [], compute: (_, loaded) => loaded });
}

/** Sets so many bytes to 0. */
export function clear({ code }: NodeWriter, place: Place, bytes: number): void {
  pushPlace(code, place);
  code.i32(0);
  code.i32(bytes);
  code.memoryFill();
}

/** The carries of a loop: where they are now, and where a step writes the next ones. */
interface PingPong {
  readonly now: readonly Place[];
  readonly next: readonly Place[];
  /** Bytes of the primitive's memory that they take. */
  readonly bytes: number;
  swap(): void;
  /** Copies the last ones to the outputs. */
  finish(): void;
}

/** Carries in two places that change roles after every step. They begin as the primitive's first inputs. */
export function pingPong(w: NodeWriter, carries: readonly Tensor[], from: number): PingPong {
  const { code } = w;
  let bytes = from;
  const pairs = carries.map((x, i) => {
    const [a, b] = [0, 1].map(() => {
      const pointer = w.pointer();
      const at = bytes;
      setPointer(code, pointer, () => pushPlace(code, w.scratch, at));
      bytes += sizeInBytes(x);
      return pointer;
    });
    w.move(a, inputAt(w, i), bytesOfTensor(x));
    return [a, b] as const;
  });
  return {
    now: pairs.map(([a]) => a),
    next: pairs.map(([, b]) => b),
    bytes,
    swap() {
      for (const [a, b] of pairs) swapPointers(code, a, b);
    },
    finish: () =>
      pairs.forEach(([a], i) => {
        if (w.used(i)) w.move(w.output(i), a, bytesOfTensor(carries[i]));
      }),
  };
}

/** Bytes of a row of panels of B: its columns padded to whole vectors. */
const panelRow = (n: number, bytes: number): number => Math.ceil((n * bytes) / 32) * 32;

/** Batched products; transposes are read in place. */
export const productRule: WasmRule = {
  strided: true,
  scratch({ outputs: [y], inputs: [a] }) {
    const [m, n] = y.shape.slice(-2);
    const size = bytesOf[y.dtype];
    return Math.min(256, a.shape.at(-1) ?? 0) * (panelRow(n, size) + Math.min(96, m + 3) * size);
  },
  write(w, node) {
    const [y] = node.outputs;
    if (y.size === 0) return;
    const size = bytesOf[y.dtype];
    const [m, n] = y.shape.slice(-2);
    const k = node.inputs[0].shape.at(-1) ?? 0;
    const sizes = y.shape.slice(0, -2);
    const [a, b] = [w.input(0), w.input(1)];
    // strides along the batch: axes that are missing or of length 1 stand still
    const steps = ({ strides }: Operand, x: Tensor): number[] =>
      sizes.map((_, i) => {
        const at = i - sizes.length + x.rank - 2;
        return at < 0 || x.shape[at] === 1 ? 0 : strides[at] * size;
      });
    const operands = [
      { place: placed(a), steps: steps(a, node.inputs[0]) },
      { place: placed(b), steps: steps(b, node.inputs[1]) },
      {
        place: w.output(0),
        steps: stridesOf(y.shape)
          .slice(0, -2)
          .map((s) => s * size),
      },
    ];
    const kernel = kernelOf("product", y);
    const [rowA] = a.strides.slice(-2);
    // threads have products of their own, or rows of one; fewer than four rows would be added up in another order
    const byRows = sizes.length === 0;
    const work = { microseconds: microseconds([node]), length: byRows ? m : sizes[0], multiple: byRows ? 4 : 1 };
    w.share(work, ({ code, call, count, start, room }) => {
      const product = ([left, right, to]: readonly Argument[], rows: number): void =>
        call(kernel, rows, n, k, left, ...a.strides.slice(-2), right, ...b.strides.slice(-2), to, room);
      const [left, right, to] = operands.map(({ place }) => place);
      // pointers are locals of the driver, of which there may be 50,000
      if (byRows) return product([start(left, rowA * size), right, start(to, n * size)], count);
      const walks = operands.map((o) => ({ ...o, start: start(o.place, o.steps[0]) }));
      nest(code, [count, ...sizes.slice(1)], walks, (pointers) =>
        product(
          pointers.map((local) => () => code.get(local)),
          m,
        ),
      );
    });
  },
};

/** A shape around one of its axes, counted from the end: what is in front, the axis, and what is behind. */
export function around({ shape }: Tensor, axis: number): readonly [number, number, number] {
  const at = shape.length + axis;
  return [sizeOf(shape.slice(0, at)), shape[at], sizeOf(shape.slice(at + 1))];
}

/** Whether indices are of 64 bits. */
export const isWide = ({ dtype }: Tensor): number => (dtype === "i64" ? 1 : 0);

/** The place of an input that lies without gaps. */
export const inputAt = (w: NodeWriter, i: number): Place => placed(w.input(i));
