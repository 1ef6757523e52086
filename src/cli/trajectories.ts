/** `pushforward trajectories`: how a population moves, splits, grows and dies, from unpaired snapshots. */
import { Command } from "commander";
import { z } from "zod";
import { loadPopulation } from "../data/load.ts";
import { methodNames } from "../transport/learning/methods.ts";
import { printResults, sharedOptions, tableOptions } from "./common.ts";
import { addOptions, parseOptions } from "./options.ts";
import { inspectSnapshots } from "./trajectories/inspect.ts";
import { runTrajectories } from "./trajectories/run.ts";

const dataOptions = {
  ...tableOptions,
  embedding: z.string().optional().describe("h5ad: coordinates in obsm, such as X_pca (default: X_pca, or components of X)"),
  components: z.int().min(2).max(500).optional().describe("replace the features by this many principal components"),
  group: z.string().optional().describe("column of cell types or clusters, for fates"),
};

export const trajectoriesSchema = z.object({
  ...sharedOptions,
  ...dataOptions,
  method: z.enum(methodNames as [string, ...string[]]).default("am").describe("how to learn; --help lists them"),
  auto: z.boolean().default(false).describe("choose method, noise and growth by leaving snapshots out"),
  noise: z.number().min(0).max(10).default(0.1).describe("σ in standardised units, for methods with noise"),
  growth: z.number().positive().max(100).default(0.1).describe("λ, for methods with growth: mass is carried at most π/√λ"),
  mass: z.enum(["equal", "counts", "weight"]).default("equal").describe("total mass of a snapshot: all one, its particles, or the sum of --weight"),
  massCurve: z.enum(["log", "linear", "geodesic"]).optional().describe("action matching: how the total mass goes between snapshots (default: log; am-wfr: geodesic)"),
  cost: z.string().optional().describe('of a velocity: quadratic, "power 3", or weights of features such as "pc1=4,pc2=1"'),
  drift: z.string().optional().describe('velocity that costs nothing, a formula a feature: "x=-y; y=x+0.1*t"'),
  velocity: z.string().optional().describe("measured velocities as such a drift: columns such as v1..v5, or h5ad: a name in obsm"),
  velocityScale: z.string().optional().describe("factor of the measured velocities: a number, or fit (default: 1)"),
  potential: z.string().optional().describe('formula in features and t, acceleration (of the snapshots\' means), or "data 0.5" (stay near the data)'),
  interaction: z.string().optional().describe('energy of a pair of particles, a formula in their distance r in standard deviations: "exp(-r^2/2)" repels'),
  timeWeight: z.string().optional().describe("action matching: weight of the loss in time, a formula in t"),
  scale: z.enum(["each", "common"]).optional().describe("standardise every feature, or divide all by one number (default: each; common for components and embeddings)"),
  holdOut: z.string().optional().describe("times to leave out and predict, such as 2 or 1970,1990"),
  objective: z.enum(["flow", "action"]).optional().describe("loss: with the velocities of the paths, or from samples alone"),
  coupling: z.enum(["ot", "sinkhorn", "unbalanced", "independent"]).optional().describe("pairs of neighbouring snapshots (default: ot; Lagrangian flows with growth: unbalanced)"),
  times: z.enum(["even", "adaptive"]).default("even").describe("times of a batch: even, or where the loss varies"),
  action: z.enum(["global", "per-interval"]).optional().describe("one action for all times, or one for each interval that may jump at snapshots (default: per-interval for wlf-*)"),
  steps: z.int().min(1).max(10_000_000).default(3000).describe("optimizer steps"),
  batch: z.int().min(2).max(1_000_000).default(256).describe("rows a step"),
  learningRate: z.number().positive().default(1e-3).describe("peak learning rate"),
  inner: z.int().min(0).max(50).default(2).describe("Lagrangian flows: steps of particles up the residual"),
  rateRatio: z.number().positive().max(1).default(0.1).describe("Lagrangian flows: learning rate of the path over that of the action"),
  layers: z.int().min(1).max(20).default(3).describe("hidden layers"),
  width: z.int().min(1).max(4096).default(128).describe("width of the hidden layers"),
  head: z.enum(["scalar", "inner", "distance"]).optional().describe("action of a network h: h, <x, h> or ½ |x - h|² (default: scalar)"),
  density: z.enum(["gaussian", "kernel"]).optional().describe("log density of every cell, from a Gaussian or kernels of the first snapshot"),
  show: z.string().optional().describe("features to draw in time, such as SOX2,PAX6 (default: the eight that move most); files hold all"),
  animation: z.boolean().default(false).describe("write animation.png, an animated PNG"),
}); // biome-ignore format: a table

export type TrajectoriesOptions = z.infer<typeof trajectoriesSchema>;

const inspectSchema = z.object({ ...sharedOptions, ...dataOptions });

export function trajectoriesCommand(): Command {
  const command = new Command("trajectories")
    .description("learn how a population moves, grows and dies from unpaired snapshots, and predict held-out times")
    .argument("[file]", "CSV, TSV, Parquet, JSON, NPZ or h5ad with a time column; or give --data")
    .addHelpText("after", help);
  command.addCommand(inspectCommand());
  return addOptions(command, trajectoriesSchema).action(async (file: string | undefined, given: Record<string, unknown>) => {
    const options = parseOptions(trajectoriesSchema, given);
    const data = await loadPopulation(file, options);
    const { results, text } = await runTrajectories(data, options);
    printResults(results, text, options.json);
  });
}

function inspectCommand(): Command {
  const command = new Command("inspect")
    .description("look at the snapshots: sizes, shifts, how far apart they are, what could go wrong")
    .argument("[file]", "the same files as for trajectories")
    .addHelpText("after", "\nExample:\n  pushforward trajectories inspect cells.h5ad --time day");
  return addOptions(command, inspectSchema).action(async (file: string | undefined, _given: unknown, self: Command) => {
    const options = parseOptions(inspectSchema, self.optsWithGlobals());
    const { results, text } = await inspectSnapshots(await loadPopulation(file, options), options);
    printResults(results, text, options.json);
  });
}

const help = `
Methods:
  am, eam, uam, euam      action matching: plain, with noise, with growth, with both
  am-sb, am-wfr, am-mix   on Schrödinger bridges, on unbalanced transport, on mixtures
  wlf-ot, wlf-sb          least action: optimal transport, Schrödinger bridge
  wlf-uot, wlf-usb        least action with growth, and with growth and noise (a heuristic)
  wlf-potential, wlf-uot-potential   least action under --potential and --interaction
  i-cfm, ot-cfm, sb-cfm, sf2m, simulate   flow matching and simulation, to compare with

Examples:
  pushforward trajectories --data gapminder --hold-out 1970,1990
  pushforward trajectories cells.csv --time day --features pc1..pc5 --hold-out 2 --out runs/cells
  pushforward trajectories cells.h5ad --time day --method wlf-uot --mass counts --group cell_type
  pushforward trajectories cells.h5ad --time day --embedding X_pca --velocity velocity_pca --velocity-scale fit
  pushforward trajectories drifters.csv --drift "x=-y; y=x" --cost "power 3"
  pushforward trajectories swarm.csv --method wlf-potential --interaction "exp(-r^2/2)"`;
