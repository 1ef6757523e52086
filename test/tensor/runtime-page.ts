/** What a page does with threads, and with ONNX Runtime: nothing before it is said what loads it. */
import { type NdArray, randomStream } from "../../src/array/index.ts";
import { configure, jit, type Tensor, tanh, valueAndGrad } from "../../src/tensor/index.ts";
import { openModel } from "../../src/tensor/runtime.ts";
import { runMlp } from "./mlp.ts";

/** Runs a model of one input and one output. */
async function runModel(bytes: readonly number[], values: readonly number[], shape: readonly number[]): Promise<number[]> {
  const model = await openModel(Uint8Array.from(bytes));
  const [{ name }] = model.inputs;
  const results = await model.run({ [name]: model.tensor("float32", Float32Array.from(values), shape) });
  return Array.from(results[model.outputs[0].name].data as Float32Array);
}

/** A large step, its bits as numbers, and whether threads shared it. */
async function runLarge(threads?: number): Promise<{ bits: number[]; shared: boolean }> {
  const random = randomStream("large");
  const [w, v, x] = [random.normal([65, 127], "f32"), random.normal([127, 5], "f32"), random.normal([311, 65], "f32")];
  const loss = (p: { w: Tensor; v: Tensor }, x: Tensor): Tensor => tanh(x.matmul(p.w)).matmul(p.v).square().mean();
  const [, gradient] = await jit(valueAndGrad(loss), { device: "wasm", reuse: true, threads })({ w, v }, x);
  const { buffer, byteOffset, length } = (gradient.w as NdArray).data;
  return { bits: [...new Int32Array(buffer, byteOffset, length)], shared: !(buffer instanceof ArrayBuffer) };
}

export const actions = { runMlp, runLarge, runModel, loadRuntime: (): void => configure({ runtime: () => import("onnxruntime-web") }) };
