/** Solvers of the motion of pictures by name: "dopri5" by its error, or so many equal steps of a method, "heun-25". */
import { UserError } from "../../errors.ts";
import {
  adaptiveSteps,
  type Control,
  constantSteps,
  dormandPrince,
  euler,
  heun,
  midpoint,
  rungeKutta4,
  type Tableau,
} from "../../solve/index.ts";

/** A method and its steps. */
export interface ImageSolver {
  readonly solver: Tableau;
  readonly control: Control;
}

const tableaus = { euler, midpoint, heun, rk4: rungeKutta4 } as const;

/** @throws UserError  for other names */
export function imageSolver(text: string): ImageSolver {
  if (text === "dopri5") return { solver: dormandPrince, control: adaptiveSteps({ rtol: 1e-5, atol: 1e-5 }) };
  const [, name, count] = /^([a-z]+\d?)-(\d+)$/.exec(text) ?? [];
  const steps = Number(count);
  if (!Object.hasOwn(tableaus, name ?? "") || !(steps >= 1 && steps <= 10_000))
    throw new UserError(
      `no solver "${text}"`,
      `dopri5, or one of ${Object.keys(tableaus).join(", ")} with a number of steps, such as heun-25`,
    );
  return { solver: tableaus[name as keyof typeof tableaus], control: constantSteps(steps) }; // one of its keys, as was checked
}

/** Evaluations of the velocity from start to end, where they are known before. */
export const evaluationsOf = ({ solver, control }: ImageSolver): number | undefined =>
  "steps" in control ? control.steps * solver.nodes.length : undefined;
