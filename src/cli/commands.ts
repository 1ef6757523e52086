/** What the command line offers: all methods, and what is done with runs. */
import type { Registered } from "../lab/command.ts";
import { methods } from "../methods/index.ts";

export const commands: readonly Registered[] = [
  ...methods,
  {
    name: "completion",
    summary: "completion of commands and options for bash, zsh and fish",
    load: async () => (await import("../lab/completion.ts")).completionCommand(commands.filter(({ name }) => name !== "completion")),
  },
  {
    name: "resume",
    summary: "let a run that was stopped or killed go on",
    load: async () => (await import("../lab/resume.ts")).resumeCommand(commands),
  },
  {
    name: "runs",
    summary: "list, show, compare, fork, remove and export runs",
    load: async () => (await import("./runs.ts")).runsCommand(commands),
  },
  {
    name: "studio",
    summary: "a page with live runs, new ones, comparisons, and demos computed in the browser",
    load: async () => (await import("../studio/index.ts")).studioCommand(commands),
  },
  {
    name: "sweep",
    summary: "many runs of a command: grids, random settings, seeds, successive halving",
    load: async () => (await import("./sweep.ts")).sweepCommand(commands),
  },
  {
    name: "worker",
    summary: "do runs of sweeps that others have queued",
    load: async () => (await import("./sweep.ts")).workerCommand,
  },
].sort((a, b) => (a.name < b.name ? -1 : 1));
