/** Every method by name: one line each. Its code is loaded when it is asked for. */
import type { Registered } from "../lab/command.ts";

export const methods: readonly Registered[] = [
  {
    name: "audit",
    summary: "how much of its private training data does a classifier give away?",
    load: async () => (await import("./audit/index.ts")).audit,
  },
  {
    name: "binarize",
    summary: "binary networks from a quantum hypernetwork, beside the exact optimum and classical searches",
    load: async () => (await import("./binarize/index.ts")).binarize,
  },
  {
    name: "graph",
    summary: "compress, decompress, inspect and verify labelled graphs",
    load: async () => (await import("./graph/index.ts")).graph,
  },
  {
    name: "images",
    summary: "make, enlarge, colour and complete pictures by action matching",
    load: async () => (await import("./images/index.ts")).images,
  },
  {
    name: "information",
    summary: "mutual information: certified bounds from models, estimates from samples",
    load: async () => (await import("./information/index.ts")).information,
  },
  {
    name: "molecule",
    summary: "ground states of molecules by Wasserstein quantum Monte Carlo",
    load: async () => (await import("./molecule/index.ts")).molecule,
  },
  {
    name: "predict",
    summary: "apply a trained network to new tables, pictures or text",
    load: async () => (await import("./predict.ts")).predict,
  },
  {
    name: "steer",
    summary: "texts of a language model tilted by a score, with bounds that say how wrong the sampler is",
    load: async () => (await import("./steer/index.ts")).steer,
  },
  {
    name: "tour",
    summary: "every method once, on real data or exact problems, against known answers",
    load: async () => (await import("./tour/index.ts")).tour,
  },
  {
    name: "train",
    summary: "train a network with any optimizer, and compare optimizers honestly",
    load: async () => (await import("./train/index.ts")).train,
  },
  {
    name: "trajectories",
    summary: "learn how a population moves from unpaired snapshots",
    load: async () => (await import("./trajectories/index.ts")).trajectories,
  },
];
