/** A training on hardware between two calls of the command: what its folder holds. */
import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { z } from "zod";
import { randomStream } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { inside, makeFolder, writeAside } from "../../lab/files.ts";
import { rangeOf } from "../../quantum/landscape/optima.ts";
import { writeQasm } from "../../quantum/qasm/write.ts";
import { type Asking, asking, byShift } from "../../quantum/training/asking.ts";
import { adam, spsa } from "../../quantum/training/first-order.ts";
import type { Minimiser } from "../../quantum/training/minimise.ts";
import { circuitOf } from "../../quantum/training/settings.ts";
import { producer } from "../train/producer.ts";
import { readText } from "./costs.ts";
import { costOptions } from "./options.ts";

export const optimisers = ["spsa", "adam"] as const;
export const ansatze = ["brick", "product", "linear", "all"] as const;
export const orders = ["last-first", "first-first"] as const;

/** What was counted of one circuit. */
const told = z.object({ mean: z.number(), error: z.number(), shots: z.number(), best: z.object({ state: z.int(), cost: z.number() }) });
export type Told = z.infer<typeof told>;

const schema = z.object({
  format: z.literal("pushforward hardware training 1"),
  file: z.string().optional(),
  costs: z.object({ ...costOptions, data: z.string().optional() }),
  /** SHA-256 of all costs as f64. */
  digest: z.string(),
  ansatz: z.enum(ansatze),
  layers: z.int().min(1),
  optimiser: z.enum(optimisers),
  qasm: z.union([z.literal(2), z.literal(3)]),
  seed: z.int(),
  order: z.enum(orders).optional(),
  /** By step, then by circuit. */
  told: z.array(z.array(told)),
});
export type Session = z.infer<typeof schema>;
export const format = "pushforward hardware training 1";

const sessionName = "session.json";

/** The session of a folder; none where there is no such folder, or an empty one. @throws UserError  for a folder of something else */
export async function readSession(folder: string): Promise<Session | undefined> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === "ENOENT") return [];
    throw new UserError(`${folder} is no folder (${error.message})`, "name the folder of the training");
  });
  if (names.length === 0) return undefined;
  // a first call that was cut short has left circuits alone, which are written again
  if (!names.includes(sessionName) && names.every((name) => name === stepName(1))) return undefined;
  if (!names.includes(sessionName)) throw new UserError(`${folder} holds something else than a training on hardware`, "name a new folder");
  const path = join(folder, sessionName);
  const read = schema.safeParse(parsed(await readText(path)));
  if (read.success) return read.data;
  throw new UserError(`${path}: ${z.prettifyError(read.error)}`, "it is written by `pushforward binarize hardware`, and not to be edited");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const digestOf = (costs: Float64Array): string =>
  createHash("sha256")
    .update(new Uint8Array(costs.buffer, costs.byteOffset, costs.byteLength))
    .digest("hex");

/** Paths hold wherever the next call is made. */
export const absolute = (path: string | undefined): string | undefined => (path === undefined ? undefined : resolve(path));

/** How a training has gone by what was told, and which circuits it wants to be run. Its values are (cost - mean) / range, as in simulations. */
export function standing(session: Session, costs: Float64Array): Asking {
  const { minimum, maximum, mean } = rangeOf(costs);
  const { parameters } = circuitOf(Math.log2(costs.length), session);
  const rng = randomStream(session.seed);
  const start = rng.fold("angles").uniform([parameters], "f64", 0, 2 * Math.PI).data;
  const steps = rng.fold("steps");
  const begin: Readonly<Record<Session["optimiser"], (f: (x: Float64Array) => number) => Minimiser>> = {
    spsa: (f) => spsa(f, start, steps),
    adam: (f) => adam(byShift(f), start),
  };
  const known = session.told.flatMap((step) => step.map((circuit) => (circuit.mean - mean) / (maximum - minimum || 1)));
  return asking(begin[session.optimiser], known);
}

export const stepName = (step: number): string => `step-${String(step).padStart(4, "0")}`;
const circuitName = (i: number): string => `circuit-${String(i).padStart(2, "0")}`;

/** Where the counts of the present step's circuits are looked for. */
export const countsPaths = (folder: string, step: number, wanted: number): string[] =>
  Array.from({ length: wanted }, (_, i) => inside(folder, join(stepName(step), `${circuitName(i)}.json`)));

/** Writes the circuits of the next step, then the session: a call that is cut short between them is made again. */
export async function writeSession(folder: string, session: Session, { path, wanted }: Asking, bits: number): Promise<void> {
  const circuit = circuitOf(bits, session);
  const step = session.told.length + 1;
  await makeFolder(inside(folder, stepName(step)));
  const text = (angles: Float64Array, what: string): string =>
    writeQasm(circuit, { angles, version: session.qasm, comments: [`${what}, ${producer()}`] });
  for (const [i, angles] of wanted.entries())
    await writeAside(
      inside(folder, join(stepName(step), `${circuitName(i)}.qasm`)),
      text(angles, `step ${step}, circuit ${i + 1} of ${wanted.length}`),
    );
  const now = path[path.length - 1];
  await writeAside(inside(folder, "circuit.qasm"), text(now, `after ${session.told.length} steps on hardware`));
  const { ansatz, layers } = session;
  await writeAside(inside(folder, "angles.json"), `${JSON.stringify({ ansatz, layers, angles: [...now] }, undefined, 1)}\n`);
  await writeAside(inside(folder, sessionName), `${JSON.stringify(session, undefined, 1)}\n`);
}
