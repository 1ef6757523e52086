/** What a decoder's inputs and outputs are, by the names that exporters of the Hugging Face ecosystem give them. */
import { UserError } from "../../errors.ts";
import type { ModelSession, OrtTensor } from "../../tensor/runtime.ts";

/** Keys or values of one layer: what goes in, and what comes out a token longer. */
export interface PastPort {
  readonly input: string;
  readonly output: string;
  readonly type: OrtTensor.Type;
  /** Of a cache without tokens, with one row: [1, heads, 0, d]. */
  readonly heads: number;
  readonly width: number;
}

/** Inputs that are there, by their use. */
export interface Ports {
  readonly ids: OrtTensor.Type;
  readonly mask: OrtTensor.Type | undefined;
  readonly positions: OrtTensor.Type | undefined;
  /** `num_logits_to_keep`: how many of the last positions have logits. */
  readonly keep: OrtTensor.Type | undefined;
  /** `use_cache_branch` of merged decoders. */
  readonly branch: boolean;
  readonly pasts: readonly PastPort[];
}

/** Sizes that a `config.json` has, under the names of several architectures. */
export interface DecoderSizes {
  readonly heads?: number;
  readonly keyValueHeads?: number;
  /** Of a head. */
  readonly headWidth?: number;
}

type Port = { readonly name: string; readonly type: OrtTensor.Type; readonly shape: readonly (number | string)[] };

const pastName = /^past_key_values\.(\d+)\.(key|value)$/;
const integers = ["int64", "int32"];

/**
 * @param name  of the model, for messages
 * @throws UserError  naming inputs and outputs that a decoder with keys and values does not have
 */
export function portsOf(session: Pick<ModelSession, "inputs" | "outputs">, sizes: DecoderSizes, name: string): Ports {
  const inputs = new Map<string, Port>();
  for (const port of session.inputs) if (port.isTensor) inputs.set(port.name, port);
  const outputs = new Set(session.outputs.map((port) => port.name));
  if (!outputs.has("logits"))
    throw new UserError(
      `${name}: it has no output "logits" (its outputs: ${listed([...outputs])})`,
      "export the model for text generation",
    );
  const take = (port: string, types: readonly string[] = integers): OrtTensor.Type | undefined => {
    const found = inputs.get(port);
    inputs.delete(port);
    if (found && !types.includes(found.type))
      throw new UserError(`${name}: its input "${port}" is ${found.type}, not ${types.join(" or ")}`);
    return found?.type;
  };
  const ids = take("input_ids");
  if (!ids)
    throw new UserError(
      `${name}: it has no input "input_ids" (its inputs: ${listed([...inputs.keys()])})`,
      "export the model for text generation",
    );
  const ports = {
    ids,
    mask: take("attention_mask"),
    positions: take("position_ids"),
    keep: take("num_logits_to_keep"),
    branch: take("use_cache_branch", ["bool"]) !== undefined,
  };
  const pasts = [...inputs.values()].flatMap((port) => (pastName.test(port.name) ? [pastPort(port, outputs, sizes, name)] : []));
  const others = [...inputs.keys()].filter((input) => !pastName.test(input));
  if (others.length > 0)
    throw new UserError(
      `${name}: its inputs ${listed(others)} are no keys and values of a decoder`,
      "models with other state (convolutions, recurrences, images, encoders) cannot be steered; choose a decoder with past_key_values only",
    );
  return { ...ports, pasts };
}

function pastPort(port: Port, outputs: ReadonlySet<string>, sizes: DecoderSizes, name: string): PastPort {
  const output = port.name.replace("past_key_values", "present");
  if (!outputs.has(output)) throw new UserError(`${name}: its input "${port.name}" has no output "${output}"`);
  if (port.shape.length !== 4)
    throw new UserError(`${name}: its input "${port.name}" has shape [${port.shape.join(", ")}], not [batch, heads, tokens, width]`);
  if (port.type !== "float32" && port.type !== "float16")
    throw new UserError(`${name}: its input "${port.name}" is ${port.type}, not float32 or float16`);
  const [, heads, , width] = port.shape;
  const known = (own: number | string, config: number | undefined, what: string): number => {
    if (typeof own === "number" && own > 0) return own;
    if (config !== undefined) return config;
    throw new UserError(
      `${name}: neither the input "${port.name}" nor config.json says the ${what}`,
      "give num_key_value_heads and head_dim in config.json",
    );
  };
  return {
    input: port.name,
    output,
    type: port.type,
    heads: known(heads, sizes.keyValueHeads ?? sizes.heads, "number of heads of keys and values"),
    width: known(width, sizes.headWidth, "width of a head"),
  };
}

/** A few names, and how many more. */
function listed(names: readonly string[]): string {
  const first = names.slice(0, 6).map((n) => `"${n}"`);
  return names.length === 0 ? "none" : first.join(", ") + (names.length > 6 ? ` and ${names.length - 6} more` : "");
}
