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
import { decode } from "../../quantum/families/network.ts";
import { gaussianLattice, lossOf, mergeRows, type Points } from "../../quantum/families/points.ts";
import { preset, presetNames } from "../../quantum/families/presets.ts";
import { type FamilySpec, familySchema } from "../../quantum/families/schema.ts";
import { type Quadratic, quadraticCost, tabulateQuadratic } from "../../quantum/landscape/quadratic.ts";
import { bitsOf, checkBits, checkSampledBits, mostBits } from "../../quantum/landscape/table.ts";
import type { Cost } from "../../quantum/search/counter.ts";
import { readCostFile } from "./costs.ts";
import { costOptions } from "./options.ts";
import { type Labelled, labelledPoints, parts } from "./points.ts";

const schema = z.object(costOptions);
export type CostOptions = z.infer<typeof schema> & { readonly data?: string; readonly seed?: number };

/** Whether every cost is computed, or those of sampled strings; by default as many bits allow. */
export type CostMode = "all" | "sampled" | undefined;

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
  /** Whether costs are asked for one by one. */
  readonly sampled: boolean;
  readonly table?: Float64Array;
  readonly quadratic?: Quadratic;
  readonly networks?: Networks;
}

/** @throws UserError  for files and options that do not go together, and for more bits than the mode allows */
export async function loadCosts(file: string | undefined, options: CostOptions, mode?: CostMode): Promise<Loaded> {
  const { table, data } = options;
  if (table === undefined) return loadNetworks(file, options, mode);
  if (file !== undefined || data !== undefined) throw new UserError("give data or --table, not both");
  if (options.family !== undefined) throw new UserError("--family goes with data: the costs of a --table are there already");
  const read = await readCostFile(table);
  const name = basename(table);
  const source = { name, title: name, source: table };
  if ("costs" in read) return { source, bits: Math.log2(read.costs.length), notes: [], sampled: mode === "sampled", table: read.costs };
  const { quadratic } = read;
  const bits = quadratic.linear.length;
  if (isSampled(bits, mode, name)) return { source, bits, notes: [], sampled: true, quadratic };
  return { source, bits, notes: [], sampled: false, table: tabulateQuadratic(quadratic, name).costs };
}

/** @throws UserError  for too many bits */
function isSampled(bits: number, mode: CostMode, what: string): boolean {
  checkSampledBits(bits, what);
  const sampled = mode === "sampled" || (mode === undefined && bits > mostBits);
  if (!sampled) checkBits(bits, what);
  return sampled;
}

/** The cost of a configuration, where costs are sampled. */
export function costOf({ table, quadratic, networks }: Loaded): Cost {
  if (table) return (k) => table[k];
  if (quadratic) return quadraticCost(quadratic);
  if (!networks) throw new Error("a problem has costs");
  const { family: searched, points } = networks;
  const merged = mergeRows(points);
  return (k) => lossOf(searched, decode(searched, bitsOf(k, searched.bits)), merged);
}

async function loadNetworks(file: string | undefined, options: CostOptions, mode: CostMode): Promise<Loaded> {
  const lattice = options.data === "gaussian";
  const spec = specOf(options.family ?? (lattice ? "gaussian" : "linear"));
  const labelled = lattice ? latticeOf(file) : await labelledOf(file, spec, options);
  const { points, test, ...rest } = labelled;
  const made = family(spec, points.inputs);
  return {
    source: labelled.source,
    bits: made.bits,
    sampled: isSampled(made.bits, mode, `the family "${made.name}" on ${points.inputs} features`),
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
