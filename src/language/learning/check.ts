/** What an objective, its texts and a twist's form need of each other: told before the first step. */
import { UserError } from "../../errors.ts";
import type { TextTarget } from "../steering/target.ts";
import { checkShape } from "../twists/network.ts";
import { objectiveNames, objectiveOf } from "./objectives.ts";
import type { LearningOptions } from "./options.ts";

/** @param width  of an observation's features, 0 without. @throws UserError  before the first step */
export function checkLearning({ model, potential }: TextTarget, options: LearningOptions, width: number): void {
  const { objective, texts, groups = 1, observe, exact, law, replay = 0, window, kind, body = "frozen", rank = 4, form = "psi" } = options;
  const { bounded = false, positives, laws, windows, running } = objectiveOf(objective);
  if (texts < 2) throw new UserError(`${texts} text a step: the negatives of a twist need at least 2`, "--texts 100");
  if ((objective === "ctl" || objective === "nvi") && observe && texts / groups < 2)
    throw new UserError(
      `${texts} texts for ${groups} endings a step: contrastive learning needs at least 2 negatives an ending`,
      `--texts ${2 * groups}`,
    );
  if (bounded && !(potential.largest !== undefined && potential.largest <= 0))
    throw new UserError(
      `${objective} needs φ ≤ 1, and ${potential.name} is not bounded so`,
      "another --loss; or --slope, which makes φ a probability; or a module with `largest`",
    );
  if (law !== undefined && !laws.includes(law))
    throw new UserError(
      `${objective} cannot learn from texts of the law "${law}": ${laws.length > 1 ? `only from ${laws.join(", ")}` : `its texts must come from the ${laws[0]}`}`,
      `--law ${laws[0]}; or --loss ${objectiveNames.find((name) => objectiveOf(name).laws.includes(law)) ?? "rl"}`,
    );
  if (law === "exact" && !exact)
    throw new UserError("there are no exact draws to take half of the texts from", "--exact, or another --law");
  if (law === "exact" && observe)
    throw new UserError("with endings, each has one exact text: it cannot be half of the texts", "another --law");
  if (exact && !positives && !observe && law !== "exact")
    throw new UserError(`${objective} does not learn from exact draws`, "--loss ctl, nvi, sixo or dpg does; or --law exact");
  if (running && (exact || observe || options.temper))
    throw new UserError(
      `${objective} has one running mean of Z, ${exact ? "and exact draws need none" : observe ? "and every ending has a Z of its own" : "and a score that is tempered has another Z at every step"}`,
      "--loss dpg",
    );
  if (replay > 0 && laws.length === 1 && laws[0] === "proposal")
    throw new UserError(
      `${objective} needs texts of the proposal as it is now: earlier ones are of no use`,
      "--replay 0, or another --loss",
    );
  if (replay > 0 && observe) throw new UserError("texts of earlier steps had other endings", "--replay 0 with --infill");
  if (replay > 0 && positives && exact) throw new UserError("positives are exact draws, or texts of earlier steps, not both", "--replay 0");
  if (replay > 0 && replay < texts)
    throw new UserError(`--replay ${replay} is less than the ${texts} texts of a step`, `--replay ${10 * texts}`);
  if (window !== undefined && window !== 1 && !windows)
    throw new UserError(`${objective} has no window of steps`, "--loss pcl has; tb is that of the whole text");
  if (!(Number.isInteger(rank) && rank >= 1)) throw new UserError(`${rank} is not the rank of a change of weights`, "--rank 4");
  checkShape(model, { kind, body, rank, form }, { bounded, observed: width, around: options.around });
}
