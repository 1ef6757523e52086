import { expect, test } from "vitest";
import type { NdArray } from "../../src/array/index.ts";
import * as nd from "../../src/array/index.ts";
import * as nn from "../../src/nn/index.ts";
import type { Tensor } from "../../src/tensor/index.ts";
import * as pf from "../../src/tensor/index.ts";
import { difference, shaken } from "./differences.ts";

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

test("attention at chosen resolutions starts as nothing, and changes the result once its parameters moved", async () => {
  const made = nn.unet.init(rng, 1, 1, { channels: [8, 8], attention: [1] });
  const places = [...made.down, { blocks: [made.middle] }, ...made.up].map(({ blocks }) => blocks[0].spatial !== undefined);
  expect(places).toEqual([false, true, true, true, false]);
  const params = noisy(made);
  const { spatial, ...middle } = params.middle;
  const starting = { ...params, middle: { ...middle, spatial: made.middle.spatial } };
  const apply = pf.jit((p: nn.Unet, x: Tensor) => nn.unet.apply(p, x, pf.scalar(0.3, "f32"), { groups: 2, heads: 2 }));
  const x = rng.normal([1, 1, 8, 8]);
  const started = await apply(starting, x);
  expect(difference(started, await apply({ ...params, middle }, x))).toBeLessThan(1e-6);
  expect(difference(started, await apply(params, x))).toBeGreaterThan(1e-4);
});

test("attention at a resolution that is not there is refused", () => {
  expect(() => nn.unet.init(rng, 1, 1, { channels: [8, 8], attention: [2] })).toThrow(/attention at \[2\], but resolutions are 0 to 1/);
});

test("a gradient of an input gradient is right, attention and all", async () => {
  const options = { channels: [4, 4], timeWidth: 4, attention: [1], dtype: "f64" } as const;
  const params = shaken(nn.unet.init(rng, 2, 1, options), rng, 0.2);
  const direction = nd.mapTree<nn.Unet<NdArray>>((p: NdArray) => rng.normal(p.shape, "f64"), params);
  const [x, condition, v] = [1, 2, 3].map(() => rng.normal([2, 1, 4, 4], "f64"));
  const time = rng.uniform([2], "f64");
  const h = 1e-5;
  const { slope, forward, ahead, behind } = await pf.jit((p: nn.Unet, d: nn.Unet, x: Tensor, c: Tensor, v: Tensor, time: Tensor) => {
    // the loss of action matching, ½|∇s|² - <∇s, v> of s(t, x) = <x, h(t, x)>
    const loss = (q: nn.Unet): Tensor => {
      const s = (z: Tensor): Tensor => z.mul(nn.unet.apply(q, pf.concat([z, c], 1), time, { groups: 2, heads: 2, timeScale: 1 })).sum();
      const g = pf.grad(s)(x);
      return g.square().mul(0.5).sub(g.mul(v)).mean();
    };
    const moved = (by: number): nn.Unet => nd.mapTree((q: Tensor, e: Tensor) => q.add(e.mul(by)), p, d);
    const products = nd.mapTree((g: Tensor, e: Tensor) => g.mul(e).sum(), pf.grad(loss)(p), d);
    const slope = nd.flatten<Tensor>(products, nd.isArrayLeaf as (x: unknown) => x is Tensor).leaves.reduce((a, b) => a.add(b));
    return { slope, forward: pf.jvp(loss, [p], [d])[1], ahead: loss(moved(h)), behind: loss(moved(-h)) };
  })(params, direction, x, condition, v, time);
  const expected = (nd.item(ahead) - nd.item(behind)) / (2 * h);
  // Central differences: truncation h² and rounding 1e-16 / h, each times some hundreds.
  expect(nd.item(slope) / expected).toBeCloseTo(1, 6);
  expect(nd.item(forward) / nd.item(slope)).toBeCloseTo(1, 10);
});
