import { expect, test } from "vitest";
import type { NdArray } from "../../src/array/index.ts";
import * as nd from "../../src/array/index.ts";
import * as nn from "../../src/nn/index.ts";
import type { Tensor } from "../../src/tensor/index.ts";
import * as pf from "../../src/tensor/index.ts";
import { difference } from "./differences.ts";

const rng = nd.randomStream("unet");
const noisy = <P extends object>(params: P): P =>
  nd.mapTree<P>((p: NdArray) => {
    const noise = rng.normal(p.shape);
    return nd.ndarray(
      (noise.data as Float32Array).map((v, i) => 0.1 * v + (p.data[i] as number)),
      p.shape,
      "f32",
    );
  }, params);

test.each([
  [2, [2, 3, 8, 12], [8, 16, 16], 2],
  [1, [2, 3, 16], [8, 16], 1],
] as const)("a %s-d U-Net keeps the size of its input, and starts at zero", async (dimensions, shape, channels, blocks) => {
  const params = nn.unet.init(rng, 3, 5, { dimensions, channels, blocks });
  const [x, time] = [rng.normal(shape), rng.uniform([2])];
  const apply = pf.jit((p: nn.Unet, x: Tensor, t: Tensor) => nn.unet.apply(p, x, t, { groups: 4 }));
  const zero = await apply(params, x, time);
  expect(zero.shape).toEqual([2, 5, ...shape.slice(2)]);
  expect(Math.max(...nd.toNumbers(zero).map(Math.abs))).toBe(0);
  const moved = noisy(params);
  const [y, later] = [await apply(moved, x, time), await apply(moved, x, nd.array([0.5, 0.6]))];
  expect(difference(later, y)).toBeGreaterThan(1e-3);
});

test("every pixel of the output sees every pixel of the input, and every parameter has a gradient", async () => {
  const params = noisy(nn.unet.init(rng, 1, 1, { channels: [8, 8], blocks: 1 }));
  const x = rng.normal([1, 1, 8, 8]);
  const { gx, gp } = await pf.jit((p: nn.Unet, x: Tensor) => {
    const loss = (q: nn.Unet, z: Tensor): Tensor => nn.unet.apply(q, z, pf.scalar(0.3, "f32"), { groups: 2 }).slice(0, 0, 0, 0).sum();
    return { gx: pf.grad((z: Tensor) => loss(p, z))(x), gp: pf.grad(loss)(p, x) };
  })(params, x);
  expect(nd.toNumbers(gx).filter((v) => v === 0)).toEqual([]);
  const { leaves } = nd.flatten(gp, nd.isArrayLeaf);
  for (const leaf of leaves) expect(nd.toNumbers(leaf as NdArray).some((v) => v !== 0)).toBe(true);
});

test("sizes that cannot be halved are refused", () => {
  const params = nn.unet.init(rng, 1, 1, { channels: [8, 8, 8] });
  expect(() => pf.trace((p: nn.Unet, x: Tensor) => nn.unet.apply(p, x, pf.scalar(0, "f32")), [params, pf.like([1, 1, 8, 6])])).toThrow(
    /\[8, 6\] are not multiples of 4/,
  );
});
