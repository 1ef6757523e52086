import { defineConfig } from "vitest/config";

const setup = "test/one-thread.ts";
/** Programs of the tests are compiled to WebAssembly, whatever their size. */
const webassembly = "test/webassembly.ts";
/** Any room on WebAssembly: DEVICE=wasm npx vitest run --project main --project rooms test/chemistry */
const setupFiles = process.env.DEVICE === "wasm" ? [setup, webassembly] : [setup];

/** Rooms whose tests are mathematics of programs: they hold on both targets. */
const engine = ["tensor", "nn", "optim", "onnx", "solve"];
/** Rooms that are functions of their arguments: files of tests may share what they have loaded, which takes half of the time of short ones. */
const pure = [...engine, "array", "chemistry", "coding", "distances", "generative", "information", "inversion", "language"];
const rooms = [...pure, "plots", "png", "quantum", "sampling", "tokenizers", "training", "transport"].map(
  (room) => `test/${room}/**/*.test.ts`,
);
/** Files that run commands: they load most of the house, and what they change of the process (streams, threads, the device) they put back. */
const commands = ["test/cli/**/*.test.ts", "test/**/{*command,run,binarize,tables}.test.ts"];
/** Files among them, and in the rooms, that change for good what is global: one sends itself an interrupt, after which no command goes on. */
const alone = ["test/cli/trajectories.test.ts", "test/lab/run.test.ts", "test/tensor/devices.test.ts"];
/** Files that put another module in the place of one, which Vite's loader can. */
const replaced = ["test/data/graph-lines.test.ts"];

export default defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: "forks",
    maxWorkers: 2,
    // files are loaded as Node loads them, which runs TypeScript as it stands: a seventh less processor time than through Vite
    experimental: { viteModuleRunner: false, nodeLoader: false },
    projects: [
      {
        extends: true,
        test: {
          name: "main",
          include: ["test/*.test.ts", "test/{demos,lab,studio}/**/*.test.ts", ...alone],
          setupFiles,
        },
      },
      { extends: true, test: { name: "data", include: ["test/data/**/*.test.ts"], exclude: replaced, isolate: false, setupFiles } },
      {
        extends: true,
        test: { name: "replaced", include: replaced, experimental: { viteModuleRunner: true }, setupFiles },
      },
      { extends: true, test: { name: "commands", include: commands, exclude: alone, isolate: false, setupFiles } },
      { extends: true, test: { name: "rooms", include: rooms, exclude: [...commands, ...alone], isolate: false, setupFiles } },
      {
        extends: true,
        test: {
          name: "webassembly",
          include: engine.map((room) => `test/${room}/**/*.test.ts`),
          // those of test/tensor/wasm ask for it themselves
          exclude: ["test/tensor/{devices,page,tail}.test.ts", "test/tensor/wasm/**"],
          isolate: false,
          setupFiles: [setup, webassembly],
        },
      },
    ],
  },
});
