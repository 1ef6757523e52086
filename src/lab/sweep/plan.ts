/** Which runs a sweep is made of. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { type Random, randomStream } from "../../array/random.ts";
import { UserError } from "../../errors.ts";

const value = z.union([z.string(), z.number(), z.boolean()]);
export type Value = z.infer<typeof value>;

const range = z.strictObject({
  min: z.number(),
  max: z.number(),
  scale: z.enum(["linear", "log"]).default("linear").describe("log: every factor alike"),
  integer: z.boolean().default(false),
});

export const sweepSchema = z.strictObject({
  command: z.string().min(1).describe('the command to run, such as "trajectories"'),
  arguments: z.array(z.string()).default([]).describe("its files"),
  options: z
    .record(z.string(), z.union([value, z.array(value)]))
    .default({})
    .describe("options that all runs share"),
  grid: z.record(z.string(), z.array(value).min(1)).default({}).describe("options and their values; every combination is run"),
  random: z
    .strictObject({
      samples: z.int().min(1).max(100_000),
      seed: z.int().min(0).default(0),
      space: z.record(z.string(), z.union([z.array(value).min(1), range])),
    })
    .optional()
    .describe("options drawn at random, from lists or ranges"),
  seeds: z
    .union([z.int().min(1).max(10_000), z.array(z.int().min(0)).min(1)])
    .default(1)
    .describe("how many seeds, or which"),
  metric: z.string().min(1).describe("the number to compare by, of results.json or of the last metrics"),
  goal: z.enum(["minimise", "maximise"]).default("minimise"),
  halving: z
    .strictObject({
      factor: z.number().min(1.5).max(100).default(3).describe("of so many, one goes on"),
      min: z.int().min(1).describe("steps of the first round"),
      max: z.int().min(1).describe("steps of the last one"),
    })
    .optional()
    .describe("successive halving: all begin, the best go on from where they are"),
});

export type Sweep = z.infer<typeof sweepSchema>;

/** One run of a sweep. */
export interface Job {
  /** Name of its folder. */
  readonly name: string;
  /** Runs of one setting differ in the seed alone. */
  readonly setting: number;
  readonly options: Readonly<Record<string, unknown>>;
}

/** Largest number of runs of one sweep. */
export const mostJobs = 100_000;

/** A setting, by what is varied in it, and the number in the names of its runs. */
export interface Named {
  readonly number: string;
  readonly varied: Readonly<Record<string, unknown>>;
}

/**
 * The runs of a sweep, in an order that depends on the sweep alone.
 * @param named  settings of the sweep before it was extended: their runs keep their names
 */
export function expand(sweep: Sweep, named: readonly Named[] = []): Job[] {
  const seeds = typeof sweep.seeds === "number" ? Array.from({ length: sweep.seeds }, (_, i) => i) : [...new Set(sweep.seeds)];
  return namedSettings(sweep, named).flatMap(({ number, varied }, setting) =>
    seeds.map((seed) => ({ name: `${number}-seed${seed}`, setting, options: { ...sweep.options, ...varied, seed } })),
  );
}

/** The settings of a sweep with their numbers: those that they have, or the next ones. */
export function namedSettings(sweep: Sweep, named: readonly Named[] = []): Named[] {
  const samples = sweep.random ? draw(sweep.random) : [{}];
  const settings = combinations(sweep.grid).flatMap((point) => samples.map((sample) => ({ ...point, ...sample })));
  const numbers = new Map(named.map(({ number, varied }) => [settingKey(varied), number]));
  const digits = String(settings.length - 1).length;
  let next = named.reduce((most, { number }) => Math.max(most, Number(number) + 1), 0);
  return settings.map((varied) => ({ varied, number: numbers.get(settingKey(varied)) ?? String(next++).padStart(digits, "0") }));
}

/** Settings are the same whatever the order in which their options are written. */
export const settingKey = (varied: Readonly<Record<string, unknown>>): string =>
  JSON.stringify(Object.entries(varied).sort(([a], [b]) => (a < b ? -1 : 1)));

/** What the folder of a sweep says of it. */
export interface Plan {
  readonly id: string;
  readonly created: number;
  readonly sweep: Sweep;
  /** Of a sweep that was extended: its settings by their numbers. */
  readonly named?: readonly Named[];
}

/** The plan in the folder of a sweep. @throws UserError  if it is damaged */
export function parsePlan(path: string): Plan {
  try {
    return planSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    throw new UserError(`${path} is damaged`, "choose another folder with --out");
  }
}

const planSchema = z.object({
  id: z.string().regex(/^[\w-]+$/),
  created: z.number(),
  sweep: sweepSchema,
  named: z.array(z.object({ number: z.string().regex(/^\d+$/), varied: z.record(z.string(), z.unknown()) })).optional(),
});

/** How many runs that are, without making them: a grid can be astronomically large. */
export function jobCount({ grid, random, seeds }: Sweep): number {
  const points = Object.values(grid).reduce((n, values) => n * values.length, 1);
  return points * (random?.samples ?? 1) * (typeof seeds === "number" ? seeds : seeds.length);
}

function combinations(grid: Sweep["grid"]): Record<string, Value>[] {
  return Object.entries(grid).reduce<Record<string, Value>[]>(
    (points, [key, values]) => points.flatMap((point) => values.map((v) => ({ ...point, [key]: v }))),
    [{}],
  );
}

function draw({ samples, seed, space }: NonNullable<Sweep["random"]>): Record<string, Value>[] {
  const rng = randomStream(seed).fold("sweep");
  return Array.from({ length: samples }, (_, i) =>
    Object.fromEntries(Object.entries(space).map(([key, from]) => [key, drawOne(from, rng.fold(key).fold(i))])),
  );
}

/** Three digits decide nothing less than all of them, and can be read. */
const round = (x: number) => Number(x.toPrecision(4));

function drawOne(from: Value[] | z.infer<typeof range>, rng: Random): Value {
  const u = rng.uniform([1], "f64").data[0];
  if (Array.isArray(from)) return from[Math.floor(u * from.length)];
  const { min, max, scale, integer } = from;
  if (integer && scale === "linear") return Math.min(max, Math.floor(min + u * (max - min + 1)));
  const x = scale === "log" ? Math.exp(Math.log(min) + u * (Math.log(max) - Math.log(min))) : min + u * (max - min);
  return integer ? Math.round(x) : round(x);
}
