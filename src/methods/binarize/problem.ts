/** What `binarize` works on: costs that are given, or a family of networks with the points that judge them. */
import { basename } from "node:path";
import { z } from "zod";
import { randomStream } from "../../array/index.ts";
import { readSupervised } from "../../data/supervised.ts";
import { UserError } from "../../errors.ts";
import { readYaml } from "../../lab/config-file.ts";
import type { Source } from "../../lab/life.ts";
import { validate } from "../../lab/options.ts";
import { type Family, family } from "../../quantum/families/family.ts";
import { gaussianLattice, type Points } from "../../quantum/families/points.ts";
import { preset, presetNames } from "../../quantum/families/presets.ts";
import { type FamilySpec, familySchema } from "../../quantum/families/schema.ts";
import { checkBits } from "../../quantum/landscape/table.ts";
import { readCosts } from "./costs.ts";
import { costOptions } from "./options.ts";
import { type Labelled, labelledPoints, parts } from "./points.ts";

const schema = z.object(costOptions);
export type CostOptions = z.infer<typeof schema> & { readonly data?: string; readonly seed?: number };

/** Networks with their data. */
export interface Networks {
  readonly family: Family;
  readonly points: Points;
  readonly test?: Points;
  readonly labelled: Omit<Labelled, "points" | "test">;
}

export interface Loaded {
  readonly source: Source;
  readonly bits: number;
  readonly notes: readonly string[];
  readonly table?: Float64Array;
  readonly networks?: Networks;
}

/** @throws UserError  for files and options that do not go together */
export async function loadCosts(file: string | undefined, options: CostOptions): Promise<Loaded> {
  const { table, data } = options;
  if (table === undefined) return loadNetworks(file, options);
  if (file !== undefined || data !== undefined) throw new UserError("give data or --table, not both");
  if (options.family !== undefined) throw new UserError("--family goes with data: the costs of a --table are there already");
  const costs = await readCosts(table);
  const name = basename(table);
  return { source: { name, title: name, source: table }, bits: Math.log2(costs.length), notes: [], table: costs };
}

async function loadNetworks(file: string | undefined, options: CostOptions): Promise<Loaded> {
  const lattice = options.data === "gaussian";
  const spec = specOf(options.family ?? (lattice ? "gaussian" : "linear"));
  const labelled = lattice ? latticeOf(file) : await labelledOf(file, spec, options);
  const { points, test, ...rest } = labelled;
  const made = family(spec, points.inputs);
  checkBits(made.bits, `the family "${made.name}" on ${points.inputs} features`);
  return {
    source: labelled.source,
    bits: made.bits,
    notes: [...labelled.notes, ...made.warnings],
    networks: { family: made, points, test, labelled: rest },
  };
}

/** The family of a preset's name or of a file. */
function specOf(asked: string): FamilySpec {
  const known = preset(asked);
  if (known) return known;
  if (!/\.(ya?ml|json)$/i.test(asked))
    throw new UserError(`--family: there is no family "${asked}"`, `there are ${presetNames.join(", ")}; or name a .yaml or .json file`);
  try {
    return { name: basename(asked), ...validate(familySchema, readYaml(asked)) };
  } catch (error) {
    throw error instanceof UserError && !error.message.startsWith(asked) ? new UserError(`${asked}: ${error.message}`, error.hint) : error;
  }
}

function latticeOf(file: string | undefined): Labelled {
  if (file !== undefined) throw new UserError(`give either a file or --data, not both (${file}, --data gaussian)`);
  const title = "four Gaussians on a lattice";
  const source = { name: "gaussian", title, source: "made: quantiles of the four Gaussians of arXiv 2301.08292" };
  return { source, points: gaussianLattice(), features: ["x1", "x2"], classes: ["0", "1"], pictures: false, metadata: {}, notes: [] };
}

async function labelledOf(file: string | undefined, spec: FamilySpec, options: CostOptions): Promise<Labelled> {
  const { data, target, features, dropMissing, impute, decimal, missing } = options;
  if (file === undefined && data === undefined)
    throw new UserError("no data: name a file, or costs with --table", "--data takes gaussian, mnist, fashion-mnist");
  const read = await readSupervised({ file, data, target, features, dropMissing, impute, decimal, missing, task: "classes" });
  if (!("examples" in read))
    throw new UserError(`${file ?? data}: texts are nothing for binary networks`, "give a table or pictures of two classes");
  const side = options.side ?? (spec.inputs === undefined ? 4 : Math.round(Math.sqrt(spec.inputs)));
  const labelled = labelledPoints(read.examples, { ...options, side });
  return parts(labelled, options.test, randomStream(options.seed ?? 0).fold("test"));
}
