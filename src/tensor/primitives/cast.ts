/** Conversions between dtypes. */
import { apply1 } from "../primitive.ts";
import { isFloat, onnxTypes, type Primitive, type ProgramDType, type Tensor } from "../tensor.ts";
import { liftOne, type Value } from "./constant.ts";

export const castPrimitive: Primitive = {
  name: "cast",
  exact: true,
  jointlyLinear: true,
  infer: ([x], { dtype }) => [{ dtype, shape: x.shape }],
  scalar: (x) => x,
  lanes: (v, [x], { params }) => v.convert(x, params.dtype),
  onnx: (emit, [x], { params }) => emit.op("Cast", [x], { to: onnxTypes[params.dtype as ProgramDType] }),
  jvp: ([x], [dx], _, { dtype }) => [dx && isFloat(x.dtype) && isFloat(dtype) ? cast(dx, dtype) : undefined],
  vjp: ([x], [ct], _, { dtype }) => [ct && isFloat(x.dtype) && isFloat(dtype) ? cast(ct, x.dtype) : undefined],
};

export const cast = (x: Value, dtype: ProgramDType): Tensor => apply1(castPrimitive, [liftOne("cast", x, dtype)], { dtype });
