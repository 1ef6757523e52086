import { expect, test } from "vitest";
import { randomStream } from "../../src/array/index.ts";
import { waveOf } from "../../src/chemistry/ansatz/ansatz.ts";
import { ansatzOf } from "../../src/chemistry/ansatz/choose.ts";
import { plainNetwork } from "../../src/chemistry/ansatz/network.ts";
import { waveModel } from "../../src/chemistry/export.ts";
import { walkersLast } from "../../src/chemistry/walkers/walk.ts";
import { fromOnnx } from "../../src/onnx/index.ts";
import { jit, type Tensor } from "../../src/tensor/index.ts";
import { goldenSystem } from "./golden.ts";

test.each(["psiformer", "ferminet", "lapnet", "slater-jastrow"] as const)(
  "%s as an ONNX model gives what the program gives, for any number of walkers",
  async (name) => {
    const ansatz = ansatzOf(name, goldenSystem, { width: 8, heads: 2, pairWidth: 4, determinants: 2 });
    const parameters = ansatz.init(randomStream(3));
    const model = fromOnnx(waveModel(goldenSystem, ansatz, parameters, "test"));
    for (const walkers of [1, 5]) {
      const x = randomStream(walkers).normal([walkers, 9]);
      const own = await jit((p: Parameters<typeof plainNetwork>[0], y: Tensor) =>
        waveOf(ansatz, walkersLast(goldenSystem, y), plainNetwork(p)),
      )(parameters, x);
      const [logAbs, sign] = await jit((y: Tensor) => model.apply(model.params, y))(x);
      for (let b = 0; b < walkers; b++) {
        // f32: two orders of the same operations
        expect(Math.abs(Number(logAbs.data[b]) - Number(own.logAbs.data[b]))).toBeLessThan(
          2e-4 * Math.max(1, Math.abs(Number(own.logAbs.data[b]))),
        );
        expect(sign.data[b]).toBe(own.sign.data[b]);
      }
    }
  },
);
