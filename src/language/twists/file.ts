/** Twists as files: weights, and what they were learned for. */
import { z } from "zod";
import { flatten, isArrayLeaf, leafPaths, type NdArray, readSafetensors, writeSafetensors } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { objectiveNames } from "../learning/objectives.ts";
import type { HeadParameters } from "./head.ts";

/** What a twist was learned for. Sums tell whether it fits; the rest is told. */
export const twistSchema = z.object({
  format: z.literal("pushforward-twist"),
  objective: z.enum(objectiveNames as [(typeof objectiveNames)[number]]),
  kind: z.enum(["linear", "mlp"]),
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
export type TwistDescription = z.infer<typeof twistSchema>;

export function writeTwist(params: HeadParameters<NdArray>, description: TwistDescription): Uint8Array {
  const { leaves, structure } = flatten<NdArray>(params, isArrayLeaf as (x: unknown) => x is NdArray);
  const names = leafPaths(structure);
  return writeSafetensors(Object.fromEntries(names.map((name, i) => [name, leaves[i]])), { twist: JSON.stringify(description) });
}

/** @throws UserError  for a file that is no twist, or whose arrays do not fit together */
export function readTwist(file: Uint8Array, path: string): { params: HeadParameters<NdArray>; description: TwistDescription } {
  const wrong = (what: string): UserError => new UserError(`${path}: ${what}`, "pushforward steer train writes twists");
  let read: ReturnType<typeof readSafetensors>;
  try {
    read = readSafetensors(file);
  } catch (error) {
    throw wrong((error as Error).message);
  }
  const parsed = twistSchema.safeParse(jsonOf(read.metadata.twist));
  if (!parsed.success) throw wrong("this is no twist");
  const { tensors } = read;
  const layers = Object.keys(tensors).filter((name) => /^layers\.\d+\.w$/.test(name)).length;
  const tensor = (name: string, rank: number): NdArray => {
    const found = tensors[name];
    if (!found || found.shape.length !== rank || (found.dtype !== "f32" && found.dtype !== "f64"))
      throw wrong(`its tensor "${name}" is ${found ? `${found.dtype} [${found.shape.join(", ")}]` : "missing"}`);
    return found;
  };
  if (layers < 1) throw wrong("it has no layers");
  const dense = (name: string) => ({ w: tensor(`${name}.w`, 2), b: tensor(`${name}.b`, 1) });
  const params: HeadParameters<NdArray> = {
    layers: Array.from({ length: layers }, (_, i) => dense(`layers.${i}`)),
    logZ: tensor("logZ", 0),
    value: dense("value"),
  };
  params.layers.forEach(({ w, b }, i) => {
    if (b?.shape[0] !== w.shape[1] || (i > 0 && params.layers[i - 1].w.shape[1] !== w.shape[0]))
      throw wrong(`layer ${i} does not fit the one before`);
    if (w.data.some((x) => !Number.isFinite(Number(x)))) throw wrong(`layer ${i} has weights that are no numbers`);
  });
  return { params, description: parsed.data };
}

function jsonOf(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}
