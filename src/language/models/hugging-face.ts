/** Folders of the Hugging Face ecosystem, as transformers.js reads them. Needs Node. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { FileFormatError, UserError } from "../../errors.ts";
import { huggingFaceTokenizer } from "../../tokenizers/index.ts";
import { type OnnxModel, onnxDecoder } from "./onnx-decoder.ts";

/** How a folder is read. */
export interface HuggingFaceFolderOptions {
  /** Which of several files: "fp16" is `onnx/model_fp16.onnx`. Default: the first of `weights` that is there. */
  readonly weights?: string;
  readonly threads?: number;
}

/** Endings of the file's name, the most exact first. */
const weightKinds = ["", "fp16", "int8", "quantized", "uint8", "q8", "q4", "q4f16", "bnb4"];
const stems = ["model", "decoder_model_merged", "decoder_with_past_model", "decoder_model"];

const size = z.int().positive().optional().nullable();
const configSchema = z.looseObject({
  model_type: z.string().optional(),
  is_encoder_decoder: z.boolean().optional(),
  vocab_size: size,
  ...{ hidden_size: size, n_embd: size, d_model: size },
  ...{ num_attention_heads: size, n_head: size, num_heads: size },
  ...{ num_key_value_heads: size, head_dim: size },
  ...{ max_position_embeddings: size, n_positions: size, n_ctx: size, max_seq_len: size },
});
const generationSchema = z.looseObject({
  eos_token_id: z
    .union([z.int(), z.array(z.int())])
    .optional()
    .nullable(),
  ...{ temperature: z.number().optional().nullable(), top_p: z.number().optional().nullable(), top_k: z.number().optional().nullable() },
});

/** What of a generation config would sample from another law than the model's own. */
const truncations = ({ temperature, top_p, top_k }: z.infer<typeof generationSchema>): string[] => [
  ...(temperature && temperature !== 1 ? [`temperature ${temperature}`] : []),
  ...(top_p && top_p < 1 ? [`top_p ${top_p}`] : []),
  ...(top_k ? [`top_k ${top_k}`] : []),
];

/** Contents of a JSON file of the folder; undefined if it is not there. @throws UserError */
async function json(path: string): Promise<object | undefined> {
  if (!existsSync(path)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    throw new UserError(`${path} is not JSON: ${(error as Error).message.slice(0, 200)}`, "download the file again");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new UserError(`${path} is not a JSON object`);
  return value;
}

/** The file of the decoder, and others that would do. */
function decoderFile(folder: string, weights: string | undefined): { path: string; others: string[] } {
  const kinds = weights === undefined ? weightKinds : [weights];
  const names = stems.flatMap((stem) => kinds.map((kind) => `${stem}${kind === "" ? "" : `_${kind}`}.onnx`));
  const there = names.flatMap((name) => [join(folder, "onnx", name), join(folder, name)].filter((path) => existsSync(path)));
  const [path, ...others] = there;
  if (path !== undefined) return { path, others };
  const inside = [folder, join(folder, "onnx")].flatMap((dir) =>
    existsSync(dir) ? readdirSync(dir).filter((f) => f.endsWith(".onnx")) : [],
  );
  throw new UserError(
    `${folder}: no decoder${weights === undefined ? "" : ` with ${weights} weights`} in it (.onnx files there: ${inside.join(", ") || "none"})`,
    "put onnx/model.onnx there, as transformers.js wants it (or model_fp16.onnx, model_quantized.onnx, …)",
  );
}

/**
 * A decoder with its tokenizer, from a folder with `config.json`, `tokenizer.json`, perhaps `tokenizer_config.json` and
 * `generation_config.json`, and `onnx/model.onnx` or one of its kind.
 *
 * @returns  the model, and what was decided on the way, for people
 * @throws UserError
 */
export async function huggingFaceModel(
  folder: string,
  options: HuggingFaceFolderOptions = {},
): Promise<{ model: OnnxModel; notes: string[] }> {
  const name = basename(folder);
  const config = parsed(join(folder, "config.json"), configSchema, (await json(join(folder, "config.json"))) ?? {});
  if (config.is_encoder_decoder)
    throw new UserError(
      `${folder}: ${config.model_type ?? "the model"} has an encoder beside its decoder`,
      "choose a model that is a decoder only",
    );
  const { path, others } = decoderFile(folder, options.weights);
  const tokens = await json(join(folder, "tokenizer.json"));
  if (!tokens) throw new UserError(`${folder}: no tokenizer.json in it`, "put the tokenizer.json of the model there");
  const generation = parsed(
    join(folder, "generation_config.json"),
    generationSchema,
    (await json(join(folder, "generation_config.json"))) ?? {},
  );
  const end = [generation.eos_token_id ?? []].flat()[0];
  const tokenizer = huggingFaceTokenizer(tokens, {
    config: await json(join(folder, "tokenizer_config.json")),
    source: join(folder, "tokenizer.json"),
    ...(end !== undefined && { end }),
    ...(config.vocab_size && { size: config.vocab_size }),
  });
  const bytes = new Uint8Array(await readFile(path));
  const heads = config.num_attention_heads ?? config.n_head ?? config.num_heads ?? undefined;
  const width = config.hidden_size ?? config.n_embd ?? config.d_model ?? undefined;
  const sizes = {
    heads,
    keyValueHeads: config.num_key_value_heads ?? undefined,
    headWidth: config.head_dim ?? (heads && width ? width / heads : undefined),
  };
  try {
    const model = await onnxDecoder({
      ...{ name, sizes, tokenizer, threads: options.threads, folder: dirname(path) },
      model: bytes,
      context: config.max_position_embeddings ?? config.n_positions ?? config.n_ctx ?? config.max_seq_len ?? Number.POSITIVE_INFINITY,
      hash: await hashOf(path, bytes),
    });
    const truncated = truncations(generation);
    const notes = [
      ...(truncated.length > 0
        ? [`${folder}: generation_config.json has ${truncated.join(", ")}, which is not used: p0 is what the model itself says`]
        : []),
      ...(others.length > 0 ? [`${folder}: ${basename(path)} was taken; there is also ${others.map((p) => basename(p)).join(", ")}`] : []),
      ...(model.hasHidden ? [] : [`${folder}: the model shows no hidden state; twists are learned on its ${model.width} logits instead`]),
    ];
    return { model, notes };
  } catch (error) {
    if (!(error instanceof FileFormatError)) throw error;
    throw new UserError(`${path}: ${error.message}`, "download the file again");
  }
}

function parsed<T>(path: string, schema: z.ZodType<T>, value: object): T {
  const { data, error } = schema.safeParse(value);
  if (error)
    throw new UserError(
      `${path}: "${error.issues[0].path.join(".")}": ${error.issues[0].message}`,
      "give the file as the model's authors published it",
    );
  return data;
}

/** Of the model and of the file beside it that has its weights. */
async function hashOf(path: string, bytes: Uint8Array): Promise<string> {
  const hash = createHash("sha256").update(bytes);
  for (const beside of [`${path}_data`, `${path}.data`]) if (existsSync(beside)) hash.update(await readFile(beside));
  return hash.digest("hex");
}
