/** Rows of codes or pixels that descend a loss, each by itself, as one batch. */
import { type NdArray, ndarray, type Random, toNumbers } from "../../array/index.ts";
import { applyUpdates, type Optimizer } from "../../optim/index.ts";
import { type Arrays, constant, jit, type Tensor, valueAndGrad } from "../../tensor/index.ts";

/** A descent. N are trees of tensors that differ from step to step: as arrays they are drawn. */
export interface Descent<N extends object> {
  readonly optimizer: Optimizer;
  readonly steps: number;
  readonly noise?: (rng: Random) => Arrays<N>;
  /** After every step: back to what is allowed. */
  readonly project?: (z: Tensor) => Tensor;
}

/**
 * Rows after the descent of Σ_i loss_i. Adam and momentum work number by number, so that a row knows nothing of the others.
 *
 * @param start  [n, …]
 * @param loss  rows and noise -> [n]
 */
export async function descend<N extends object>(
  start: NdArray,
  loss: (z: Tensor, noise: N) => Tensor,
  { optimizer, steps, noise, project = (z) => z }: Descent<N>,
  rng: Random,
  watch: () => void,
): Promise<NdArray> {
  const update = jit((z: Tensor, state: object, drawn: object) => {
    const total = (rows: { z: Tensor }): Tensor => loss(rows.z, drawn as N).sum(); // what `noise` gave
    const [value, slope] = valueAndGrad(total)({ z });
    const { updates, state: next } = optimizer.update(slope, state as Parameters<typeof optimizer.update>[1], { z }); // what init made
    return { z: project(applyUpdates({ z }, updates).z), state: next, value };
  });
  let z = start;
  let state: object = optimizer.init({ z: start });
  for (let step = 0; step < steps; step++) {
    ({ z, state } = await update(z, state, noise?.(rng) ?? {}));
    watch();
  }
  await update.dispose();
  return z;
}

/** In f32, whatever the program gave. */
export const inF32 = (a: NdArray): NdArray<"f32"> => ndarray(Float32Array.from(toNumbers(a)), a.shape, "f32");

/** Indicators of classes, n rows each: [J·n, K]. */
export function wantedRows(classes: readonly number[], n: number, K: number): Tensor {
  const rows = new Float32Array(classes.length * n * K);
  classes.forEach((c, j) => {
    for (let i = 0; i < n; i++) rows[(j * n + i) * K + c] = 1;
  });
  return constant(ndarray(rows, [classes.length * n, K], "f32"));
}

/** Rows that go through a program at once. */
const block = 2000;

/** f of rows [n, …] -> [n, w], block by block. */
export async function inBlocks(rows: NdArray, f: (x: Tensor) => Tensor): Promise<NdArray<"f32">> {
  const program = jit((x: Tensor) => f(x).cast("f32"));
  const [n, ...rest] = rows.shape;
  const size = rest.reduce((a, b) => a * b, 1);
  const parts: number[][] = [];
  for (let from = 0; from < n; from += block) {
    const to = Math.min(n, from + block);
    parts.push(
      toNumbers(await program({ ...rows, data: rows.data.slice(from * size, to * size), shape: [to - from, ...rest] } as NdArray)),
    );
  }
  await program.dispose();
  const values = Float32Array.from(parts.flat());
  return ndarray(values, [n, values.length / Math.max(1, n)], "f32");
}
