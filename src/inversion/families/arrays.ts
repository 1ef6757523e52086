/** Arrays of parameters. */
import { allocate, type NdArray, type Shape } from "../../array/index.ts";

export type Float = "f32" | "f64";

/** An array of one value. */
export function filled(shape: Shape, value: number, dtype: Float): NdArray {
  const made = allocate(dtype, shape);
  made.data.fill(value);
  return made;
}

/** f of the values, in the precision and shape of another array. */
export function like(of: NdArray, values: ArrayLike<number | bigint>, f: (value: number, index: number) => number = (v) => v): NdArray {
  const made = allocate(of.dtype, of.shape);
  for (let i = 0; i < made.data.length; i++) made.data[i] = f(Number(values[i]), i);
  return made;
}

/** softplus⁻¹(s): parameters of scales are free, and scales positive. */
export const freeScale = (s: number): number => (s > 30 ? s : Math.log(Math.expm1(s)));
