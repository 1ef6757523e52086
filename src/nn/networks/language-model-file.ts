/**
 * A language model as one safetensors file. Its metadata are texts: `format`, `config` (JSON of `CausalTransformer`) and `tokenizer` (JSON,
 * see src/tokenizers). Tensors are called by their paths in the parameters, "blocks.0.attention.key.w", and are F32, F16 or BF16. Nothing in
 * a file is trusted.
 */
import { z } from "zod";
import {
  flatten,
  fromBf16,
  fromF16,
  isArrayLeaf,
  leafPaths,
  type NdArray,
  ndarray,
  readSafetensors,
  type Shape,
  toF16,
  unflatten,
  writeSafetensors,
} from "../../array/index.ts";
import { FileFormatError } from "../../errors.ts";
import { type CausalParameters, type CausalTransformer, parameterShapes } from "./causal-transformer.ts";

/** What the metadata of such a file call it. */
const languageModelFormat = "pushforward-language-model";

const size = z
  .int()
  .min(1)
  .max(2 ** 31);

const configSchema = z
  .strictObject({
    architecture: z.enum(["gpt", "llama"]),
    vocabulary: size,
    context: size,
    width: size,
    depth: size,
    heads: size,
    keyValueHeads: size.optional(),
    hidden: size.optional(),
    tied: z.boolean().optional(),
    epsilon: z.number().positive().optional(),
    rotaryBase: z.number().positive().optional(),
    rotaryPairs: z.enum(["halves", "neighbours"]).optional(),
  })
  .refine(({ width, heads }) => width % heads === 0, { message: "the width does not divide among the heads" })
  .refine(({ heads, keyValueHeads = heads }) => heads % keyValueHeads === 0, { message: "heads do not share heads of keys and values" })
  .refine(({ architecture, width, heads }) => architecture === "gpt" || (width / heads) % 2 === 0, {
    message: "heads of an odd width have no rotary positions",
  });

/** A causal transformer with its weights, and a description of its tokenizer. */
export interface LanguageModelFile {
  readonly config: CausalTransformer;
  readonly params: CausalParameters<NdArray>;
  /** As JSON has it. */
  readonly tokenizer: unknown;
}

/**
 * The file of a model. The same model gives the same bytes.
 *
 * @param dtype  of the weights in the file; f16 rounds them to 11 significant bits. Default f32
 */
export function writeLanguageModel({ config, params, tokenizer }: LanguageModelFile, dtype: "f32" | "f16" = "f32"): Uint8Array {
  const { leaves, structure } = flatten(params, isArrayLeaf);
  const names = leafPaths(structure);
  const written = (a: NdArray): NdArray =>
    dtype === "f16"
      ? ndarray(Uint16Array.from(a.data as ArrayLike<number>, toF16), a.shape, "f16")
      : ndarray(Float32Array.from(a.data as ArrayLike<number>), a.shape, "f32");
  return writeSafetensors(Object.fromEntries(names.map((name, i) => [name, written(leaves[i] as NdArray)])), {
    format: languageModelFormat,
    config: JSON.stringify(config),
    tokenizer: JSON.stringify(tokenizer),
  });
}

/**
 * The model of a file; weights as f32.
 *
 * @throws FileFormatError  for anything that does not follow the format
 */
export function readLanguageModel(file: Uint8Array): LanguageModelFile {
  const { tensors, metadata } = readSafetensors(file);
  if (metadata.format !== languageModelFormat)
    throw new FileFormatError(
      `safetensors: its metadata do not call it a ${languageModelFormat} (format ${JSON.stringify(metadata.format)})`,
    );
  const config = configOf(metadata.config);
  const names = Object.keys(tensors);
  // before a tree of that depth is made
  if (config.depth > names.length) throw new FileFormatError(`safetensors: ${config.depth} blocks in ${names.length} tensors`);
  const { leaves, structure } = flatten(parameterShapes(config), isArrayLeaf);
  const paths = leafPaths(structure);
  const params = paths.map((path, i) => weights(path, Object.hasOwn(tensors, path) ? tensors[path] : undefined, leaves[i].shape));
  const wanted = new Set(paths);
  const unknown = names.find((name) => !wanted.has(name));
  if (unknown !== undefined) throw new FileFormatError(`safetensors: tensor "${unknown}" is no part of such a ${config.architecture}`);
  return { config, params: unflatten(structure, params), tokenizer: parsed("tokenizer", metadata.tokenizer) };
}

function configOf(text: string | undefined): CausalTransformer {
  const { data, error } = configSchema.safeParse(parsed("config", text));
  if (data) return data;
  const [{ path, message }] = error.issues;
  throw new FileFormatError(`safetensors: config${path.length > 0 ? `, "${path.join(".")}"` : ""}: ${message}`);
}

function parsed(name: string, text: string | undefined): unknown {
  if (text === undefined) throw new FileFormatError(`safetensors: the metadata have no ${name}`);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FileFormatError(`safetensors: ${name} is not JSON: ${(error as Error).message.slice(0, 200)}`);
  }
}

function weights(path: string, a: NdArray | undefined, shape: Shape): NdArray {
  if (!a) throw new FileFormatError(`safetensors: tensor "${path}" is missing`);
  if (a.shape.length !== shape.length || a.shape.some((n, i) => n !== shape[i]))
    throw new FileFormatError(`safetensors: tensor "${path}" has shape [${a.shape.join(", ")}], the config wants [${shape.join(", ")}]`);
  const data = floats(path, a);
  const bad = data.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0) throw new FileFormatError(`safetensors: tensor "${path}": element ${bad} is ${data[bad]}`);
  return ndarray(data, shape, "f32");
}

function floats(path: string, { dtype, data }: NdArray): Float32Array<ArrayBuffer> {
  if (dtype === "f32") return data as Float32Array<ArrayBuffer>;
  if (dtype === "f16") return Float32Array.from(data as Uint16Array, fromF16);
  if (dtype === "bf16") return Float32Array.from(data as Uint16Array, fromBf16);
  throw new FileFormatError(`safetensors: tensor "${path}" is ${dtype}, not F32, F16 or BF16`);
}
