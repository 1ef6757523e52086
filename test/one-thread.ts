/**
 * Two files of tests run at a time, on two cores or so: with one thread each none waits for another's. What an earlier file has chosen is
 * undone. What is compiled is kept for the next process, as bin/pushforward.js does: most files of tests have one of their own, which would
 * strip types from and compile the same modules for a second.
 */
import module from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), "node-compile-cache"); // for processes that tests start
module.enableCompileCache();
const { configure } = await import("../src/tensor/jit.ts");

configure({ threads: 1, device: undefined });
// a worker is killed when it has done its files, and so would not write what it compiled
afterAll(() => module.flushCompileCache());
