/** Every demo by name: one line each. Its code is loaded when it is asked for. */
import type { Demo } from "./demo.ts";

export const demos: Readonly<Record<string, () => Promise<Demo>>> = {
  transport: async () => (await import("./transport/index.ts")).transport,
  annealing: async () => (await import("./annealing/index.ts")).annealing,
  molecules: async () => (await import("./molecules/index.ts")).molecules,
  optimizers: async () => (await import("./optimizers/index.ts")).optimizers,
};
