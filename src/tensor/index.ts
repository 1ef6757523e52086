/** Differentiable tensor programs, compiled to ONNX. See docs/engine.md. */
export * from "./jit.ts";
export type { ProgramDType } from "./primitive.ts";
export { cond } from "./primitives/cond.ts";
export { constant, iota, scalar, type Value } from "./primitives/constant.ts";
export { type ConvOptions, conv, convTranspose, outSizes, patches } from "./primitives/conv.ts";
export { checkpoint, customVjp } from "./primitives/custom.ts";
export {
  abs,
  add,
  and,
  cast,
  ceil,
  clamp,
  div,
  equal,
  floor,
  greater,
  greaterEqual,
  isFinite,
  isNaN,
  less,
  lessEqual,
  maximum,
  minimum,
  mul,
  neg,
  not,
  notEqual,
  or,
  pow,
  reciprocal,
  round,
  rsqrt,
  sign,
  sqrt,
  square,
  sub,
  where,
  xor,
} from "./primitives/elementwise.ts";
export * from "./primitives/functions.ts";
export * from "./primitives/gather.ts";
export * from "./primitives/linalg.ts";
export * from "./primitives/pool.ts";
export * from "./primitives/product.ts";
export * from "./primitives/reduce.ts";
export { scan } from "./primitives/scan.ts";
export * from "./primitives/shape.ts";
export { whileLoop } from "./primitives/while.ts";
export { Tensor } from "./tensor.ts";
export * from "./transform.ts";
export { type Operation, traceUses } from "./uses.ts";
