/** Every demo by name: one line each. Its code is loaded when it is asked for. */
import type { Demo } from "./demo.ts";

export const demos: Readonly<Record<string, () => Promise<Demo>>> = {
  transport: async () => (await import("./transport/index.ts")).transport,
  annealing: async () => (await import("./annealing/index.ts")).annealing,
  steering: async () => (await import("./steering.ts")).steering,
  molecules: async () => (await import("./molecules/index.ts")).molecules,
  hypernetwork: async () => (await import("./hypernetwork.ts")).hypernetwork,
  optimizers: async () => (await import("./optimizers/index.ts")).optimizers,
  graph: async () => (await import("./graph.ts")).graph,
  inversion: async () => (await import("./inversion.ts")).inversion,
};
