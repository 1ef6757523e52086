/** Differentiable tensor programs, compiled to ONNX. See docs/engine.md. */
export { FileFormatError, TensorError } from "./errors.ts";
export * from "./jit.ts";
export * from "./ndarray.ts";
export { readNpy, writeNpy } from "./npy.ts";
export { readNpz, writeNpz } from "./npz.ts";
export type { ProgramDType } from "./primitive.ts";
export { constant, iota, scalar, type Value } from "./primitives/constant.ts";
export { checkpoint, customVjp, scan, whileLoop } from "./primitives/control.ts";
export * from "./primitives/elementwise.ts";
export * from "./primitives/gather.ts";
export * from "./primitives/product.ts";
export * from "./primitives/reduce.ts";
export * from "./primitives/shape.ts";
export * from "./random.ts";
export { readSafetensors, writeSafetensors } from "./safetensors.ts";
export { Tensor } from "./tensor.ts";
export * from "./transform.ts";
export * from "./tree.ts";
