/** The subcommands: one line each. */
import type { Registered } from "./program.ts";

export const commands: readonly Registered[] = [
  {
    name: "graph",
    summary: "compress, decompress, inspect and verify labelled graphs",
    load: async () => (await import("./graph.ts")).graphCommand(),
  },
];
