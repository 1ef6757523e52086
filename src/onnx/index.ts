/** Models of others as differentiable functions, and programs as models (`pushforward/onnx`). */
export { type ExportOptions, toOnnx } from "./export.ts";
export { withExternalData } from "./external.ts";
export { fromOnnx, type OnnxModel, type Port, type ReadOptions } from "./reader/model.ts";
export { computed, steadyOutputs, type Tried } from "./steady.ts";
