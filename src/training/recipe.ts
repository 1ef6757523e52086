/** A recipe: an optimizer by name with its settings, and the budget of a training. */

import type { Random } from "../array/index.ts";
import { UserError } from "../errors.ts";
import {
  constantSchedule,
  cosine,
  type Hyperparameter,
  linear,
  makeOptimizer,
  type NumberParameter,
  type Optimizer,
  optimizerEntry,
  type Schedule,
  warmUp,
} from "../optim/index.ts";
import type { Problem } from "./problem.ts";

/** Plain data, as a configuration keeps it: `lr`, and the optimizer's own. */
export type OptimizerSettings = Readonly<Record<string, number | string | boolean>>;

/** Steps, and how the learning rate goes over them. */
export interface Budget {
  readonly steps: number;
  readonly schedule: "cosine" | "linear" | "constant";
  /** Share of the steps in which the rate rises. */
  readonly warmUp: number;
}

/** The learning rate over the steps of a training: it rises, then falls to zero unless it is constant. */
export function rateOf(peak: number, { steps, schedule, warmUp: share }: Budget): Schedule {
  const rising = Math.min(Math.round(share * steps), steps - 1);
  const after =
    schedule === "constant"
      ? constantSchedule(peak)
      : schedule === "cosine"
        ? cosine(peak, steps - rising)
        : linear(peak, 0, steps - rising);
  return rising > 0 ? warmUp(rising, after) : after;
}

/** Least and most steps of a training for which nobody asked for a number: few passes over a small table are few steps. */
const [fewestSteps, mostSteps] = [1000, 2000];

/** Steps, and examples a step: what is asked for, or batches of 128 (32 windows of text) and 5 passes over the data, 1000 to 2000 steps. */
export function budgetFor(
  problem: Problem,
  asked: { readonly steps?: number; readonly batchSize?: number; readonly quick?: boolean },
): { readonly batchSize: number; readonly steps: number } {
  const count = problem.count("train");
  const batchSize = Math.min(asked.batchSize ?? (problem.kind === "text" ? 32 : 128), count);
  const natural = Math.min(mostSteps, Math.max(fewestSteps, 5 * Math.floor(count / batchSize)));
  return { batchSize, steps: asked.steps ?? (asked.quick ? Math.min(100, natural) : natural) };
}

/** @throws UserError  for an unknown optimizer or setting, or a value out of range */
export function optimizerOf(name: string, { lr, ...settings }: OptimizerSettings, budget: Budget): Optimizer {
  const peak = lr ?? optimizerEntry(name).rate.default;
  if (typeof peak !== "number") throw new UserError(`lr = ${peak} is not a number`);
  return makeOptimizer(name, { lr: rateOf(peak, budget), ...settings });
}

/**
 * Settings from text such as "damping=1e-3,structure=dense".
 * @throws UserError
 */
export function parseSettings(name: string, text: string): OptimizerSettings {
  const { parameters, rate } = optimizerEntry(name);
  const known: Readonly<Record<string, Hyperparameter>> = { lr: rate, ...parameters };
  return Object.fromEntries(
    text.split(",").map((part) => {
      const [key, value, more] = part.split("=").map((s) => s.trim());
      if (key === "" || value === undefined || value === "" || more !== undefined)
        throw new UserError(`--set ${text}: "${part.trim()}" is not of the form name=value`);
      const kind = Object.hasOwn(known, key) ? known[key].kind : undefined;
      if (kind === "boolean" && (value === "true" || value === "false")) return [key, value === "true"];
      if (kind === "choice") return [key, value];
      const number = Number(value);
      return [key, Number.isNaN(number) ? value : number];
    }),
  );
}

/**
 * An optimizer with settings that stay as they are: `singd:structure=diagonal`, or `muon`; several settings are joined by `+`.
 * @throws UserError
 */
export function parseEntry(entry: string): { readonly name: string; readonly fixed: OptimizerSettings } {
  const [name, settings] = entry.split(/:(.*)/s).map((part) => part.trim());
  optimizerEntry(name);
  return { name, fixed: settings ? parseSettings(name, settings.replaceAll("+", ",")) : {} };
}

/** A range to search: the optimizer's, or around a setting that is known to be good, six times less to six times more. */
function rangeAround({ low, high, scale }: SearchRange, known: unknown): SearchRange {
  if (scale === "linear" || typeof known !== "number" || known <= 0) return { low, high, scale };
  return { low: Math.max(low, known / 6), high: Math.min(high, known * 6), scale };
}

type SearchRange = NonNullable<NumberParameter["search"]>;

/**
 * Settings spread over the search ranges, for the learning rate always and for the hyper-parameters that have one: a Latin hypercube, in
 * which each of them visits every part of its range once. The first are the defaults.
 *
 * @param entry  a name, or a name with settings that stay: see `parseEntry`
 * @param known  settings that go with problem and network (see `settingsFor`): the first that are tried; the others are drawn around them
 * @source  McKay, Beckman & Conover, Technometrics 21 (1979)
 */
export function drawSettings(entry: string, rng: Random, count: number, known: OptimizerSettings = {}): OptimizerSettings[] {
  const { name, fixed } = parseEntry(entry);
  const { rate, parameters } = optimizerEntry(name);
  const searched = [["lr", rate] as const, ...Object.entries(parameters)].flatMap(([key, p]) =>
    (p.kind === "number" || p.kind === "integer") && p.search
      ? [{ key, ...rangeAround(p.search, known[key]), integer: p.kind === "integer" }]
      : [],
  );
  const others = count - 1;
  const columns = searched.map(({ key, low, high, scale, integer }) => {
    const stream = rng.fold(key);
    const [strata, inside] = [stream.permutation(others).data, stream.uniform([others]).data];
    const at = Array.from(strata, (s, i) => (Number(s) + inside[i]) / others);
    const values = at.map((u) => (scale === "linear" ? low + (high - low) * u : low * (high / low) ** u));
    return { key, values: values.map((v) => (integer ? Math.round(v) : Number(v.toPrecision(4)))) };
  });
  return Array.from({ length: count }, (_, i) =>
    i === 0
      ? { lr: rate.default, ...known, ...fixed }
      : { ...known, ...Object.fromEntries(columns.map(({ key, values }) => [key, values[i - 1]])), ...fixed },
  );
}
