import { expect, test } from "vitest";
import type { NdArray } from "../../src/array/index.ts";
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

test("neighbours turn as halves do, in another order of the components", async () => {
  const x = rng.normal([3, 6], "f64");
  const positions = nd.array([0, 4, 9], "i32");
  const order = nd.array([0, 2, 4, 1, 3, 5], "i32");
  const [halves, neighbours] = await pf.jit((x: Tensor, p: Tensor, order: Tensor) => [
    nn.rotary(pf.take(x, order, 1), p, { base: 100 }),
    pf.take(nn.rotary(x, p, { base: 100, pairs: "neighbours" }), order, 1),
  ])(x, positions, order);
  expect(difference(neighbours, halves)).toBe(0);
});

test("grouped heads are heads of keys and values that are repeated", async () => {
  const grouped = shaken(nn.attention.init(rng, 8, { keyValueWidth: 4, ...f64 }), rng);
  const repeated = (w: NdArray): NdArray => {
    const rows = w.shape.length === 1 ? 1 : w.shape[0];
    const v = nd.toNumbers(w);
    // 4 heads of width 2; heads 0 and 1 use the first one of keys, 2 and 3 the second
    const out = Array.from({ length: rows }, (_, r) => [0, 1, 0, 1, 2, 3, 2, 3].map((c) => v[4 * r + c])).flat();
    return nd.array(out, "f64", [...w.shape.slice(0, -1), 8]);
  };
  const whole = {
    ...grouped,
    key: nd.mapTree<nn.Dense<NdArray>>(repeated, grouped.key),
    value: nd.mapTree<nn.Dense<NdArray>>(repeated, grouped.value),
  };
  const how = { heads: 4, causal: true, rotary: true };
  const [a, b] = await pf.jit((g: nn.Attention, w: nn.Attention, x: Tensor) => [
    nn.attention.apply(g, x, { ...how, keyValueHeads: 2 }),
    nn.attention.apply(w, x, how),
  ])(grouped, whole, x);
  expect(difference(a, b)).toBeLessThan(1e-13);
});

const blocks = [
  { name: "layer norm, biases", init: {}, how: { heads: 2 } },
  { name: "rotary halves", init: {}, how: { heads: 2, rotary: true } },
  {
    name: "gated, grouped, rms norm, rotary neighbours",
    init: { keyValueWidth: 4, gated: true, bias: false, hidden: 5 },
    how: { heads: 4, keyValueHeads: 2, rotary: { pairs: "neighbours" }, norm: "rms", activation: "silu" },
  },
] as const;

test.each(blocks)("token by token after a shared beginning equals the full causal pass ($name)", async ({ init, how }) => {
  const block = shaken(nn.transformerBlock.init(rng, 8, { ...init, ...f64 }), rng);
  // the first two tokens are the same in both rows
  const xs = nd.ndarray((x.data as Float64Array<ArrayBuffer>).slice(), [2, 5, 8], "f64");
  (xs.data as Float64Array).copyWithin(40, 0, 16);
  const full = await pf.jit((p: nn.TransformerBlock, x: Tensor) => nn.transformerBlock.apply(p, x, { ...how, causal: true }))(block, xs);
  const kept = await pf.jit((p: nn.TransformerBlock, x: Tensor) => {
    const { keys, values } = nn.transformerBlock.applyKeeping(p, x.slice([0, 1], [0, 2]), { ...how, causal: true });
    return { keys: keys.squeeze(0), values: values.squeeze(0) };
  })(block, xs);
  const [heads, , d] = kept.keys.shape;
  const shared = nd.mapTree<nn.KeysValues<NdArray>>((a: NdArray) => withFilling(a, 3), kept);
  const own = { keys: nd.allocate("f64", [heads, 2, 4, d]), values: nd.allocate("f64", [heads, 2, 4, d]) };
  const step = pf.jit((p: nn.TransformerBlock, x: Tensor, past: nn.Past, position: Tensor, filled: Tensor) =>
    nn.transformerBlock.step(p, x, past, { ...how, position, filled }),
  );
  for (let i = 2; i < 5; i++) {
    const token = await pf.jit((x: Tensor) => x.slice(null, i))(xs);
    const filled = nd.array(
      Array.from({ length: 7 }, (_, j) => (j < 2 || (j >= 3 && j - 3 < i - 2) ? 1 : 0)),
      "bool",
    );
    const { y, keys, values } = await step(block, token, { shared, own }, nd.array([i], "i32", []), filled);
    const expected = await pf.jit((y: Tensor) => y.slice(null, i))(full);
    expect(difference(y, expected)).toBeLessThan(1e-12);
    for (let row = 0; row < heads * 2; row++)
      for (const [cache, added] of [
        [own.keys, keys],
        [own.values, values],
      ])
        (cache.data as Float64Array).set((added.data as Float64Array).subarray(row * d, (row + 1) * d), (row * 4 + i - 2) * d);
  }
});

/** [heads, n, d] -> [heads, places, d]: numbers that must not count where nothing is. */
function withFilling({ data, shape: [heads, n, d] }: NdArray, places: number): NdArray {
  const out = nd.allocate("f64", [heads, places, d]);
  out.data.fill(7);
  for (let h = 0; h < heads; h++) out.data.set((data as Float64Array).subarray(h * n * d, (h + 1) * n * d), h * places * d);
  return out;
}

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
