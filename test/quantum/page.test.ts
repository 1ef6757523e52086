/** Circuits in a world without Node: bundled as for a browser, run where there is no process, Buffer, require or file system. */
import { createContext, runInContext } from "node:vm";
import { build } from "vite";
import { expect, test } from "vitest";
import { brick } from "../../src/quantum/ansatz.ts";
import { valueAndGradient } from "../../src/quantum/simulate.ts";

test("14 qubits give the same gradient, bit by bit, without any Node API", async () => {
  const lib = { entry: "src/quantum/simulate.ts", formats: ["iife" as const], name: "quantum" };
  const outputs = await build({ configFile: false, logLevel: "silent", build: { write: false, lib } });
  if (!Array.isArray(outputs)) throw new Error("one bundle was asked for");
  const [{ output }] = outputs;
  expect(output[0].imports).toEqual([]);
  const circuit = brick(14, 4);
  const angles = Array.from({ length: circuit.parameters }, (_, k) => ((k + 1) * 2.399963) % 6.28);
  const world = createContext({ atob, circuit: JSON.parse(JSON.stringify(circuit)), angles });
  runInContext(output[0].code, world);
  const inside = runInContext(
    `var costs = Float64Array.from({ length: 16384 }, function (_, k) { return (k * 37 % 101) / 101; });
     var found = quantum.valueAndGradient(circuit, angles, function (p) {
       return { value: p.reduce(function (sum, q, k) { return sum + q * costs[k]; }, 0), slopes: costs };
     });
     found.value + " " + found.gradient.join()`,
    world,
  );
  const costs = Float64Array.from({ length: 16384 }, (_, k) => ((k * 37) % 101) / 101);
  const found = valueAndGradient(circuit, angles, (p) => ({ value: p.reduce((sum, q, k) => sum + q * costs[k], 0), slopes: costs }));
  expect(inside).toBe(`${found.value} ${found.gradient.join()}`);
});
