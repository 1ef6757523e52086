/** Exact draws of σ, where they can be afforded: by listing all texts, by the exact twist of a chain, or by rejection. */
import type { Random } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { exactTwist } from "../twists/exact.ts";
import { drawExactly, enumerate, isListable } from "./enumerate.ts";
import { runParticles } from "./particles.ts";
import { scorer, type TextTarget } from "./target.ts";

/** Texts that are draws of σ, and how they came; or why there are none. */
export type ExactDraws =
  | {
      readonly draws: readonly Int32Array[];
      readonly how: string;
      /** Exact, where all texts could be counted. */
      readonly logZ?: number;
      /** Draws of the model that were made, for rejection, and the mean of φ over them. */
      readonly tried?: number;
    }
  | { readonly draws?: undefined; readonly why: string };

/** Fewer listed texts than this are listed without asking. */
const cheap = 2 ** 16;
/** By which log φ may be above its bound. */
const rounding = 1e-6;
/** Texts of the model at a time. */
const batch = 512;

/**
 * @param wanted  draws, and how few will do where rejection is slow
 * @param budget  most texts of the model for rejection
 */
export async function exactDraws(
  target: TextTarget,
  { wanted, least = wanted }: { readonly wanted: number; readonly least?: number },
  budget: number,
  rng: Random,
  watch: (done: number) => void = () => {},
): Promise<ExactDraws> {
  const { potential, model, length } = target;
  const optimal = exactTwist(target);
  if (optimal) {
    if (optimal.logZ === Number.NEGATIVE_INFINITY) return { why: "no continuation has φ > 0: log Z is -∞" };
    const run = await runParticles(target, { particles: 1, populations: wanted, twist: optimal, resampling: "never" }, rng);
    return { draws: textsOf(run.particles.tokens.data, wanted, length), how: "exact twist of a chain", logZ: optimal.logZ };
  }
  if (isListable(target) && length * Math.log(model.tokenizer.size) <= Math.log(cheap)) {
    const all = await enumerate(target);
    if (all.logZ === Number.NEGATIVE_INFINITY) return { why: "no continuation has φ > 0: log Z is -∞" };
    return { draws: drawExactly(all, wanted, rng), how: `all ${all.texts.length} continuations`, logZ: all.logZ };
  }
  if (potential.intermediate) return { why: "the potential scores unfinished texts too: rejection would need a bound of all of it" };
  if (potential.largest === undefined)
    return { why: `${potential.name} has no known upper bound: neither rejection nor a list of all texts gives exact draws` };
  return rejected(target, potential.largest, { wanted, least }, budget, rng, watch);
}

async function rejected(
  target: TextTarget,
  largest: number,
  { wanted, least }: { readonly wanted: number; readonly least: number },
  budget: number,
  rng: Random,
  watch: (done: number) => void,
): Promise<ExactDraws> {
  const logs = scorer(target);
  const draws: Int32Array[] = [];
  let tried = 0;
  for (let i = 0; draws.length < wanted && tried < budget; i++) {
    const stream = rng.fold(i);
    const run = await runParticles(target, { particles: 1, populations: batch, resampling: "never", logs }, stream);
    const uniforms = stream.fold("accept").uniform([batch], "f64").data;
    const texts = textsOf(run.particles.tokens.data, batch, target.length);
    const highest = run.particles.logPotential.data.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    if (highest > largest + rounding)
      throw new UserError(
        `${target.potential.name}: log φ is said to be at most ${largest}, and a text has ${highest}: rejection would not give draws of the target`,
        "a larger `largest` of the module, or none",
      );
    texts.forEach((text, row) => {
      if (draws.length < wanted && Math.log(uniforms[row]) < run.particles.logPotential.data[row] - largest) draws.push(text);
    });
    tried += batch;
    watch(draws.length);
  }
  if (draws.length < least) return { why: `rejection accepted ${draws.length} of ${tried} texts of the model, and ${least} are needed` };
  return { draws, how: `rejection, ${draws.length} of ${tried} texts`, tried };
}

export const textsOf = (tokens: Int32Array, rows: number, length: number): Int32Array[] =>
  Array.from({ length: rows }, (_, row) => tokens.slice(row * length, (row + 1) * length));
