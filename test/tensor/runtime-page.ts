/** What a page does with ONNX Runtime: nothing before it is said what loads it. */
import { configure } from "../../src/tensor/index.ts";
import { openModel } from "../../src/tensor/runtime.ts";
import { runMlp } from "./mlp.ts";

/** Runs a model of one input and one output. */
async function runModel(bytes: readonly number[], values: readonly number[], shape: readonly number[]): Promise<number[]> {
  const model = await openModel(Uint8Array.from(bytes));
  const [{ name }] = model.inputs;
  const results = await model.run({ [name]: model.tensor("float32", Float32Array.from(values), shape) });
  return Array.from(results[model.outputs[0].name].data as Float32Array);
}

export const actions = { runMlp, runModel, loadRuntime: (): void => configure({ runtime: () => import("onnxruntime-web") }) };
