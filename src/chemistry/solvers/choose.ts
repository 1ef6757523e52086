/** Solvers by name. */
import { adam, lamb } from "../../optim/index.ts";
import { type Arrays, jit, type Tensor } from "../../tensor/index.ts";
import type { Parameters } from "../ansatz/ansatz.ts";
import { kfacSolver } from "./kfac.ts";
import { minimalReconfiguration, reconfiguration, robust, spring } from "./rows.ts";
import type { Solver, SolverName } from "./solver.ts";
import { flattened, unflattened } from "./vector.ts";

type AdamMoments = globalThis.Parameters<ReturnType<typeof adam>["update"]>[1];

/** Optimizers without curvature as solvers: the direction is their update for a rate of 1. LAMB has no decay here. Baselines. */
const plain = { adam: () => adam(1), lamb: () => lamb(1, { weightDecay: 0 }) };

function plainSolver(name: keyof typeof plain): Solver {
  const optimizer = plain[name]();
  const update = jit((g: Parameters<Tensor>, state: AdamMoments, p: Parameters<Tensor>) => optimizer.update(g, state, p));
  return {
    name,
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
  return name === "spring" ? spring(fisherRaoOnly) : plainSolver(name);
}
