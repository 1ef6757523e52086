import { expect, test } from "vitest";
import { mapTree, type NdArray, ndarray, randomStream, toNumbers } from "../../../src/array/index.ts";
import type { Decoding } from "../../../src/language/model.ts";
import { transformerModel } from "../../../src/language/models/transformer.ts";
import { type CausalParameters, type CausalTransformer, causalTransformer } from "../../../src/nn/index.ts";
import { constant, jit, type Tensor } from "../../../src/tensor/index.ts";
import { characterTokenizer } from "../../../src/tokenizers/index.ts";
import { paramsOf, tokenizer } from "./random-transformer.ts";

const sizes = { vocabulary: 11, context: 64, width: 16, depth: 2, heads: 4 };
const configs: readonly CausalTransformer[] = [
  { architecture: "gpt", ...sizes },
  { architecture: "llama", ...sizes, keyValueHeads: 2, hidden: 24 },
  { architecture: "llama", ...sizes, tied: true, rotaryPairs: "halves", rotaryBase: 500 },
];
const modelOf = (config: CausalTransformer, dtype: "f32" | "f64" = "f32") =>
  transformerModel({ name: "test", config, params: paramsOf(config), tokenizer, hash: "" }, { dtype });

/** logits and hidden states of all rows behind their last token, without any cache. */
async function cacheless(config: CausalTransformer, rows: readonly (readonly number[])[], dtype: "f32" | "f64") {
  const params = paramsOf(config);
  const cast = (a: NdArray): NdArray => (dtype === "f64" ? ndarray(Float64Array.from(a.data as Float32Array), a.shape, "f64") : a);
  const f = jit((tokens: Tensor) => {
    const { logits, hidden } = causalTransformer.apply(
      config,
      mapTree<CausalParameters>((a: NdArray) => constant(cast(a)), params),
      tokens,
    );
    return { logits: logits.slice(null, -1), hidden: hidden.slice(null, -1) };
  });
  return f(ndarray(Int32Array.from(rows.flat()), [rows.length, rows[0].length], "i32"));
}

const largest = (a: NdArray, b: NdArray): number => {
  const [x, y] = [toNumbers(a), toNumbers(b)];
  expect(a.shape).toEqual(b.shape);
  return Math.max(...x.map((v, i) => Math.abs(v - y[i])));
};

const rng = randomStream("walk");
const pick = (n: number): number => rng.integers(0, n, [1]).data[0];

/** Tokens and gathers at random, other numbers of rows among them; the prefixes that the rows should have. */
async function walk(decoding: Decoding, prompt: readonly number[], steps: number): Promise<number[][]> {
  let rows = Array.from({ length: decoding.rows }, () => [...prompt]);
  for (let t = 0; t < steps; t++) {
    const tokens = Int32Array.from(rows, () => pick(11));
    await decoding.append(tokens);
    rows = rows.map((row, i) => [...row, tokens[i]]);
    if (t % 3 === 2) continue;
    const ancestors = Int32Array.from({ length: t % 4 === 0 ? 2 + pick(5) : rows.length }, () => pick(rows.length));
    decoding.select(ancestors);
    rows = Array.from(ancestors, (row) => rows[row]);
  }
  return rows;
}

for (const [dtype, tolerance] of [
  ["f64", 1e-12],
  ["f32", 2e-5],
] as const)
  test.each(configs)(`$architecture, ${dtype}: a cache gives the numbers of no cache, after any gathers`, async (config) => {
    const model = modelOf(config, dtype);
    for (const prompt of [[3], Array.from({ length: 19 }, (_, i) => (i * i) % 11)]) {
      const decoding = await model.start(prompt, 5);
      const first = await cacheless(config, Array(5).fill(prompt), dtype);
      expect(largest(decoding.next.logits, first.logits)).toBeLessThan(tolerance);
      // more than one size of the cache
      const rows = await walk(decoding, prompt, 24);
      const expected = await cacheless(config, rows, dtype);
      expect(largest(decoding.next.logits, expected.logits)).toBeLessThan(tolerance);
      expect(largest(decoding.next.hidden, expected.hidden)).toBeLessThan(tolerance);
      decoding.close();
    }
    model.close?.();
  });

test.each(configs)("$architecture: bit for bit, a row is what it would be without gathers", async (config) => {
  const model = modelOf(config, "f64");
  const gathered = await model.start([1, 2], 4);
  const paths = [
    [5, 5, 5, 5],
    [0, 1, 2, 3],
    [4, 4, 9, 8],
    [7, 7, 7, 1],
  ];
  // rows 0 and 2 die after the second token, row 1 after the third
  const ancestors = [undefined, [1, 1, 3, 3], [2, 0, 2, 3], undefined];
  let lines: number[][] = [[], [], [], []];
  for (let t = 0; t < 4; t++) {
    await gathered.append(Int32Array.from(paths[t]));
    lines = lines.map((line, i) => [...line, paths[t][i]]);
    const by = ancestors[t];
    if (!by) continue;
    gathered.select(Int32Array.from(by));
    lines = by.map((row) => lines[row]);
  }
  const direct = await model.start([1, 2], 4);
  for (let t = 0; t < 4; t++) await direct.append(Int32Array.from(lines, (line) => line[t]));
  expect(gathered.next.logits.data).toEqual(direct.next.logits.data);
  expect(gathered.next.hidden.data).toEqual(direct.next.hidden.data);
});

test("logits are an affine map of the hidden state", async () => {
  const config = configs[1];
  const model = modelOf(config, "f64");
  const { logits, hidden } = (await model.start([4, 2], 1)).next;
  const w = toNumbers(model.params.head!.w);
  const h = toNumbers(hidden);
  toNumbers(logits).forEach((v, token) =>
    expect(v).toBeCloseTo(
      h.reduce((s, x, i) => s + x * w[11 * i + token], 0),
      10,
    ),
  );
});

test("what cannot be is refused", async () => {
  const model = modelOf(configs[0]);
  await expect(model.start([], 2)).rejects.toThrow(/prompt is empty/);
  await expect(model.start(Array(65).fill(0), 2)).rejects.toThrow(/65 tokens is longer than its context of 64/);
  await expect(model.start([11], 2)).rejects.toThrow(/token 0 is 11/);
  const decoding = await model.start(Array(63).fill(0), 2);
  await expect(decoding.append(Int32Array.of(0))).rejects.toThrow(/1 tokens for 2 rows/);
  await expect(decoding.append(Int32Array.of(0, -1))).rejects.toThrow(/token 1 is -1/);
  expect(() => decoding.select(Int32Array.of(0, 2))).toThrow(/row 2 is not one of 2/);
  expect(() => decoding.select(new Int32Array(0))).toThrow(/at least one row/);
  await decoding.append(Int32Array.of(0, 1));
  await expect(decoding.append(Int32Array.of(0, 1))).rejects.toThrow(/context of 64 tokens is full/);
  const large = characterTokenizer([..."abcdefghijkl"]);
  expect(() => transformerModel({ name: "m", config: configs[0], params: paramsOf(configs[0]), tokenizer: large, hash: "" })).toThrow(
    /12 tokens, the model 11/,
  );
});
