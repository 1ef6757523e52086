import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import onnxProto from "onnx-proto";
import { afterAll, expect, test } from "vitest";
import { type NdArray, randomStream, toNumbers } from "../../../src/array/index.ts";
import { UserError } from "../../../src/errors.ts";
import { loadModel } from "../../../src/language/models/load.ts";
import { type CausalTransformer, causalTransformer, writeLanguageModel } from "../../../src/nn/index.ts";
import { byteLevel } from "../../tokenizers/fixtures.ts";
import { exportDecoder } from "./export-decoder.ts";

const { onnx } = onnxProto;
const root = mkdtempSync(join(tmpdir(), "models-"));
afterAll(() => rmSync(root, { recursive: true }));

// more tokens than the tokenizer's 261
const config: CausalTransformer = { architecture: "gpt", vocabulary: 264, context: 16, width: 8, depth: 1, heads: 2 };
const params = causalTransformer.init(randomStream(1), config);
const prompt = [100, 7];

/** Logits that every way of storing the model should give. */
const logitsOf = async (path: string, options = {}): Promise<NdArray> => {
  const { model } = await loadModel(path, options);
  const decoding = await model.start(prompt, 2);
  await decoding.append(Int32Array.of(3, 200));
  model.close?.();
  return decoding.next.logits;
};

const near = (a: NdArray, b: NdArray, tolerance: number): void => {
  const [x, y] = [toNumbers(a), toNumbers(b)];
  expect(Math.max(...x.map((v, i) => Math.abs(v - y[i])))).toBeLessThan(tolerance);
};

const tokenizer = { kind: "huggingface", tokenizer: byteLevel, end: 0 };
const network = join(root, "language-model.safetensors");
writeFileSync(network, writeLanguageModel({ config, params, tokenizer }));

function folder(name: string, files: Record<string, unknown>): string {
  const path = join(root, name);
  mkdirSync(join(path, "onnx"), { recursive: true });
  for (const [file, content] of Object.entries(files))
    writeFileSync(join(path, file), content instanceof Uint8Array || typeof content === "string" ? content : JSON.stringify(content));
  return path;
}
const model = exportDecoder(config, params);
const files = {
  "config.json": { model_type: "gpt2", vocab_size: 264, n_embd: 8, n_head: 2, n_positions: 16 },
  "generation_config.json": { eos_token_id: [0, 5] },
  "tokenizer.json": byteLevel,
  "tokenizer_config.json": { eos_token: "!" },
  "onnx/model.onnx": model,
};
const hub = folder("hub", files);

test("a file, a run folder and a Hugging Face folder of one model say the same", async () => {
  const run = join(root, "run");
  mkdirSync(join(run, "artifacts"), { recursive: true });
  cpSync(network, join(run, "artifacts/language-model.safetensors"));
  const expected = await logitsOf(network);
  expect(await logitsOf(run)).toEqual(expected);
  near(await logitsOf(hub), expected, 1e-5);
});

test("a Hugging Face folder: sizes, the token that ends a text, and no notes", async () => {
  const { model, notes } = await loadModel(hub);
  expect([model.name, model.context, model.width, model.tokenizer.size, model.tokenizer.end, notes]).toEqual(["hub", 16, 8, 264, 0, []]);
  expect(model.hash).toMatch(/^[0-9a-f]{64}$/);
});

test("what a generation config would make of the law is told, and not done", async () => {
  const { notes } = await loadModel(
    folder("truncated", { ...files, "generation_config.json": { eos_token_id: 0, temperature: 0.7, top_k: 50, top_p: 1 } }),
  );
  expect(notes).toEqual([expect.stringMatching(/generation_config.json has temperature 0.7, top_k 50, which is not used/)]);
});

test("weights in a file beside the model", async () => {
  const decoded = onnx.ModelProto.decode(model);
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const proto of decoded.graph?.initializer ?? []) {
    const raw = proto.rawData as Uint8Array;
    if (raw.length < 64) continue;
    parts.push(raw.slice());
    proto.externalData = Object.entries({ location: "model.onnx_data", offset, length: raw.length }).map(([key, value]) => ({
      key,
      value: String(value),
    }));
    proto.dataLocation = onnx.TensorProto.DataLocation.EXTERNAL;
    proto.rawData = new Uint8Array();
    offset += raw.length;
  }
  const beside = folder("beside", {
    ...files,
    "onnx/model.onnx": onnx.ModelProto.encode(decoded).finish(),
    "onnx/model.onnx_data": Buffer.concat(parts),
  });
  near(await logitsOf(beside), await logitsOf(network), 1e-5);
});

test("of several files the most exact is taken, with a note, or the one that is asked for", async () => {
  const several = folder("several", { ...files, "onnx/model_fp16.onnx": exportDecoder(config, params, { half: true }) });
  const { notes } = await loadModel(several);
  expect(notes).toEqual([expect.stringMatching(/model.onnx was taken; there is also model_fp16.onnx/)]);
  const exact = await logitsOf(several);
  const rounded = await logitsOf(several, { weights: "fp16" });
  near(rounded, exact, 1e-2);
  expect(rounded).not.toEqual(exact);
  await expect(loadModel(several, { weights: "q4" })).rejects.toThrow(/no decoder with q4 weights in it \(.*model.onnx, model_fp16.onnx/);
});

const wrong: readonly [RegExp, Record<string, unknown>][] = [
  [/config.json is not JSON/, { ...files, "config.json": "{" }],
  [/config.json: "n_head"/, { ...files, "config.json": { n_head: -1 } }],
  [/has an encoder beside its decoder/, { ...files, "config.json": { model_type: "t5", is_encoder_decoder: true } }],
  [/model.onnx: not an ONNX model/, { ...files, "onnx/model.onnx": "hello" }],
  [/the model has 264 tokens, its tokenizer 270/, { ...files, "config.json": { ...files["config.json"], vocab_size: 270 } }],
  [/tokenizer.json: it is not a tokenizer/, { ...files, "tokenizer.json": {} }],
  [/no tokenizer.json in it/, { "config.json": {}, "onnx/model.onnx": model }],
  [/no decoder in it \(.onnx files there: none\)/, { "config.json": {}, "tokenizer.json": byteLevel }],
  [/neither a Hugging Face folder nor a run .*\(in it: notes.txt, onnx\)/, { "notes.txt": "" }],
];

test.each(wrong)("a folder that is refused: %s", async (message, content) => {
  const path = folder(`wrong${wrong.findIndex(([m]) => m === message)}`, content);
  const refused = loadModel(path);
  await expect(refused).rejects.toThrow(message);
  await expect(refused).rejects.toThrow(UserError);
});

test("files that are refused", async () => {
  const at = (name: string): string => join(root, name);
  writeFileSync(at("notes.txt"), "");
  writeFileSync(at("model.bin"), "short");
  writeFileSync(at("x.onnx"), "");
  writeFileSync(at("x.safetensors"), "");
  await expect(loadModel(at("nothing"))).rejects.toThrow(/no such model, file or folder/);
  await expect(loadModel(at("notes.txt"))).rejects.toThrow(/no language model/);
  await expect(loadModel(at("x.onnx"))).rejects.toThrow(/needs its tokenizer and config/);
  await expect(loadModel(at("x.safetensors"))).rejects.toThrow(/x.safetensors: safetensors: 0 bytes/);
  await expect(loadModel(at("model.bin"))).rejects.toThrow(/no tokenizer beside it/);
  await expect(loadModel(at("model.bin"), { tokenizer: at("tok.bin") })).rejects.toThrow(/tok.bin: there is no such file/);
  writeFileSync(at("tok1.bin"), "");
  await expect(loadModel(at("model.bin"))).rejects.toThrow(/model.bin: llama2.c checkpoint: 5 bytes are too few/);
  writeFileSync(at("tok2.bin"), "");
  await expect(loadModel(at("model.bin"))).rejects.toThrow(/several tokenizers \(tok1.bin, tok2.bin\)/);
});
