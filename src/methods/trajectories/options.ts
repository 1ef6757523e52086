/** Options of `pushforward trajectories`. */
import { z } from "zod";
import { energyKinds } from "../../transport/lagrangian/energy.ts";
import { methodNames } from "../../transport/learning/methods.ts";
import { textOptions } from "../train/options.ts";

/** How a population is taken from a file. */
export const populationOptions = {
  time: z.string().optional().describe("time column (default: time, t, day, year, …)"),
  features: z
    .string()
    .optional()
    .describe('columns such as "a,b,c" or "pc1..pc5" (default: all numeric ones but the other columns named here)'),
  weight: z.string().optional().describe("column of masses"),
  priorGrowth: z
    .string()
    .optional()
    .describe("column of logarithmic growth rates a unit of time, births less deaths: decides pairs, for methods with growth"),
  label: z.string().optional().describe("column that names a particle"),
  binTimes: z.int().min(2).max(1000).optional().describe("join neighbouring times to so many snapshots of about equal size"),
  dropMissing: z.boolean().default(false).describe("leave out rows with missing values"),
  ...textOptions,
  embedding: z.string().optional().describe("h5ad: coordinates in obsm, such as X_pca (default: X_pca, or components of X)"),
  layer: z.string().optional().describe("h5ad: components of this layer instead of X: its name, or raw"),
  components: z.int().min(2).max(500).optional().describe("replace the features by this many principal components"),
  group: z.string().optional().describe("column of cell types or clusters, for fates and --between"),
};

export const trajectoriesOptions = z.object({
  ...populationOptions,
  method: z.enum(methodNames).default("am").describe("how to learn; --help lists them"),
  auto: z.boolean().default(false).describe("choose method, noise and growth by leaving snapshots out"),
  noise: z
    .union([z.number(), z.string()])
    .default(0.1)
    .describe('σ in standardised units, for methods with noise: a number, or a formula in t such as "0.1+0.05*t"'),
  growth: z
    .number()
    .positive()
    .max(100)
    .optional()
    .describe("λ, for methods with growth: mass is carried at most π/√λ (default: from the data)"),
  mass: z
    .enum(["equal", "counts", "weight"])
    .default("equal")
    .describe("total mass of a snapshot: all one, its particles, or the sum of --weight"),
  massCurve: z
    .enum(["log", "linear", "geodesic"])
    .optional()
    .describe("action matching: how the total mass goes between snapshots (default: log; am-wfr: geodesic)"),
  cost: z.string().optional().describe('of a velocity: quadratic, "power 3", or weights of features such as "pc1=4,pc2=1"'),
  drift: z.string().optional().describe('velocity that costs nothing, a formula a feature: "x=-y; y=x+0.1*t"'),
  velocity: z.string().optional().describe("measured velocities as such a drift: columns such as v1..v5, or h5ad: a name in obsm"),
  velocityScale: z.string().optional().describe("factor of the measured velocities: a number, or fit (default: 1)"),
  potential: z
    .string()
    .optional()
    .describe('formula in features and t, acceleration (of the snapshots\' means), or "data 0.5" (stay near the data)'),
  interaction: z
    .string()
    .optional()
    .describe('energy of a pair of particles, a formula in their distance r in standard deviations: "exp(-r^2/2)" repels'),
  energy: z
    .enum(energyKinds)
    .optional()
    .describe(
      "mechanics, am-mechanics, langevin: what is learned, a potential of each particle (in time: driven), of pairs, both, or nothing (given) beside " +
        "--potential and --interaction (default: one-body)",
    ),
  friction: z
    .string()
    .optional()
    .describe("mechanics, am-mechanics, langevin: rate at which velocities die away, over your unit of time, or fit (default: 0)"),
  until: z.number().optional().describe("follow the motion to this time beyond the last snapshot"),
  start: z.string().optional().describe("table of another population, in the same features: moved from the first time by what was learned"),
  timeWeight: z.string().optional().describe("action matching: weight of the loss in time, a formula in t"),
  scale: z
    .enum(["each", "common"])
    .optional()
    .describe("standardise every feature, or divide all by one number (default: each; common for components and embeddings)"),
  holdOut: z.string().optional().describe("times to leave out and predict, such as 2 or 1970,1990"),
  objective: z.enum(["flow", "action"]).optional().describe("loss: with the velocities of the paths, or from samples alone"),
  coupling: z
    .enum(["ot", "sinkhorn", "unbalanced", "independent", "smooth", "multimarginal"])
    .optional()
    .describe(
      "pairs of neighbouring snapshots; of all together, so that chains turn least: smooth, or multimarginal, by an entropic law (default: ot; " +
        "methods with growth: unbalanced)",
    ),
  path: z
    .enum(["linear", "spline", "hermite"])
    .optional()
    .describe(
      "what paths through all snapshots lie on: lines, natural cubic splines, or cubics with the velocities of --velocity (default: linear; am-mechanics: spline)",
    ),
  times: z.enum(["even", "adaptive"]).default("even").describe("times of a batch: even, or where the loss varies"),
  action: z
    .enum(["global", "per-interval"])
    .optional()
    .describe("one action for all times, or one for each interval that may jump at snapshots (default: per-interval for wlf-*)"),
  steps: z.int().min(1).max(10_000_000).default(3000).describe("optimizer steps"),
  batch: z.int().min(2).max(1_000_000).default(256).describe("rows a step"),
  learningRate: z
    .number()
    .positive()
    .optional()
    .describe("peak learning rate (default: 0.001; mechanics, langevin: 0.01; am-mechanics: 0.003)"),
  inner: z.int().min(0).max(50).default(2).describe("Lagrangian flows: steps of particles up the residual"),
  rateRatio: z.number().positive().max(1).default(0.1).describe("Lagrangian flows: learning rate of the path over that of the action"),
  layers: z.int().min(1).max(20).optional().describe("hidden layers (default: 3; second-order mechanics: 2)"),
  width: z.int().min(1).max(4096).optional().describe("width of the hidden layers (default: 128; second-order mechanics: 64)"),
  head: z.enum(["scalar", "inner", "distance"]).optional().describe("action of a network h: h, <x, h> or ½ |x - h|² (default: scalar)"),
  between: z.string().optional().describe('descendants and ancestors of groups between two times, such as "0,4"; several: "0,2; 2,4"'),
  clusters: z.int().min(2).max(50).optional().describe("groups made for --between where no --group is given (default: 6)"),
  density: z
    .enum(["gaussian", "kernel"])
    .optional()
    .describe("log density of every cell, from a Gaussian or kernels of the first snapshot"),
  show: z.string().optional().describe("features to draw in time, such as SOX2,PAX6 (default: the eight that move most); files hold all"),
  animation: z.boolean().default(false).describe("write animation.png, an animated PNG"),
});
