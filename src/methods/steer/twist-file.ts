/** Twists from files of `steer train`. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { NdArray } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import {
  dtypeOf,
  type LearnedTwist,
  objectiveOf,
  readTwist,
  type TextTarget,
  type Twist,
  type TwistDescription,
  type TwistFile,
  twistNetwork,
  twistParameters,
} from "../../language/index.ts";

/** A twist from a file, which may need to be told what must follow. */
export interface FileTwist {
  readonly twist: (observations?: NdArray) => Twist;
  readonly proposalOnly?: boolean;
  /** Is it told what must follow? */
  readonly observes: boolean;
  readonly notes: readonly string[];
  /** Its parts, to learn around. */
  readonly learned: LearnedTwist;
  readonly description: TwistDescription;
}

/** @throws UserError  for a file that is no twist, or one of another model */
export async function fileTwist(path: string, target: TextTarget): Promise<FileTwist> {
  if (!existsSync(path))
    throw new UserError(`--twist ${path}: there is no such file`, "a file of steer train, exact, prefix, lookahead:8 or none");
  const { model, length, potential, prompt } = target;
  const file = readTwist(await readFile(path), path);
  const { description } = file;
  if (description.tokenizerHash !== model.tokenizer.hash || description.modelHash !== model.hash)
    throw new UserError(`${path}: this twist was learned on ${description.model}, which is not ${model.name}`, "train one on this model");
  const { proposalOnly } = objectiveOf(description.objective);
  const dtype = await dtypeOf(target);
  const around = description.around && learnedOf(file, target, description.around, { dtype, prefix: "around." });
  const learned = learnedOf(file, target, description, { dtype, prefix: "", around });
  const said = (what: string, was: unknown, is: unknown): string[] =>
    was === is ? [] : [`the twist was learned for ${what} ${was}, here it is ${is}`];
  return {
    twist: (observations) => learned.network.twist(learned.params, { proposalOnly, frozen: true, name: basename(path) }, observations),
    ...{ proposalOnly, observes: description.observed > 0, learned, description },
    notes: [
      ...said("the potential", description.potential, potential.name),
      ...said("a length of", description.length, length),
      ...said("the prompt", JSON.stringify(description.prompt), JSON.stringify(model.tokenizer.decode(prompt))),
    ],
  };
}

function learnedOf(
  file: TwistFile,
  { model, prompt }: TextTarget,
  { objective, kind, body, rank, form, observed }: Omit<TwistDescription, "around">,
  { dtype, prefix, around }: { readonly dtype: "f32" | "f64"; readonly prefix: string; readonly around?: LearnedTwist },
): LearnedTwist {
  const { bounded = false } = objectiveOf(objective);
  const network = twistNetwork(model, prompt, { kind, body, rank, form }, { dtype, bounded, observed, around });
  return { network, observed, params: twistParameters(file, network, prefix) };
}

/**
 * The proposal that a ratio is learned around.
 * @throws UserError  for one that is a ratio itself
 */
export async function aroundTwist(path: string, target: TextTarget): Promise<FileTwist> {
  const found = await fileTwist(path, target);
  if (found.description.around)
    throw new UserError(
      `${path}: this twist is itself learned around another`,
      "--around the twist that it was learned around, or a new one",
    );
  return found;
}
