/** `pushforward trajectories inspect`: the snapshots before anything is learned from them. */
import { z } from "zod";
import { loadPopulation } from "../../data/load.ts";
import { job } from "../../lab/command.ts";
import { sharedOptions } from "../../lab/options.ts";
import { inspectionText, inspectSnapshots } from "../../transport/index.ts";
import { populationOptions } from "./options.ts";

export const inspect = job({
  name: "trajectories inspect",
  summary: "look at the snapshots: sizes, shifts, how far apart they are, what could go wrong",
  arguments: [{ name: "[file]", description: "the same files as for trajectories" }],
  examples: ["pushforward trajectories inspect cells.h5ad --time day"],
  options: z.object({ ...sharedOptions, ...populationOptions }),
  async run([file], options) {
    const data = await loadPopulation(file, options);
    const inspection = inspectSnapshots(data, options.seed);
    return { results: { name: data.name, features: data.features, ...inspection }, text: inspectionText(data, inspection) };
  },
});
