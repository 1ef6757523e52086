import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    setupFiles: ["test/one-thread.ts"],
    include: ["test/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: "forks",
    maxWorkers: 2,
  },
});
