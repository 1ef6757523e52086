import { expect, test } from "vitest";
import {
  flatten,
  isArrayLeaf,
  leafPaths,
  type NdArray,
  randomStream,
  readSafetensors,
  toNumbers,
  writeSafetensors,
} from "../../src/array/index.ts";
import * as nn from "../../src/nn/index.ts";

const sizes = { vocabulary: 5, context: 6, width: 8, depth: 2, heads: 4 };
const configs: readonly nn.CausalTransformer[] = [
  { architecture: "gpt", ...sizes },
  { architecture: "llama", ...sizes, keyValueHeads: 2, hidden: 7 },
  { architecture: "llama", ...sizes, tied: true },
];
const tokenizer = { kind: "characters", vocabulary: ["a", "b", "c", "d", "?"] };
const modelOf = (config: nn.CausalTransformer): nn.LanguageModelFile => ({
  config,
  params: nn.causalTransformer.init(randomStream(1), config),
  tokenizer,
});

test.each(configs)("a $architecture file has the model that was written, and the shapes that the config says", (config) => {
  const model = modelOf(config);
  const read = nn.readLanguageModel(nn.writeLanguageModel(model));
  expect(read).toEqual(model);
  const shapes = (tree: object) => {
    const { leaves, structure } = flatten(tree, isArrayLeaf);
    return leafPaths(structure).map((path, i) => [path, leaves[i].shape]);
  };
  expect(shapes(nn.parameterShapes(config))).toEqual(shapes(model.params));
});

test("f16 rounds weights to the nearest of 11 significant bits", () => {
  const model = modelOf(configs[0]);
  const read = nn.readLanguageModel(nn.writeLanguageModel(model, "f16"));
  const [before, after] = [model, read].map(({ params }) => (flatten(params, isArrayLeaf).leaves as NdArray[]).flatMap(toNumbers));
  // half a unit in the last place; below 2^-14 units are 2^-24
  before.forEach((v, i) => expect(Math.abs(after[i] - v)).toBeLessThanOrEqual(Math.max(Math.abs(v) * 2 ** -11, 2 ** -25)));
});

test("what does not follow the format is refused, with its place", () => {
  const { tensors, metadata } = readSafetensors(nn.writeLanguageModel(modelOf(configs[1])));
  const config = JSON.parse(metadata.config);
  const cases: readonly [RegExp, Record<string, NdArray>, Record<string, string>][] = [
    [/do not call it a/, tensors, {}],
    [/have no config/, tensors, { format: metadata.format }],
    [/config is not JSON/, tensors, { ...metadata, config: "{" }],
    [/"depth"/, tensors, { ...metadata, config: JSON.stringify({ ...config, depth: 0.5 }) }],
    [/1000000 blocks/, tensors, { ...metadata, config: JSON.stringify({ ...config, depth: 1e6 }) }],
    [/divide among the heads/, tensors, { ...metadata, config: JSON.stringify({ ...config, heads: 3, keyValueHeads: 3 }) }],
    [/heads of keys/, tensors, { ...metadata, config: JSON.stringify({ ...config, keyValueHeads: 3 }) }],
    [
      /"blocks.0.down.w" has shape \[7, 8\], the config wants \[9, 8\]/,
      tensors,
      { ...metadata, config: JSON.stringify({ ...config, hidden: 9 }) },
    ],
    [/"extra" is no part/, { ...tensors, extra: tensors["norm.scale"] }, metadata],
    [/"norm.scale" is missing/, Object.fromEntries(Object.entries(tensors).filter(([name]) => name !== "norm.scale")), metadata],
    [/element 0 is NaN/, { ...tensors, "norm.scale": { ...tensors["norm.scale"], data: new Float32Array(8).fill(Number.NaN) } }, metadata],
    [/not F32/, { ...tensors, "norm.scale": { dtype: "i32", shape: [8], data: new Int32Array(8) } }, metadata],
  ];
  for (const [message, some, said] of cases) expect(() => nn.readLanguageModel(writeSafetensors(some, said))).toThrow(message);
});
