/** One program for every device: value and gradient of a small network. Runs as it is in Node and in a page. */

import { randomStream, toNumbers } from "../../src/array/index.ts";
import { jit, silu, type Tensor, valueAndGrad } from "../../src/tensor/index.ts";
import type { Device } from "../../src/tensor/runtime.ts";

export interface Outcome {
  readonly value: number;
  readonly gradient: readonly number[];
}

export async function runMlp(device: Device): Promise<Outcome> {
  const random = randomStream("mlp");
  const [w, b, v] = [random.normal([8, 16], "f32"), random.normal([16], "f32"), random.normal([16, 1], "f32")];
  const x = random.normal([32, 8], "f32");
  const loss = (p: { w: Tensor; b: Tensor; v: Tensor }, batch: Tensor): Tensor =>
    silu(batch.matmul(p.w).add(p.b)).matmul(p.v).square().mean();
  const [value, gradient] = await jit(valueAndGrad(loss), { device })({ w, b, v }, x);
  const leaves = [gradient.w, gradient.b, gradient.v] as Parameters<typeof toNumbers>[0][];
  return { value: toNumbers(value)[0], gradient: leaves.flatMap(toNumbers) };
}
