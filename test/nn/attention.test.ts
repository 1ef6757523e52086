import { expect, test } from "vitest";
import * as nd from "../../src/array/index.ts";
import * as nn from "../../src/nn/index.ts";
import type { Tensor } from "../../src/tensor/index.ts";
import * as pf from "../../src/tensor/index.ts";
import { difference, shaken } from "./differences.ts";

const rng = nd.randomStream("attention");
const f64 = { dtype: "f64" } as const;
const params = shaken(nn.attention.init(rng, 8, f64), rng);
const x = rng.normal([2, 5, 8], "f64");

test("scaled dot-product attention is the softmax-weighted mean of values, written as loops", async () => {
  const [q, k, v] = [
    [2, 3],
    [4, 3],
    [4, 2],
  ].map((s) => rng.normal(s, "f64"));
  const mask = nd.array(
    [
      [1, 1, 0, 1],
      [0, 1, 1, 1],
    ],
    "bool",
  );
  const y = await pf.jit((q: Tensor, k: Tensor, v: Tensor, m: Tensor) => nn.scaledDotProductAttention(q, k, v, m))(q, k, v, mask);
  const expected = [0, 1].flatMap((i) => {
    const weights = [0, 1, 2, 3].map((j) => {
      const dot = [0, 1, 2].reduce((s, c) => s + (q.data[3 * i + c] as number) * (k.data[3 * j + c] as number), 0);
      return mask.data[4 * i + j] ? Math.exp(dot / Math.sqrt(3)) : 0;
    });
    const total = weights.reduce((a, b) => a + b);
    return [0, 1].map((c) => weights.reduce((s, w, j) => s + (w / total) * (v.data[2 * j + c] as number), 0));
  });
  expect(difference(y, expected)).toBeLessThan(1e-14);
});

test("without positions and masks, attention commutes with permutations of the tokens", async () => {
  const order = nd.array([3, 0, 4, 1, 2], "i32");
  const [a, b] = await pf.jit((p: nn.Attention, x: Tensor, order: Tensor) => [
    pf.take(nn.attention.apply(p, x, { heads: 2 }), order, 1),
    nn.attention.apply(p, pf.take(x, order, 1), { heads: 2 }),
  ])(params, x, order);
  expect(difference(b, a)).toBeLessThan(1e-13);
});

test("causal attention: the derivative of a token's output by later tokens is zero, by earlier ones it is not", async () => {
  const g = await pf.jit((p: nn.Attention, x: Tensor) =>
    pf.grad((z: Tensor) => nn.attention.apply(p, z, { heads: 2, causal: true, rotary: true }).slice(null, 2).square().sum())(x),
  )(params, x);
  const size = nd.toNumbers(g).map(Math.abs);
  for (let token = 0; token < 5; token++) {
    const largest = Math.max(...size.slice(8 * token, 8 * token + 8));
    if (token > 2) expect(largest).toBe(0);
    else expect(largest).toBeGreaterThan(1e-3);
  }
});

test("rotary scores depend on the difference of positions only, and norms stay", async () => {
  const [q, k] = [rng.normal([1, 6], "f64"), rng.normal([1, 6], "f64")];
  const score = pf.jit((q: Tensor, k: Tensor, i: Tensor, j: Tensor) => ({
    score: nn.rotary(q, i).mul(nn.rotary(k, j)).sum(),
    norm: nn.rotary(q, i).square().sum().sub(q.square().sum()),
  }));
  const position = (n: number) => nd.array([n], "f64");
  const [a, b, c] = [
    await score(q, k, position(3), position(1)),
    await score(q, k, position(12), position(10)),
    await score(q, k, position(4), position(1)),
  ];
  expect(nd.item(b.score)).toBeCloseTo(nd.item(a.score), 12);
  expect(Math.abs(nd.item(c.score) - nd.item(a.score))).toBeGreaterThan(1e-3);
  expect(Math.abs(nd.item(a.norm))).toBeLessThan(1e-12);
});

test.each([false, true])("token by token with a cache equals the full causal pass (rotary: %s)", async (rotary) => {
  const block = shaken(nn.transformerBlock.init(rng, 8, f64), rng);
  const full = await pf.jit((p: nn.TransformerBlock, x: Tensor) => nn.transformerBlock.apply(p, x, { heads: 2, causal: true, rotary }))(
    block,
    x,
  );
  const step = pf.jit((p: nn.TransformerBlock, x: Tensor, cache: nn.Cache) => nn.transformerBlock.step(p, x, cache, { heads: 2, rotary }));
  let cache = nn.attention.cache(2, 7, 8, 2, "f64");
  // two tokens, then one, then two
  for (const [from, to] of [
    [0, 2],
    [2, 3],
    [3, 5],
  ]) {
    const piece = await pf.jit((x: Tensor) => x.slice(null, [from, to]))(x);
    const result = await step(block, piece, cache);
    cache = result.cache as typeof cache;
    const expected = await pf.jit((y: Tensor) => y.slice(null, [from, to]))(full);
    expect(difference(result.y, expected)).toBeLessThan(1e-12);
  }
  expect(nd.item(cache.length)).toBe(5);
});

test("cross-attention to equal context tokens gives every token the same output", async () => {
  const cross = shaken(nn.attention.init(rng, 8, { contextWidth: 3, ...f64 }), rng);
  const context = rng.normal([2, 1, 3], "f64");
  const y = await pf.jit((p: nn.Attention, x: Tensor, c: Tensor) =>
    nn.attention.apply(p, x, { heads: 4, context: pf.broadcastTo(c, [2, 6, 3]) }),
  )(cross, x, context);
  const v = nd.toNumbers(y);
  for (let i = 0; i < 80; i++) expect(v[i]).toBeCloseTo(v[40 * Math.floor(i / 40) + (i % 8)], 12);
});

test("a block with cross-attention sees its context, with padding masked out", async () => {
  const block = shaken(nn.transformerBlock.init(rng, 8, { contextWidth: 3, ...f64 }), rng);
  const context = rng.normal([2, 4, 3], "f64");
  const g = await pf.jit((p: nn.TransformerBlock, x: Tensor, c: Tensor) =>
    pf.grad((z: Tensor) => nn.transformerBlock.apply(p, x, { heads: 2, context: z }).square().sum())(c),
  )(block, x, context);
  expect(g.shape).toEqual([2, 4, 3]);
  expect(Math.min(...nd.toNumbers(g).map(Math.abs))).toBeGreaterThan(0);
  const mask = nd.array([1, 1, 0, 1, 1], "bool");
  const masked = await pf.jit((p: nn.Attention, x: Tensor, m: Tensor) =>
    pf.grad((z: Tensor) => nn.attention.apply(p, z, { heads: 2, mask: m }).slice(null, [0, 2]).sum())(x),
  )(params, x, mask);
  expect(nd.toNumbers(masked).slice(16, 24)).toEqual(new Array(8).fill(0));
});

test("a width that the heads do not divide is refused", () => {
  expect(() => pf.trace((p: nn.Attention, x: Tensor) => nn.attention.apply(p, x, { heads: 3 }), [params, x])).toThrow(/for 3 heads/);
});
