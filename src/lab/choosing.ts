/** Methods that first find out, by work that splits, what they are to learn: candidates tried on data left out. */
import { UserError } from "../errors.ts";
import type { Command } from "./command.ts";
import { doParts, partAlone, type Splitting } from "./divided.ts";
import { type Desk, type Findings, living, type MethodSpec, type Prepared, type Settling } from "./life.ts";
import { type Learning, learning } from "./method.ts";
import type { Shape } from "./options.ts";
import type { Finished, WorkPart } from "./parts.ts";

/** What is asked first. Where `parts` has none, nothing is open: then all is decided before the folder of the run is touched. */
interface Choosing<Question, P extends WorkPart, Result, Problem> extends Splitting<Question, P, Result> {
  /**
   * What is learned, by what was found; its `config` and `warnings` are added to those of the question.
   * @throws UserError  for whatever could go wrong later
   */
  readonly decide: (finished: readonly Finished<P, Result>[], question: Question, desk: Desk) => Promise<Prepared<Problem>>;
}

/**
 * Declares a method that learns what it has chosen to. `prepare` puts the question, whose label and steps are those of its parts; the parts are done in the
 * folder of the run as those of `divided` are, and kept until the run is done: one that was stopped goes on with the others. The configuration of the run
 * holds what was decided; the same command finds it by what was asked.
 */
export function choosing<S extends Shape, Data, Question, P extends WorkPart, Result, Problem, State, More, Found extends Findings>(
  spec: MethodSpec<S, Data, Problem, Found, Question> & Choosing<Question, P, Result, Problem> & Learning<Problem, State, More, Found>,
): Command {
  const settling: Settling<Question, Problem> = {
    open({ problem }, { workers, queue }) {
      const open = spec.parts(problem, []).length > 0;
      if (!open && (workers !== undefined || queue !== undefined))
        throw new UserError(
          `${workers === undefined ? "--queue" : "--workers"}: with these options no work of ${spec.name} splits`,
          "leave it out",
        );
      return open;
    },
    async settle(asked, place, desk, who) {
      const finished = place ? await doParts(spec, asked, place, desk, who) : [];
      const decided = finished && (await spec.decide(finished, asked.problem, desk));
      return decided && { ...decided, config: { ...asked.config, ...decided.config }, warnings: [...asked.warnings, ...decided.warnings] };
    },
  };
  return living(spec, { work: learning(spec), alone: partAlone(spec), settling });
}
