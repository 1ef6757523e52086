/**
 * Elementwise primitives with NumPy broadcasting. Each states its ONNX operator, its partial derivatives c_i = ∂y/∂x_i, and its meaning on
 * plain numbers. Where ONNX Runtime has no f64 kernel, or one of poor accuracy, `expand` composes it from others.
 */
import { apply1 } from "../primitive.ts";
import { broadcastShapes, fail } from "../shapes.ts";
import { isFloat, type Primitive, type Tensor } from "../tensor.ts";
import { lift, liftOne, type Value } from "./constant.ts";

interface Elementwise extends Omit<Partial<Primitive>, "onnx"> {
  /** Operator name, or a lowering. */
  readonly onnx?: string | Primitive["onnx"];
  readonly result?: "bool";
  /** Dtypes accepted; default: floats only. */
  readonly takes?: "float" | "number" | "any" | "bool";
}

export function elementwise(name: string, { onnx, result, takes = "float", ...rest }: Elementwise): Primitive {
  return {
    name,
    elementwise: true,
    infer(inputs) {
      const { dtype } = inputs[0];
      if (inputs.some((x) => x.dtype !== dtype)) fail(name, "dtypes differ; cast one of them", inputs);
      if (!accepts(takes, dtype)) fail(name, `does not take ${dtype}`, inputs);
      return [{ dtype: result ?? dtype, shape: broadcastShapes(name, inputs) }];
    },
    onnx: typeof onnx === "string" ? (emit, inputs) => emit.op(onnx, inputs) : onnx,
    flat: result === "bool",
    ...rest,
  };
}

function accepts(takes: Elementwise["takes"], dtype: string): boolean {
  return takes === "any" || (takes === "bool" ? dtype === "bool" : isFloat(dtype) || (takes === "number" && dtype !== "bool"));
}

/** A function of tensors with the primitive that it applies. */
export type Operator<F> = F & { readonly primitive: Primitive };

export function unary(name: string, spec: Elementwise): Operator<(x: Value) => Tensor> {
  const primitive = elementwise(name, spec);
  return Object.assign((x: Value) => apply1(primitive, [liftOne(name, x)]), { primitive });
}

export function binary(name: string, spec: Elementwise): Operator<(a: Value, b: Value) => Tensor> {
  const primitive = elementwise(name, spec);
  return Object.assign((a: Value, b: Value) => apply1(primitive, lift(name, [a, b])), { primitive });
}
