import { defineConfig } from "vitest/config";

const setup = "test/one-thread.ts";
/** Programs of the tests are compiled to WebAssembly, whatever their size. */
const webassembly = "test/webassembly.ts";

/** Rooms whose tests are mathematics of programs: they hold on both targets. */
const engine = ["tensor", "nn", "optim", "onnx", "solve"].map((room) => `test/${room}/**/*.test.ts`);

export default defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: "forks",
    maxWorkers: 2,
    projects: [
      // any other room on WebAssembly: DEVICE=wasm npx vitest run --project main test/chemistry
      {
        extends: true,
        test: { name: "main", include: ["test/**/*.test.ts"], setupFiles: process.env.DEVICE === "wasm" ? [setup, webassembly] : [setup] },
      },
      {
        extends: true,
        test: {
          name: "webassembly",
          include: engine,
          exclude: ["test/tensor/{devices,page,tail}.test.ts"],
          setupFiles: [setup, webassembly],
        },
      },
    ],
  },
});
