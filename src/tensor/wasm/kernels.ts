/** What kernels take: addresses and numbers. */

import { fail } from "../shapes.ts";
import type { Aval } from "../tensor.ts";
import type { Type } from "./bytes.ts";
import type { Signature } from "./module.ts";

const numbers = (count: number): Signature => ({ params: new Array<Type>(count).fill("i32"), results: [] });

/** Kernels of kernels.as.ts, in the order in which they are imported. */
export const signatures: Readonly<Record<string, Signature>> = {
  ...{
    pow: { params: ["f64", "f64"], results: ["f64"] },
    sin: { params: ["f64"], results: ["f64"] },
    cos: { params: ["f64"], results: ["f64"] },
  },
  ...{ productF32: numbers(11), productF64: numbers(11), productI32: numbers(11), productI64: numbers(11) },
  ...{ gatherRows: numbers(7), gatherAlong: numbers(9) },
  ...{ scatterF32: numbers(7), scatterF64: numbers(7), scatterI32: numbers(7), scatterI64: numbers(7), scatterU8: numbers(7) },
  ...{ scatterAlongF32: numbers(8), scatterAlongF64: numbers(8), scatterAlongI32: numbers(8), scatterAlongI64: numbers(8) },
  ...{ cumsumF32: numbers(6), cumsumF64: numbers(6), cumsumI32: numbers(6), cumsumI64: numbers(6) },
  ...{ topF32: numbers(8), topF64: numbers(8), topI32: numbers(8), topI64: numbers(8), topU8: numbers(8) },
  ...{ extremeF32: numbers(6), extremeF64: numbers(6), extremeI32: numbers(6), extremeI64: numbers(6), extremeU8: numbers(6) },
};

/** The kernel of a family for a tensor's dtype. */
export function kernelOf(family: string, x: Aval): string {
  const name = `${family}${x.dtype === "bool" ? "U8" : x.dtype.toUpperCase()}`;
  return name in signatures ? name : fail(family, "has no WebAssembly kernel for this dtype", [x]);
}
