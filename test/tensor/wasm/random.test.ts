/** Programs that are put together by chance: the same in WebAssembly as on ONNX Runtime. */
import { expect, test } from "vitest";
import { toNumbers } from "../../../src/array/index.ts";
import * as pf from "../../../src/tensor/index.ts";
import fc from "../../property.ts";
import { expectClose } from "../check.ts";
import { inputs, program } from "./chance.ts";

test("any program has the same results in WebAssembly as on ONNX Runtime, all of them or every other one", async () => {
  const step = fc.nat(2 ** 31 - 1);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 16 }), fc.boolean(), async (numbers, all) => {
      const f = (...xs: pf.Tensor[]) => program(numbers)(...xs).filter((_, i) => all || i % 2 === 0);
      const [own, native] = await Promise.all((["wasm", "cpu"] as const).map((device) => pf.jit(f, { device })(...inputs)));
      expect(own.length).toBe(native.length);
      own.forEach((y, i) => {
        expect([y.dtype, ...y.shape]).toEqual([native[i].dtype, ...native[i].shape]);
        // f32 on the way is rounded in other orders
        expectClose(y, toNumbers(native[i]), 1e-5, `output ${i} of ${numbers}`);
      });
    }),
    { numRuns: 120 },
  );
});
