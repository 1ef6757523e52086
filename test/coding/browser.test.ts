/** The library in a world without Node: bundled as for a browser, run where there is no process, Buffer, require or file system. */
import { createContext, runInContext } from "node:vm";
import { build } from "vite";
import { expect, test } from "vitest";
import { encodeGraph } from "../../src/coding/index.ts";
import { karate } from "./known.ts";

test("pushforward/coding runs without any Node API and writes the same bytes", async () => {
  const lib = { entry: "src/coding/index.ts", formats: ["iife" as const], name: "coding" };
  const outputs = await build({ configFile: false, logLevel: "silent", build: { write: false, lib } });
  if (!Array.isArray(outputs)) throw new Error("one bundle was asked for");
  const [{ output }] = outputs;
  expect(output[0].imports).toEqual([]);
  // what browsers have beside the language itself; WebAssembly comes with the context
  const world = createContext({ atob, TextEncoder, TextDecoder, navigator: undefined, edges: [...karate.pairs] });
  runInContext(output[0].code, world);
  const inside = (code: string) => runInContext(code, world);
  inside(`
    var graph = { vertices: 34, directed: false, pairs: Uint32Array.from(edges) };
    var names = Array.from({ length: 34 }, function (_, v) { return "member " + v; });
    var files = ["urn", "block-urn", "gaps"].map(function (model) { return coding.encodeGraph(graph, { model: model }); });
  `);
  for (const [i, model] of (["urn", "block-urn", "gaps"] as const).entries()) {
    expect(inside(`files[${i}].join()`)).toBe(encodeGraph(karate, { model }).join());
    expect(inside(`coding.decodeGraph(files[${i}]).pairs.join()`)).toBe(karate.pairs.join());
  }
  expect(inside(`coding.decodeGraph(coding.encodeGraph(Object.assign({ names: names }, graph))).names.join()`)).toContain("member 33");
  expect(inside(`coding.idealBits(graph, "urn", { bias: 1 })`)).toBeCloseTo(323.3858, 4);
});
