/** Differentiable tensor programs, compiled to ONNX. See docs/engine.md. */
import "./methods.ts";
import "./rules.ts";

export { type Arrays, configure, type Feeds, type JitOptions, jit, like, type Traced, trace } from "./jit.ts";
export { gelu, logSigmoid, relu, sigmoid, silu, softplus } from "./primitives/activations.ts";
export { cast } from "./primitives/cast.ts";
export { cond } from "./primitives/cond.ts";
export { constant, iota, scalar, type Value } from "./primitives/constant.ts";
export { type ConvOptions, conv, convTranspose, type Geometry, outSizes, patches } from "./primitives/conv.ts";
export { checkpoint, customVjp } from "./primitives/custom.ts";
export * from "./primitives/elementary.ts";
export * from "./primitives/elementwise.ts";
export * from "./primitives/gather.ts";
export * from "./primitives/linalg.ts";
export * from "./primitives/pool.ts";
export * from "./primitives/product.ts";
export * from "./primitives/reduce.ts";
export * from "./primitives/reshape.ts";
export { scan } from "./primitives/scan.ts";
export * from "./primitives/slice.ts";
export * from "./primitives/sum.ts";
export { whileLoop } from "./primitives/while.ts";
export { type ProgramDType, Tensor } from "./tensor.ts";
export * from "./transform.ts";
export { type Operation, traceUses } from "./uses.ts";
