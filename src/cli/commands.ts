/** The subcommands: one line each. */
import type { Registered } from "./program.ts";

export const commands: readonly Registered[] = [
  {
    name: "graph",
    summary: "compress, decompress, inspect and verify labelled graphs",
    load: async () => (await import("./graph.ts")).graphCommand(),
  },
  {
    name: "resume",
    summary: "let a run that was stopped or killed go on",
    load: async () => (await import("./resume.ts")).resumeCommand(() => commands),
  },
  {
    name: "runs",
    summary: "list, show, compare, remove and export runs",
    load: async () => (await import("./runs.ts")).runsCommand(),
  },
  {
    name: "sweep",
    summary: "many runs of a command: grids, random settings, seeds, successive halving",
    load: async () => (await import("./sweep.ts")).sweepCommand(() => commands),
  },
  {
    name: "train",
    summary: "train a network with any optimizer, and compare optimizers honestly",
    load: async () => (await import("./train.ts")).trainCommand(),
  },
  {
    name: "trajectories",
    summary: "learn how a population moves from unpaired snapshots",
    load: async () => (await import("./trajectories.ts")).trajectoriesCommand(),
  },
  {
    name: "worker",
    summary: "do runs of sweeps that others have queued",
    load: async () => (await import("./sweep.ts")).workerCommand(),
  },
];
