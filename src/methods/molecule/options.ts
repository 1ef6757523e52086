/** Options of the commands that learn wave functions. */
import { z } from "zod";
import { ansatzNames } from "../../chemistry/ansatz/choose.ts";
import { costNames } from "../../chemistry/flows/costs.ts";
import { flowNames } from "../../chemistry/learning/settings.ts";
import { solverNames } from "../../chemistry/solvers/solver.ts";
import { moveNames } from "../../chemistry/walkers/walk.ts";
import { systemOptions } from "./load.ts";

/** Options of the long evaluation. */
export const evaluationOptions = {
  evalSteps: z.int().min(20).default(1000).describe("steps of the long evaluation with frozen parameters"),
  moves: z
    .enum(moveNames)
    .default("all")
    .describe("how walkers move: all electrons at once, one at a time, along the drift, or as far as nuclei are"),
  movesPerStep: z.int().min(1).max(1000).default(10).describe("moves of the chain between two steps"),
};

export const moleculeOptions = {
  ...systemOptions,
  method: z
    .enum(flowNames)
    .default("wfr")
    .describe("flow of the density: Wasserstein-Fisher-Rao, Wasserstein, Fisher-Rao (ordinary variational Monte Carlo)"),
  steps: z
    .int()
    .min(1)
    .optional()
    .describe("steps of the flow (default: 800 for up to two electrons, 2000 for more; three times as many where bonds are broken)"),
  cost: z.enum(costNames).optional().describe("cost of moving mass, whose conjugate turns ∇E into a velocity (default: tanh)"),
  kappa: z.number().positive().optional().describe("speed limit of --cost (default: 1)"),
  transportWeight: z.number().min(0).optional().describe("weight of the Wasserstein part of wfr (default: 0.1)"),
  transportWeightEnd: z.number().min(0).optional().describe("weight that it has at the end (default: the same)"),
  reweightingWeight: z.number().min(0).optional().describe("weight of the Fisher-Rao part of wfr (default: 1)"),
  ansatz: z.enum(ansatzNames).default("ferminet").describe("form of the wave function"),
  width: z.int().min(1).max(1024).optional().describe("width of an electron's state (default: 32; 16 for up to two electrons)"),
  layers: z.int().min(1).max(16).default(2).describe("layers in which electrons meet"),
  pairWidth: z.int().min(1).max(256).optional().describe("width of a pair's state, of ferminet (default: 8)"),
  heads: z.int().min(1).optional().describe("heads of attention, of psiformer and lapnet (default: 4)"),
  determinants: z.int().min(1).max(64).default(4).describe("determinants that are added"),
  factored: z.boolean().default(false).describe("a determinant of its own for each spin"),
  cusp: z.boolean().default(false).describe("a factor with the exact cusp at nuclei, for networks"),
  solver: z.enum(solverNames).optional().describe("natural gradient: layer by layer, dense, by walkers; or Adam, LAMB (default: kfac)"),
  rate: z.number().positive().optional().describe("step size at first (default: 0.05; 0.02 for w, 0.003 for adam, 0.01 for lamb)"),
  delay: z.number().positive().optional().describe("steps after which the step size is half (default: a quarter of the steps)"),
  damping: z.number().positive().default(1e-3).describe("what is added to the Fisher matrix"),
  normConstraint: z.number().positive().default(1e-3).describe("largest square of a step in the Fisher metric"),
  clip: z.number().positive().default(5).describe("deviations beyond which energies are clipped and scores masked, for gradients only"),
  walkers: z.int().min(16).max(1_000_000).default(512).describe("walkers"),
  pretrain: z.int().min(0).optional().describe("steps on Hartree-Fock orbitals first (default: 300)"),
  carry: z.number().min(0).optional().describe("time for which walkers are carried by the flow before the chain goes on (default: 0)"),
  lookAhead: z
    .number()
    .min(0)
    .optional()
    .describe("time for which walkers are carried where the transport's gradient is taken (default: 0, where they are)"),
  ...evaluationOptions,
};
