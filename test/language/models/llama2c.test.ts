import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { mapTree, type NdArray, ndarray, randomStream, toNumbers } from "../../../src/array/index.ts";
import { FileFormatError } from "../../../src/errors.ts";
import { readLlama2c } from "../../../src/language/models/llama2c.ts";
import { transformerModel } from "../../../src/language/models/transformer.ts";
import { type CausalParameters, causalTransformer } from "../../../src/nn/index.ts";
import { constant, jit, logSoftmax, type Tensor } from "../../../src/tensor/index.ts";
import { characterTokenizer, llama2cTokenizer } from "../../../src/tokenizers/index.ts";

interface Sizes {
  readonly width: number;
  readonly hidden: number;
  readonly depth: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly vocabulary: number;
  readonly context: number;
}

/** llama2.c's own order of loops (run.c, forward), in f64, on the numbers of the file: logits behind the last token. */
function plainly(file: Uint8Array, tokens: readonly number[]): number[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const [width, hidden, depth, heads, kv, said, context] = [0, 1, 2, 3, 4, 5, 6].map((i) => view.getInt32(4 * i, true));
  const vocabulary = Math.abs(said);
  const d = width / heads;
  let at = 28;
  const read = (n: number): ((i: number) => number) => {
    const start = at;
    at += 4 * n;
    return (i) => view.getFloat32(start + 4 * i, true);
  };
  const table = read(vocabulary * width);
  const normA = read(depth * width);
  const [wq, wk, wv, wo] = [width, kv * d, kv * d, width].map((n) => read(depth * n * width));
  const normF = read(depth * width);
  const [w1, w2, w3] = [0, 1, 2].map(() => read(depth * hidden * width));
  const normL = read(width);
  read(context * d);
  const head = said > 0 ? table : read(vocabulary * width);
  const product = (w: (i: number) => number, offset: number, rows: number, x: readonly number[]): number[] =>
    Array.from({ length: rows }, (_, r) => x.reduce((s, v, c) => s + w(offset + r * x.length + c) * v, 0));
  const norm = (x: readonly number[], w: (i: number) => number, offset: number): number[] => {
    const r = 1 / Math.sqrt(x.reduce((s, v) => s + v * v, 0) / x.length + 1e-5);
    return x.map((v, i) => w(offset + i) * v * r);
  };
  const turn = (x: number[], position: number): number[] =>
    x.map((v, i) => {
      const angle = position * 10_000 ** (-((i % d) - (i % 2)) / d);
      return i % 2 ? v * Math.cos(angle) + x[i - 1] * Math.sin(angle) : v * Math.cos(angle) - x[i + 1] * Math.sin(angle);
    });
  const keys: number[][][] = Array.from({ length: depth }, () => []);
  const values: number[][][] = Array.from({ length: depth }, () => []);
  let logits: number[] = [];
  tokens.forEach((token, position) => {
    let x = Array.from({ length: width }, (_, i) => table(token * width + i));
    for (let l = 0; l < depth; l++) {
      const h = norm(x, normA, l * width);
      const q = turn(product(wq, l * width * width, width, h), position);
      keys[l].push(turn(product(wk, l * kv * d * width, kv * d, h), position));
      values[l].push(product(wv, l * kv * d * width, kv * d, h));
      const seen = Array.from({ length: heads }, (_, j) => {
        const own = Math.floor(j / (heads / kv)) * d;
        const scores = keys[l].map((k) => q.slice(j * d, j * d + d).reduce((s, v, i) => s + v * k[own + i], 0) / Math.sqrt(d));
        const most = Math.max(...scores);
        const weights = scores.map((s) => Math.exp(s - most));
        const total = weights.reduce((a, b) => a + b);
        return Array.from({ length: d }, (_, i) => weights.reduce((s, w, t) => s + (w / total) * values[l][t][own + i], 0));
      }).flat();
      const attended = product(wo, l * width * width, width, seen);
      x = x.map((v, i) => v + attended[i]);
      const f = norm(x, normF, l * width);
      const gate = product(w1, l * hidden * width, hidden, f);
      const up = product(w3, l * hidden * width, hidden, f);
      const fed = product(
        w2,
        l * hidden * width,
        width,
        gate.map((g, i) => (g / (1 + Math.exp(-g))) * up[i]),
      );
      x = x.map((v, i) => v + fed[i]);
    }
    logits = product(head, 0, vocabulary, norm(x, normL, 0));
  });
  return logits;
}

function randomFile(sizes: Sizes, tied: boolean): Uint8Array {
  const { width, hidden, depth, heads, keyValueHeads, vocabulary, context } = sizes;
  const d = width / heads;
  const n =
    vocabulary * width * (tied ? 1 : 2) +
    depth * (2 * width + 2 * width * width + 2 * keyValueHeads * d * width + 3 * hidden * width) +
    width +
    context * d;
  const file = new Uint8Array(28 + 4 * n);
  const view = new DataView(file.buffer);
  [width, hidden, depth, heads, keyValueHeads, tied ? vocabulary : -vocabulary, context].forEach((v, i) => view.setInt32(4 * i, v, true));
  file.set(new Uint8Array(randomStream(5).normal([n], "f32").data.buffer), 28);
  return file;
}

const small = { width: 8, hidden: 5, depth: 2, heads: 4, keyValueHeads: 2, vocabulary: 6, context: 9 };

test.each([true, false])("logits are those of llama2.c's loops (shared head: %s)", async (tied) => {
  const file = randomFile(small, tied);
  const tokenizer = characterTokenizer([..."abcde?"]);
  const model = transformerModel({ name: "random", ...readLlama2c(file), tokenizer, hash: "" }, { dtype: "f64" });
  const decoding = await model.start([1, 3], 2);
  await decoding.append(Int32Array.of(5, 0));
  await decoding.append(Int32Array.of(2, 4));
  const got = toNumbers(decoding.next.logits);
  [...plainly(file, [1, 3, 5, 2]), ...plainly(file, [1, 3, 0, 4])].forEach((v, i) => expect(got[i]).toBeCloseTo(v, 9));
});

test("files that are none are refused", () => {
  const file = randomFile(small, true);
  const changed = (place: number, value: number): Uint8Array => {
    const copy = file.slice();
    new DataView(copy.buffer).setInt32(4 * place, value, true);
    return copy;
  };
  expect(() => readLlama2c(file.subarray(0, 20))).toThrow(/20 bytes are too few/);
  expect(() => readLlama2c(file.subarray(0, file.length - 4))).toThrow(/wants \d+ bytes, the file has \d+: truncated/);
  expect(() => readLlama2c(changed(2, 2 ** 31 - 1))).toThrow(/wants \d+ bytes/);
  expect(() => readLlama2c(changed(0, 0))).toThrow(/its width is 0/);
  expect(() => readLlama2c(changed(3, 3))).toThrow(/does not divide among 3 heads/);
  expect(() => readLlama2c(changed(4, 3))).toThrow(/do not share 3/);
  expect(() => readLlama2c(changed(20, 0x7f800000))).toThrow(/number at byte 80 is Infinity/);
  expect(() => readLlama2c(changed(1, -5))).toThrow(FileFormatError);
});

const data = process.env.PUSHFORWARD_DATA ?? "../shared/data";
const folder = `${data}/lm-stories260K`;

const real = () => {
  const file = readFileSync(`${folder}/stories260K.bin`);
  const tokenizer = llama2cTokenizer(readFileSync(`${folder}/tok512.bin`));
  return { file, tokenizer, ...readLlama2c(file) };
};
const probabilities = (logits: readonly number[]): number[] => {
  const most = Math.max(...logits);
  const weights = logits.map((v) => Math.exp(v - most));
  const total = weights.reduce((a, b) => a + b);
  return weights.map((w) => w / total);
};
const entropy = (p: readonly number[]): number => -p.reduce((s, v) => s + (v > 0 ? v * Math.log(v) : 0), 0);

test.runIf(existsSync(folder))("stories260K: probabilities and entropies of the specification", async () => {
  const { file, tokenizer, config, params } = real();
  const model = transformerModel({ name: "stories260K", config, params, tokenizer, hash: "" });
  const prompt = [1, ...tokenizer.encode("Once upon a time, there was a")];
  const decoding = await model.start(prompt, 512);
  const logits = toNumbers(decoding.next.logits).slice(0, 512);
  plainly(file, prompt).forEach((v, i) => expect(Math.abs(logits[i] - v)).toBeLessThan(1e-4));
  const p = probabilities(logits);
  expect(Math.abs(p[376] - 0.6101937799)).toBeLessThan(1e-4);
  expect(Math.abs(p[370] - 0.0737652419)).toBeLessThan(1e-4);
  expect(Math.abs(entropy(p) - 1.8304065153)).toBeLessThan(1e-4);
  // H(s_1, s_2) = H(s_1) + Σ p(s_1) H(s_2 | s_1)
  await decoding.append(Int32Array.from({ length: 512 }, (_, v) => v));
  const second = toNumbers(decoding.next.logits);
  const both = p.reduce((s, w, v) => s + w * entropy(probabilities(second.slice(512 * v, 512 * v + 512))), entropy(p));
  expect(Math.abs(both - 3.2562866699)).toBeLessThan(1e-4);
});

test.runIf(existsSync(folder))("stories260K: 1.30 nats a token of TinyStories", async () => {
  const { tokenizer, config, params } = real();
  const stories: string[] = JSON.parse(gunzipSync(readFileSync(`${data}/text-tinystories-1000/tinystories_1000.json.gz`)).toString());
  const program = jit((tokens: Tensor) => {
    const { logits } = causalTransformer.apply(
      config,
      mapTree<CausalParameters>((a: NdArray) => constant(a), params),
      tokens,
    );
    return logSoftmax(logits);
  });
  let [nats, count] = [0, 0];
  for (const story of stories.slice(0, 40)) {
    const row = [1, ...tokenizer.encode(story)].slice(0, 512);
    const filled = new Int32Array(512);
    filled.set(row);
    const { data } = await program(ndarray(filled, [1, 512], "i32"));
    for (let t = 0; t + 1 < row.length; t++) nats -= Number(data[512 * t + row[t + 1]]);
    count += row.length - 1;
  }
  expect(Math.abs(nats / count - 1.3)).toBeLessThan(0.02);
});
