/** What all of `steer` begins with: a model, a prompt, a potential, a twist; checked before any work. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { z } from "zod";
import type { Random } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import type { Source } from "../../lab/index.ts";
import {
  checkTarget,
  type ExactDraws,
  exactTwist,
  floored,
  guides,
  isChain,
  isHit,
  type LanguageModel,
  lookaheadTwist,
  prefixTwist,
  readTexts,
  scorer,
  type TextTarget,
  type Twist,
  tempered,
} from "../../language/index.ts";
import { loadLanguageModel, readPotential } from "../../language/node.ts";
import { type ResamplingRule, resamplingSchemes } from "../../sampling/index.ts";
import type { targetOptions } from "./options.ts";
import { fileTwist } from "./twist-file.ts";

export type TargetOptions = z.infer<z.ZodObject<typeof targetOptions>>;

export interface LoadedTarget {
  readonly target: TextTarget;
  readonly source: Source;
  readonly promptText: string;
  readonly notes: readonly string[];
}

export const modelInput = { name: "[model]", description: "the language model, as --model" };

/** @throws UserError  for whatever does not fit together */
export async function loadTarget(
  input: string | undefined,
  options: TargetOptions & { readonly quick: boolean; readonly data?: string },
): Promise<LoadedTarget> {
  if (options.data !== undefined) throw new UserError("--data is of no use here", "--model says what is sampled from");
  const { model, notes } = await modelOf(input, options);
  const length = options.quick ? Math.min(options.length, 10) : options.length;
  const prompt = promptOf(model, options.prompt);
  const text = model.tokenizer.decode(prompt);
  const raw = await readPotential(options.potential, {
    ...{ tokenizer: model.tokenizer, prompt: text, slope: options.slope, threshold: options.threshold, class: options.class },
  });
  const potential = tempered(options.floor === undefined ? raw : floored(raw, options.floor), options.beta);
  checkTarget({ model, prompt, length });
  return {
    target: { model, prompt, length, potential },
    source: { name: basename(options.model ?? input ?? "built-in"), title: model.name, source: options.model ?? input ?? model.name },
    promptText: text,
    notes: [
      ...notes,
      ...(text !== options.prompt ? [`the prompt is read as ${JSON.stringify(text)}`] : []),
      ...(length < options.length ? [`--quick: ${length} tokens instead of ${options.length}`] : []),
    ],
  };
}

async function modelOf(input: string | undefined, options: TargetOptions) {
  if (input !== undefined && options.model !== undefined) throw new UserError("the model is given twice", "as an argument, or as --model");
  return loadLanguageModel(options.model ?? input, options);
}

function promptOf(model: LanguageModel, text: string): number[] {
  const { tokenizer } = model;
  const tokens = [...(tokenizer.start === undefined ? [] : [tokenizer.start]), ...tokenizer.encode(text)];
  if (tokens.length === 0 && !isChain(model)) throw new UserError(`${model.name} needs a --prompt: it has no token that begins a text`);
  return tokens;
}

/**
 * When to resample. By a twist that was learned as a proposal it is never done unasked: ψ is right up to a factor of every prefix.
 * @throws UserError
 */
export function resamplingOf(text: string | undefined, twist?: Pick<Twist, "proposalOnly">): ResamplingRule {
  if (text === undefined) return twist?.proposalOnly ? "never" : { below: 0.5 };
  if (text === "never" || text === "always") return text;
  const [, every] = /^every:([1-9]\d*)$/.exec(text) ?? [];
  if (every !== undefined) return { every: Number(every) };
  const below = Number(text);
  if (!(below > 0 && below <= 1))
    throw new UserError(`--resample ${text}: never, always, every:M steps, or a share of the particles above 0 and up to 1`);
  return { below };
}

/** What is told of how particles move: where a rule was not asked for, and where one has no effect. */
export const samplerNotes = (
  { resample, power }: { readonly resample?: string; readonly power?: number },
  twist: Pick<Twist, "proposalOnly" | "next" | "start"> | undefined,
  guided = guides(twist),
): string[] => [
  ...(resample === undefined && twist?.proposalOnly
    ? ["the twist was learned as a proposal: particles are not resampled (--resample 0.5 does)"]
    : []),
  ...(power && !guided ? [`--power ${power} has no effect: there is no twist that knows every next token`] : []),
];

export const schemeOf = (name: keyof typeof resamplingSchemes) => resamplingSchemes[name];

/** No particle got there: nothing that could be printed would be a text of the target. */
export const outOfReach = ({ potential }: TextTarget, particles: number): UserError =>
  new UserError(
    `no particle of ${particles} reached what ${potential.name} wants: every text has φ = 0${potential.floor === undefined ? "" : ", or its floor"}`,
    "more --particles, a twist (--twist lookahead:8, or one of steer train on a softer score), or another potential",
  );

/** The twist that was asked for, and what to tell of it. @throws UserError  if it does not fit */
export async function loadTwist(
  name: string | undefined,
  target: TextTarget,
  rng: Random,
  otherwise: "none" | "prefix" = "none",
): Promise<{ twist?: Twist; notes: readonly string[] }> {
  if (name === undefined) {
    const optimal = exactTwist(target);
    if (optimal) return { twist: optimal, notes: ["the exact twist of the chain is used (--twist none is without)"] };
    return loadTwist(otherwise, target, rng);
  }
  if (name === "none") return { notes: [] };
  if (name === "prefix") return { twist: prefixTwist(target), notes: [] };
  const [, count] = /^lookahead:(\d+)$/.exec(name) ?? [];
  if (count !== undefined && Number(count) >= 1) return { twist: lookaheadTwist(target, Number(count), rng.fold("lookahead")), notes: [] };
  if (name === "exact") {
    const optimal = exactTwist(target);
    if (!optimal)
      throw new UserError(
        "--twist exact needs a chain and a potential that a finite automaton computes",
        "chain.json or a text as the model, contains: or avoids: as the potential",
      );
    return { twist: optimal, notes: [] };
  }
  const { twist, observes, notes } = await fileTwist(name, target);
  if (observes) throw new UserError(`${name}: this twist is for infilling`, "pushforward steer infill takes it");
  return { twist: twist(), notes };
}

/** Texts of a file of JSON lines. @throws UserError */
export async function textsAt(path: string, target: TextTarget) {
  if (!existsSync(path)) throw new UserError(`${path}: there is no such file`, "check the path");
  return readTexts(await readFile(path, "utf8"), path, target);
}

/**
 * Exact draws of a file.
 * @throws UserError  for too few, or texts that are no draws of the target
 */
export async function givenDraws(target: TextTarget, path: string | undefined, least: number): Promise<ExactDraws | undefined> {
  if (path === undefined) return undefined;
  const { continuations: draws } = await textsAt(path, target);
  if (draws.length < least)
    throw new UserError(`${path}: ${draws.length} exact draws, and ${least} are needed`, "fewer --runs, or more draws");
  const logs = await scorer(target)(draws);
  const forbidden = logs.indexOf(Number.NEGATIVE_INFINITY);
  if (forbidden >= 0)
    throw new UserError(
      `${path}: text ${forbidden + 1} has φ = 0: it is no draw of this target`,
      "the prompt, --length, --potential or --beta differ",
    );
  if (!logs.some((log) => isHit(target.potential, log)))
    throw new UserError(
      `${path}: none of the ${draws.length} texts is above the floor of ${target.potential.name}: they are no draws of this target`,
      "the prompt, --length, --potential or --beta differ",
    );
  return { draws, how: basename(path) };
}
