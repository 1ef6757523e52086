import { expect, test } from "vitest";
import { type NdArray, toNumbers } from "../../../src/array/index.ts";
import type { Decoding } from "../../../src/language/model.ts";
import { onnxDecoder } from "../../../src/language/models/onnx-decoder.ts";
import { transformerModel } from "../../../src/language/models/transformer.ts";
import type { CausalParameters, CausalTransformer } from "../../../src/nn/index.ts";
import { characterTokenizer } from "../../../src/tokenizers/index.ts";
import { exportDecoder, type Layout, rounded4 } from "./export-decoder.ts";
import { paramsOf, tokenizer } from "./random-transformer.ts";

const sizes = { vocabulary: 11, context: 32, width: 16, depth: 2, heads: 4 };
const gpt: CausalTransformer = { architecture: "gpt", ...sizes };
const llama: CausalTransformer = { architecture: "llama", ...sizes, keyValueHeads: 2, hidden: 24, rotaryPairs: "halves", tied: true };
const common = { name: "test", tokenizer, hash: "", context: 32 };
const decoderOf = (config: CausalTransformer, layout: Layout) =>
  onnxDecoder({
    ...common,
    model: exportDecoder(config, paramsOf(config), layout),
    sizes: { heads: config.heads, keyValueHeads: config.keyValueHeads, headWidth: config.width / config.heads },
  });

const largest = (a: NdArray, b: NdArray): number => {
  expect(a.shape).toEqual(b.shape);
  const [x, y] = [toNumbers(a), toNumbers(b)];
  return Math.max(...x.map((v, i) => Math.abs(v - y[i])));
};

/** Tokens and gathers, to fewer and to more rows, twice in a row and none. */
async function walk(decoding: Decoding, visit: (decoding: Decoding) => void): Promise<void> {
  visit(decoding);
  await decoding.append(Int32Array.of(4, 7, 1));
  visit(decoding);
  decoding.select(Int32Array.of(2, 0));
  visit(decoding);
  decoding.select(Int32Array.of(1, 1, 0, 1));
  await decoding.append(Int32Array.of(0, 3, 9, 3));
  await decoding.append(Int32Array.of(10, 2, 2, 5));
  decoding.select(Int32Array.of(3, 1, 2, 2));
  await decoding.append(Int32Array.of(6, 6, 1, 8));
  visit(decoding);
}

const cases: readonly [string, CausalTransformer, Layout, number][] = [
  ["GPT-2's layout", gpt, {}, 1e-5],
  ["Llama's layout, grouped heads", llama, {}, 1e-5],
  ["positions from the mask", llama, { positions: false }, 1e-5],
  ["one position with logits", llama, { keep: true }, 1e-5],
  ["sizes of caches from the config", llama, { symbolic: true }, 1e-5],
  ["a branch for caches", gpt, { branch: true }, 1e-5],
  ["a merged decoder", gpt, { merged: true }, 1e-5],
  ["a merged decoder, grouped heads and f16 caches", llama, { merged: true, half: true }, 2e-2],
  ["an output with hidden states", gpt, { hidden: true }, 1e-5],
  ["no caches", gpt, { pasts: false }, 1e-5],
  ["no caches, one position with logits", llama, { pasts: false, keep: true }, 1e-5],
  // a product of 7 bits: 16 terms, each off by 1/254 of the largest factors, which are about 3 and 0.8
  ["a product of integers", llama, { quantized: true }, 0.1],
  // caches and logits have 11 significant bits
  ["f16", llama, { half: true }, 2e-2],
];

test.each(cases)("%s: predictions are those of our own network", async (_, config, layout, tolerance) => {
  const theirs = await decoderOf(config, layout);
  const ours = transformerModel({ name: "ours", config, params: paramsOf(config), tokenizer, hash: "" });
  expect([theirs.width, theirs.hasHidden]).toEqual([16, true]);
  const prompt = [3, 1, 4, 1, 5];
  const seen: { logits: NdArray; hidden: NdArray }[] = [];
  await walk(await ours.start(prompt, 3), ({ next }) => seen.push(next));
  let i = 0;
  await walk(await theirs.start(prompt, 3), ({ next }) => {
    expect(largest(next.logits, seen[i].logits)).toBeLessThan(tolerance);
    // of integers only the last product is
    expect(largest(next.hidden, seen[i++].hidden)).toBeLessThan(layout.quantized ? 1e-5 : tolerance);
  });
  expect(i).toBe(4);
  theirs.close?.();
});

test("weights of four bits: predictions are those of the weights that they stand for", async () => {
  // layers of 16 or 32 inputs are whole blocks
  const config: CausalTransformer = { ...llama, hidden: 32, tied: false };
  const params = paramsOf(config);
  const theirs = await onnxDecoder({
    ...common,
    sizes: { heads: 4, keyValueHeads: 2, headWidth: 4 },
    model: exportDecoder(config, params, { q4: true }),
  });
  const layer = ({ w }: { w: NdArray }) => ({ w: rounded4(w) });
  const rounded: CausalParameters<NdArray> = {
    ...params,
    blocks: params.blocks.map((block) => ({
      ...block,
      attention: {
        query: layer(block.attention.query),
        key: layer(block.attention.key),
        value: layer(block.attention.value),
        out: layer(block.attention.out),
      },
      ...{ up: layer(block.up), gate: layer(block.gate!), down: layer(block.down) },
    })),
    head: layer(params.head!),
  };
  const ours = transformerModel({ name: "ours", config, params: rounded, tokenizer, hash: "" });
  const seen: { logits: NdArray; hidden: NdArray }[] = [];
  await walk(await ours.start([3, 1, 4], 3), ({ next }) => seen.push(next));
  let i = 0;
  await walk(await theirs.start([3, 1, 4], 3), ({ next }) => {
    expect(largest(next.logits, seen[i].logits)).toBeLessThan(1e-4);
    expect(largest(next.hidden, seen[i++].hidden)).toBeLessThan(1e-4);
  });
  expect([i, theirs.hasHidden]).toEqual([4, true]);
  theirs.close?.();
});

test("models that are no such decoders are refused by the names of what they have", async () => {
  await expect(decoderOf(gpt, { other: "past_conv.0" })).rejects.toThrow(/"past_conv.0" are no keys and values/);
  await expect(onnxDecoder({ ...common, sizes: {}, model: exportDecoder(llama, paramsOf(llama), { symbolic: true }) })).rejects.toThrow(
    /past_key_values.0.key" nor config.json says the number of heads/,
  );
  await expect(onnxDecoder({ ...common, sizes: {}, model: Uint8Array.of(1, 2, 3) })).rejects.toThrow(/not an ONNX model/);
  const short = characterTokenizer([..."abc"]);
  await expect(onnxDecoder({ ...common, tokenizer: short, sizes: {}, model: exportDecoder(gpt, paramsOf(gpt)) })).rejects.toThrow(
    /has 11 tokens, its tokenizer 3/,
  );
});

test("what cannot be is refused", async () => {
  const model = await decoderOf(gpt, {});
  await expect(model.start([], 1)).rejects.toThrow(/prompt is empty/);
  const decoding = await model.start(Array(31).fill(0), 2);
  await expect(decoding.append(Int32Array.of(11, 0))).rejects.toThrow(/token 0 is 11/);
  await decoding.append(Int32Array.of(0, 0));
  await expect(decoding.append(Int32Array.of(0, 0))).rejects.toThrow(/context of 32 tokens is full/);
});

test("memory stays flat over a thousand steps", async () => {
  const model = await decoderOf(llama, {});
  const run = async (times: number): Promise<void> => {
    for (let k = 0; k < times; k++) {
      const decoding = await model.start([1, 2, 3], 64);
      for (let t = 0; t < 20; t++) {
        await decoding.append(new Int32Array(64).fill(t % 11));
        if (t % 5 === 4) decoding.select(Int32Array.from({ length: 64 }, (_, i) => (i * 7) % 64));
      }
      decoding.close();
    }
  };
  await run(10);
  const before = process.memoryUsage().rss;
  await run(50);
  // one set of caches more than is needed would add 4 · 64 rows · 2 heads · 23 · 4 · 4 bytes = 188 kB a step, 188 MB in all
  expect(process.memoryUsage().rss - before).toBeLessThan(100e6);
});
