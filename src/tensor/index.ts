/** Differentiable tensor programs, compiled to ONNX. See docs/engine.md. */
import "./methods.ts";
import "./rules.ts";

export { type Arrays, configure, type Feeds, type JitOptions, type Jitted, jit, like, type Traced, trace } from "./jit.ts";
export { type Carried, carryLaplacian, laplacian } from "./laplacian.ts";
export * from "./primitives/activations.ts";
export * from "./primitives/arithmetic.ts";
export { cast } from "./primitives/cast.ts";
export { cond } from "./primitives/cond.ts";
export { constant, iota, scalar, type Value } from "./primitives/constant.ts";
export { type ConvOptions, conv, convTranspose, outSizes, patches } from "./primitives/conv.ts";
export * from "./primitives/cumulative.ts";
export { checkpoint, customVjp } from "./primitives/custom.ts";
export * from "./primitives/elementary.ts";
export * from "./primitives/gather.ts";
export * from "./primitives/linalg.ts";
export * from "./primitives/order.ts";
export * from "./primitives/pool.ts";
export { dot, einsum, matmul, outer } from "./primitives/product.ts";
export * from "./primitives/reduce.ts";
export { expandDims, moveAxis, reshape, squeeze, transpose } from "./primitives/reshape.ts";
export { scan } from "./primitives/scan.ts";
export { concat, flip, type Index, pad, slice, split, stack } from "./primitives/slice.ts";
export { type Axes, broadcastTo, sum } from "./primitives/sum.ts";
export { whileLoop } from "./primitives/while.ts";
export { type ProgramDType, Tensor } from "./tensor.ts";
export * from "./transform.ts";
export { type Operation, traceUses } from "./uses.ts";
