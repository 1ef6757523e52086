/** Twists as files: weights, and what they were learned for. */
import { z } from "zod";
import {
  flatten,
  isArrayLeaf,
  leafPaths,
  type NdArray,
  randomStream,
  readSafetensors,
  unflatten,
  writeSafetensors,
} from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { objectiveNames } from "../learning/objectives.ts";
import { type TwistNetwork, type TwistParameters, twistBodies, twistForms } from "./network.ts";

const ownSchema = z.object({
  format: z.literal("pushforward-twist"),
  objective: z.enum(objectiveNames as [(typeof objectiveNames)[number]]),
  kind: z.enum(["linear", "mlp"]),
  body: z.enum(twistBodies).default("frozen"),
  rank: z.number().int().positive().default(4),
  form: z.enum(twistForms).default("psi"),
  model: z.string(),
  modelHash: z.string(),
  tokenizerHash: z.string(),
  potential: z.string(),
  beta: z.number(),
  length: z.number().int().positive(),
  prompt: z.string(),
  /** Width of what it is told besides the hidden state: 0, or that of an observation. */
  observed: z.number().int().min(0),
});

/** What a twist was learned for. Sums tell whether it fits; the rest is told. Of a ratio, also what its proposal was learned for. */
export const twistSchema = ownSchema.extend({ around: ownSchema.optional() });
export type TwistDescription = z.infer<typeof twistSchema>;

/** Parameters by name; those of the proposal of a ratio begin with "around.". */
export function writeTwist(params: TwistParameters<NdArray>, description: TwistDescription, around?: TwistParameters<NdArray>): Uint8Array {
  const all = { ...named(params, ""), ...(around && named(around, "around.")) };
  return writeSafetensors(all, { twist: JSON.stringify(description) });
}

function named(params: TwistParameters<NdArray>, prefix: string): Record<string, NdArray> {
  const { leaves, structure } = flatten<NdArray>(params, isArray);
  return Object.fromEntries(leafPaths(structure).map((name, i) => [prefix + name, leaves[i]]));
}

const isArray = (x: unknown): x is NdArray => isArrayLeaf(x) && "data" in x;

/** A twist's file as it was read: its arrays are checked when it is known what they must be. */
export interface TwistFile {
  readonly path: string;
  readonly description: TwistDescription;
  readonly tensors: Readonly<Record<string, NdArray>>;
}

const wrong = (path: string, what: string): UserError => new UserError(`${path}: ${what}`, "pushforward steer train writes twists");

/** @throws UserError  for a file that is no twist */
export function readTwist(file: Uint8Array, path: string): TwistFile {
  let read: ReturnType<typeof readSafetensors>;
  try {
    read = readSafetensors(file);
  } catch (error) {
    throw wrong(path, (error as Error).message);
  }
  const parsed = twistSchema.safeParse(jsonOf(read.metadata.twist));
  if (!parsed.success) throw wrong(path, "this is no twist");
  return { path, description: parsed.data, tensors: read.tensors };
}

/**
 * Parameters of a network from a twist's file.
 *
 * @param prefix  of their names: "around." for the proposal of a ratio
 * @throws UserError  for arrays that are missing, of another shape, or no numbers
 */
export function twistParameters({ path, tensors }: TwistFile, network: Pick<TwistNetwork, "init">, prefix = ""): TwistParameters<NdArray> {
  const { leaves, structure } = flatten<NdArray>(network.init(randomStream(0)), isArray);
  const found = leafPaths(structure).map((leaf, i) => {
    const name = prefix + leaf;
    const [tensor, wanted] = [tensors[name], leaves[i].shape];
    if (!tensor || tensor.shape.join() !== wanted.join() || (tensor.dtype !== "f32" && tensor.dtype !== "f64"))
      throw wrong(
        path,
        `its tensor "${name}" is ${tensor ? `${tensor.dtype} [${tensor.shape.join(", ")}]` : "missing"}, and must be [${wanted.join(", ")}]`,
      );
    if (tensor.data.some((x) => !Number.isFinite(Number(x)))) throw wrong(path, `its tensor "${name}" has weights that are no numbers`);
    return tensor;
  });
  return unflatten<TwistParameters<NdArray>>(structure, found);
}

function jsonOf(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}
