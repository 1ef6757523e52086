/** Solvers by name. */
import { adam } from "../../optim/index.ts";
import { type Arrays, jit, type Tensor } from "../../tensor/index.ts";
import type { Parameters } from "../ansatz/ansatz.ts";
import { kfacSolver } from "./kfac.ts";
import { minimalReconfiguration, reconfiguration, robust, spring } from "./rows.ts";
import type { Solver, SolverName } from "./solver.ts";
import { flattened, unflattened } from "./vector.ts";

type AdamMoments = globalThis.Parameters<ReturnType<typeof adam>["update"]>[1];

/** Adam as a solver: the direction is its update for a rate of 1. The baseline without curvature. */
function adamSolver(): Solver {
  const optimizer = adam(1);
  const update = jit((g: Parameters<Tensor>, state: AdamMoments, p: Parameters<Tensor>) => optimizer.update(g, state, p));
  return {
    name: "adam",
    curvature: "none",
    init: (parameters) => optimizer.init(parameters),
    async direction({ gradient, parameters }, memory) {
      const moments = memory as Arrays<AdamMoments>; // what `init` gave, or the step before
      const { updates, state } = await update(unflattened(gradient, parameters), moments, parameters);
      return { vector: flattened(updates).map((u) => -u), memory: state };
    },
  };
}

/** @param fisherRaoOnly  whether the gradient is that of the Fisher-Rao flow alone */
export function solverOf(name: SolverName, fisherRaoOnly: boolean): Solver {
  if (name === "kfac") return kfacSolver;
  if (name === "sr") return reconfiguration;
  if (name === "minsr") return minimalReconfiguration;
  if (name === "robust") return robust();
  return name === "spring" ? spring(fisherRaoOnly) : adamSolver();
}
