/** Differentiable tensor programs, compiled to ONNX. See docs/engine.md. */
import "./methods.ts";
import "./rules.ts";

export { type Arrays, configure, type Feeds, type JitOptions, jit, like, type Traced, trace } from "./jit.ts";
export { gelu, logSigmoid, relu, sigmoid, silu, softplus } from "./primitives/activations.ts";
export { cast } from "./primitives/cast.ts";
export { cond } from "./primitives/cond.ts";
export { constant, iota, scalar, type Value } from "./primitives/constant.ts";
export { type ConvOptions, conv, convTranspose, outSizes, patches } from "./primitives/conv.ts";
export { checkpoint, customVjp } from "./primitives/custom.ts";
export * from "./primitives/elementary.ts";
export {
  abs,
  add,
  and,
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
export { diagonal, eye, oneHot, scatterAdd, take, takeAlong, tril, triu } from "./primitives/gather.ts";
export { cholesky, det, inverse, slogdet, solve, triangularSolve } from "./primitives/linalg.ts";
export { avgPool, maxPool, type PoolOptions, resizeBilinear, resizeNearest } from "./primitives/pool.ts";
export { dot, einsum, matmul, outer } from "./primitives/product.ts";
export {
  all,
  any,
  argmax,
  argmin,
  argsort,
  cumlogsumexp,
  cumsum,
  logAddExp,
  logSoftmax,
  logsumexp,
  max,
  mean,
  min,
  prod,
  softmax,
  sort,
  standardize,
  topK,
  variance,
} from "./primitives/reduce.ts";
export { expandDims, moveAxis, reshape, squeeze, transpose } from "./primitives/reshape.ts";
export { scan } from "./primitives/scan.ts";
export { concat, flip, type Index, pad, slice, split, stack } from "./primitives/slice.ts";
export { type Axes, broadcastTo, sum } from "./primitives/sum.ts";
export { whileLoop } from "./primitives/while.ts";
export { type ProgramDType, Tensor } from "./tensor.ts";
export { grad, hessian, hvp, jacobian, jvp, laplacian, lowPrecision, stopGradient, valueAndGrad, vjp, vmap } from "./transform.ts";
export { type Operation, traceUses } from "./uses.ts";
