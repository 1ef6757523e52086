/** Wave functions as files: parameters and walkers as safetensors, with what they are a wave function of. */
import { z } from "zod";
import { type NdArray, ndarray, randomStream, readSafetensors, writeSafetensors } from "../array/index.ts";
import { UserError } from "../errors.ts";
import type { Ansatz, Linear, Parameters } from "./ansatz/ansatz.ts";
import { type AnsatzChoice, ansatzNames, ansatzOf } from "./ansatz/choose.ts";
import { knownOrbitals } from "./learning/known.ts";
import type { System } from "./systems/system.ts";

const nucleus = z.object({ symbol: z.string(), charge: z.number(), position: z.tuple([z.number(), z.number(), z.number()]) });
const systemSchema = z.object({
  name: z.string(),
  title: z.string(),
  dimension: z.union([z.literal(1), z.literal(2), z.literal(3)]),
  field: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("nuclei"), nuclei: z.array(nucleus).min(1) }),
    z.object({ kind: z.literal("trap"), omega: z.number().positive() }),
    z.object({ kind: z.literal("formula"), formula: z.string() }),
  ]),
  up: z.int().min(0),
  down: z.int().min(0),
  repulsion: z.number(),
  softening: z.number().min(0),
  reference: z.object({ energy: z.number(), error: z.number().optional(), source: z.string() }).optional(),
});

const schema = z.object({
  format: z.literal("pushforward-wave-function"),
  system: systemSchema,
  ansatz: z.object({
    name: z.enum(ansatzNames),
    width: z.int().positive(),
    pairWidth: z.int().positive(),
    layers: z.int().positive(),
    heads: z.int().positive(),
    determinants: z.int().positive(),
    factored: z.boolean(),
    cusp: z.boolean(),
  }),
  /** Standard deviation of proposals, in bohr. */
  proposal: z.number().positive(),
});

/** A wave function with walkers that sample it. */
export interface WaveFile {
  readonly system: System;
  readonly ansatz: AnsatzChoice;
  readonly parameters: Parameters<NdArray>;
  readonly x: NdArray;
  readonly proposal: number;
}

/** Arrays by name: linear/NAME/weight, linear/NAME/bias, other/NAME. */
function named({ linear, other }: Parameters<NdArray>): Record<string, NdArray> {
  const maps = Object.entries(linear).flatMap(([name, { weight, bias }]): [string, NdArray][] => [
    [`linear/${name}/weight`, weight],
    ...(bias ? [[`linear/${name}/bias`, bias] as [string, NdArray]] : []),
  ]);
  return Object.fromEntries([...maps, ...Object.entries(other).map(([name, p]): [string, NdArray] => [`other/${name}`, p])]);
}

export const writeWave = ({ system, ansatz, parameters, x, proposal }: WaveFile): Uint8Array =>
  writeSafetensors(
    { ...named(parameters), walkers: x },
    { wave: JSON.stringify({ format: "pushforward-wave-function", system, ansatz, proposal }) },
  );

/** @throws UserError  for a file that is no wave function, or whose arrays do not fit what it says of itself */
export async function readWave(file: Uint8Array, path: string): Promise<WaveFile & { readonly built: Ansatz }> {
  const wrong = (what: string): UserError =>
    new UserError(`${path}: ${what}`, "pushforward molecule writes wave-function.safetensors into the artifacts of its runs");
  let read: ReturnType<typeof readSafetensors>;
  try {
    read = readSafetensors(file);
  } catch (error) {
    throw wrong((error as Error).message);
  }
  const parsed = schema.safeParse(jsonOf(read.metadata.wave));
  if (!parsed.success) throw wrong("this is no wave function");
  const { system, ansatz, proposal } = parsed.data;
  const known = await knownOrbitals(system);
  const built = ansatzOf(ansatz.name, system, ansatz, known?.orbitals[0]);
  const take = (name: string, like: NdArray): NdArray => {
    const found = read.tensors[name];
    if (found?.dtype !== "f32" || found.shape.join() !== like.shape.join())
      throw wrong(
        `its tensor "${name}" is ${found ? `${found.dtype} [${found.shape.join(", ")}]` : "missing"}, not f32 [${like.shape.join(", ")}]`,
      );
    if ((found.data as Float32Array).some((v: number) => !Number.isFinite(v)))
      throw wrong(`its tensor "${name}" has values that are no numbers`);
    return found;
  };
  const walkers = read.tensors.walkers?.shape[0] ?? 1;
  const x = take(
    "walkers",
    ndarray(
      new Float32Array(walkers * (system.up + system.down) * system.dimension),
      [walkers, (system.up + system.down) * system.dimension],
      "f32",
    ),
  );
  return { system, ansatz, built, proposal, x, parameters: filled(built, take) };
}

function filled(ansatz: Ansatz, take: (name: string, like: NdArray) => NdArray): Parameters<NdArray> {
  const like = ansatz.init(randomStream(0));
  const linear = (name: string, { weight, bias }: Linear<NdArray>): Linear<NdArray> => {
    const w = take(`linear/${name}/weight`, weight);
    return bias ? { weight: w, bias: take(`linear/${name}/bias`, bias) } : { weight: w };
  };
  return {
    linear: Object.fromEntries(Object.entries(like.linear).map(([name, map]) => [name, linear(name, map)])),
    other: Object.fromEntries(Object.entries(like.other).map(([name, p]) => [name, take(`other/${name}`, p)])),
  };
}

function jsonOf(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}
